"""Wrong arguments: every public call takes anything for any argument, and answers with a result or an InputError."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tagfit
from small_sets import features, write_scores
from tagfit.errors import InputError

Call = tuple[Callable[..., Any], dict[str, Any]]

TRUTH = features(60)[1]
SCORES = 0.4 * TRUTH + 0.6 * np.random.default_rng(2).random(TRUTH.shape)
SMALL = {"widths": (4,), "dropout": (0.0,), "epochs": 1}
SAMPLE = 7  # every so many of the wrong values in a normal run

WRONG: dict[str, Any] = {
    "None": None, "True": True, "0": 0, "1": 1, "-1": -1, "1.5": 1.5, "NaN": math.nan, "inf": math.inf, "huge": 10**30,
    "complex": 1j, "empty": "", "nope": "nope", "surrogate": "\ud800", "NUL": "a\0b", "long": "x" * 5000, "bytes": b"x",
    "tuple": (), "list": [], "of None": [None], "of surrogates": ["\ud800"] * 60, "of texts": ["a", "a", "a"],
    "of numbers": [1, 2], "nested": [[[1]]], "ragged": [[1], [1, 2]], "dict": {}, "dict of objects": {"a": object()},
    "dict of numbers": {1: 2}, "set": {1}, "object": object(), "function": lambda *_: None,
    "here": Path(), "absent": Path("absent"), "surrogate path": Path("\ud800"), "NUL path": Path("a\0b"),
    "no rows": np.zeros((0, 3)), "no labels": np.zeros((60, 0)), "scalar": np.array(3),
    "NaNs": np.full((60, 3), np.nan),
    "twos": np.full((60, 3), 2), "objects": np.array([object()] * 60), "names": np.array(["a"] * 60),
    "flat": np.zeros(60), "deep": np.zeros((2, 2, 2, 2, 2)), "dates": np.array(["2020-01-01"] * 60, "M8[D]"),
}  # fmt: skip


def calls(folder: Path, run: Path, rows: Path, pictures: Path) -> dict[str, Call]:
    """A right call of every public function and class, with every argument that it has or the most of them."""
    opened = tagfit.open_run(run)
    held = opened.scores("validation")
    pictures_run = tagfit.open_run(pictures)
    data = tagfit.from_arrays(*features(60), labels=["a", "b", "c"])
    problem = tagfit.split(data, validation=0.2, test=0.2)
    classifier = tagfit.TagClassifier(overrides=SMALL).fit(*features(60))
    thresholds = tagfit.Thresholds.fixed(0.5, ["a", "b", "c"])
    scores_file = write_scores(folder / "scores.npz")
    thresholds.save(folder / "thresholds.json")
    given = {"problem": problem, "recipe": tagfit.Recipe(**SMALL), "seed": 0, "threads": 1, "device": "cpu"}  # type: ignore[arg-type]
    judged = {"thresholds": 0.5, "metrics": ["mAP"], "repeats": 60, "seed": 0}
    trivial = "train.label_accuracy>=0.01"  # refused once all arguments are right: no cure is run here
    return {
        "Goal": (tagfit.Goal, {"maximise": "validation.mAP", "gap_at_most": 0.1}),
        "Recipe": (tagfit.Recipe, {**tagfit.Recipe(**SMALL).model_dump()}),  # type: ignore[arg-type]
        "Recipe.changed": (tagfit.Recipe().changed, {"dropout": (0.5,), "epochs": 2}),
        "Recipe.save": (tagfit.Recipe().save, {"path": folder / "recipe.toml"}),
        "Recipe.load": (tagfit.Recipe.load, {"path": folder / "recipe.toml"}),
        "Run": (tagfit.Run, {"folder": run}),
        "Run.evaluate": (opened.evaluate, {"split": "train", "thresholds": 0.5, "metrics": ["mAP"], "intervals": None}),
        "Run.evaluate 2": (opened.evaluate, {"splits": ["train"], "source": None, "problem": None}),
        "Run.scores": (opened.scores, {"split": "train"}),
        "Run.tag": (pictures_run.tag, {"pictures": [], "thresholds": 0.5}),
        "Scores.of": (
            tagfit.Scores.of,
            {"truth": TRUTH, "scores": SCORES, "known": TRUTH >= 0, "labels": ["a", "b", "c"], "ids": range(60),
             "groups": ["g"] * 60, "weights": np.ones(60), "split": ""},
        ),
        "Scores.load": (tagfit.Scores.load, {"path": scores_file, "split": ""}),
        "Scores.save": (held.save, {"path": folder / "s.npz"}),
        "TagClassifier": (
            lambda **settings: tagfit.TagClassifier(**settings).fit(*features(20)),
            {"recipe": "plain-dense", "overrides": SMALL, "validation_share": 0.1, "threshold": 0.5, "random_state": 0,
             "device": None, "threads": 1, "net": None},
        ),
        "TagClassifier.fit": (
            tagfit.TagClassifier(overrides=SMALL).fit,
            {"X": features(60)[0], "y": TRUTH, "validation": features(20)},
        ),
        "TagClassifier.predict": (classifier.predict, {"X": features(60)[0]}),
        "TagClassifier.predict_proba": (classifier.predict_proba, {"X": features(60)[0]}),
        "TagClassifier.score": (classifier.score, {"X": features(60)[0], "y": TRUTH, "sample_weight": np.ones(60)}),
        "TagClassifier.set_params": (tagfit.TagClassifier().set_params, {"recipe__epochs": 3, "threads": 1}),
        "TaggedSet.take": (data.take, {"rows": [0]}),
        "TaggedSet.tags": (data.tags, {"row": 0}),
        "Tagger.load": (tagfit.Tagger.load, {"folder": folder, "net": None}),
        "Tagger.save": (tagfit.Tagger.of_run(opened).save, {"folder": folder / "tagger", "thresholds": 0.5}),
        "Tagger.of_run": (tagfit.Tagger.of_run, {"run": run, "thresholds": 0.5, "net": None}),
        "Tagger.at": (tagfit.Tagger.of_run(opened).at, {"thresholds": 0.5}),
        "Tagger.tag": (tagfit.Tagger.of_run(pictures_run).tag, {"pictures": [], "on_tagged": None}),
        "Thresholds.fixed": (tagfit.Thresholds.fixed, {"values": 0.5, "labels": ["a"]}),
        "Thresholds.load": (tagfit.Thresholds.load, {"path": folder / "thresholds.json"}),
        "Thresholds.save": (thresholds.save, {"path": folder / "t.json"}),
        "Thresholds.in_order": (thresholds.in_order, {"labels": ["c", "a"]}),
        "calibrate": (tagfit.calibrate, {"scores": held, "folds": 2, "method": "platt", "repeats": 60, "seed": 0}),
        "card": (tagfit.card, {"result": opened}),
        "check": (tagfit.check, {"source": rows, "decode": True, "cache_dir": None, "on_decoded": None,
                                 "min_positives": 0, "labels": None, "exclude_labels": (), "separator": None}),
        "choose_thresholds": (
            tagfit.choose_thresholds,
            {"run": run, "strategy": "best-f1", "split": "train", "by_label": {}, "resamples": 2, "seed": 0},
        ),
        "compare": (tagfit.compare, {"split": "validation", "names": None, **judged}),
        "compare 2": (lambda **more: tagfit.compare(held, scores_file, **more), {"names": ["a", "b"], **judged}),
        "cure": (
            tagfit.cure,
            {"start": run, "goal": trivial, "maximise": None, "gap_at_most": None, "trials": 1, "budget": 1.0,
             "augment": False, "seeds": 1, "search_on": None, "parallel": 1, "seed": 0, "problem": None,
             "out": folder / "cure"},
        ),
        "diagnose": (
            tagfit.diagnose,
            {"run": run, "problem": None, "train": (TRUTH, SCORES), "validation": None, "history": None,
             "cross_fit": None, "labels": ["a", "b", "c"], "goal": trivial, "metrics": ["mAP"], "mute": []},
        ),
        "evaluate": (
            tagfit.evaluate,
            {"run": TRUTH, "scores": SCORES, "known": TRUTH >= 0, "labels": ["a", "b", "c"], "ids": range(60),
             "groups": ["g"] * 60, "weights": np.ones(60), "prevalence": [0.5] * 3, "intervals": None,
             "thresholds": 0.5, "metrics": ["mAP"], "split": "x"},
        ),
        "evaluate 2": (
            tagfit.evaluate,
            {"run": run, "splits": ["train"], "source": None, "problem": None, "cache_dir": None, "on_decoded": None,
             "net": None, "intervals": None},
        ),
        "fit": (tagfit.fit, {**given, "overrides": {"epochs": 1}, "out": None, "on_epoch": None, "name": "x"}),
        "from_arrays": (
            tagfit.from_arrays,
            {"X": features(60)[0], "Y": TRUTH, "labels": ["a", "b", "c"], "known": TRUTH >= 0, "split": None,
             "groups": ["g"] * 60, "weights": np.ones(60), "ids": [str(i) for i in range(60)]},
        ),
        "gap": (tagfit.gap, {"run": run, "validation": None, **judged}),
        "join_cure": (tagfit.join_cure, {"folder": folder / "none", "problem": None, "told": None}),
        "open_run": (tagfit.open_run, {"folder": run}),
        "pack": (
            tagfit.pack,
            {"run": run, "folder": folder / "packed", "thresholds": 0.5, "format": "safetensors", "calibrate": False,
             "int8": False, "int8_loss": 0.01, "int8_metric": "mAP", "drift": False, "problem": None, "net": None,
             "on_decoded": None},
        ),
        "read": (
            tagfit.read,
            {"source": rows, "format": None, "separator": None, "unlisted": "absent", "labels": None,
             "exclude_labels": (), "min_positives": 0, "strict": False, "allow_outside": False, "learnable": True},
        ),
        "read_scores": (tagfit.read_scores, {"path": scores_file, "split": ""}),
        "resume": (tagfit.resume, {"folder": run, "problem": None, "on_decoded": None, "on_epoch": None, "net": None}),
        "resume_cure": (tagfit.resume_cure, {"folder": folder / "none", "problem": None, "told": None}),
        "split": (
            tagfit.split,
            {"data": data, "validation": 0.2, "test": 0.2, "method": "stratified", "seed": 0, "size": None,
             "keep_together": None, "strict": False, "cache_dir": None, "progress": None, "source": None},
        ),
        "split 2": (
            tagfit.split,
            {"data": data, "validation_fold": None, "test_fold": None, "validation_share": 0.2, "test_share": 0.2},
        ),
        "similar": (
            tagfit.similar,
            {"run": run, "picture": "x.jpg", "among": None, "count": 1, "problem": None, "net": None,
             "on_decoded": None},
        ),
        "drift": (
            tagfit.drift,
            {"model": run, "pictures": "x", "rate": 0.01, "problem": None, "net": None, "on_decoded": None},
        ),
        "explain": (
            tagfit.explain,
            {"model": pictures, "picture": "x.jpg", "labels": None, "thresholds": 0.5},
        ),
        "suggest": (
            tagfit.suggest, {"run": run, "pictures": [], "count": 1, "net": None, "on_decoded": None},
        ),
        "tag": (tagfit.tag, {"model": pictures, "pictures": [], "thresholds": 0.5, "net": None, "on_tagged": None}),
        "tag_to_file": (
            tagfit.tag_to_file,
            {"model": pictures, "pictures": [], "out": folder / "t.csv", "thresholds": 0.5, "net": None,
             "workers": None, "on_tagged": None},
        ),
        "verify": (tagfit.verify, {"certificate": folder / "none", "problem": None, "on_decoded": None}),
        "write_certificate_page": (tagfit.write_certificate_page, {"certificate": None, "path": None, "problem": None}),
    }  # fmt: skip


@pytest.fixture(scope="module")
def right(
    tmp_path_factory: pytest.TempPathFactory, row_run: Path, rows: Path, photo_run: Path
) -> Iterator[dict[str, Call]]:
    folder = tmp_path_factory.mktemp("wrong")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        yield calls(folder, row_run, rows, photo_run)


def test_every_public_name_is_called_here(right: dict[str, Call]) -> None:
    made_by_others = {"InputError", "Certificate", "Comparison", "Evaluation", "Findings", "Problem", "__version__"}
    called = {name.partition(".")[0].partition(" ")[0] for name in right}
    assert set(tagfit.__all__) - made_by_others == called


def complaints(name: str, call: Call, values: dict[str, Any]) -> list[str]:
    """What a call raised beside InputErrors, with each wrong value for each of its arguments."""
    function, given = call
    found = []
    for argument in given:
        for kind, value in values.items():
            try:
                function(**{**given, argument: value})
            except InputError as error:
                str(error).encode()
            except BaseException as error:  # noqa: BLE001 - whatever comes is what is looked for
                found.append(f"{name}({argument}={kind}): {type(error).__name__}: {error}")
    return found


def names() -> list[str]:
    return [line.split('"')[1] for line in Path(__file__).read_text().splitlines() if line.startswith('        "')]


@pytest.mark.parametrize("name", names())
def test_wrong_values_are_input_errors_sample(right: dict[str, Call], name: str) -> None:
    start = sum(map(ord, name)) % SAMPLE
    assert complaints(name, right[name], dict(list(WRONG.items())[start::SAMPLE])) == []


@pytest.mark.long
@pytest.mark.parametrize("name", names())
def test_wrong_values_are_input_errors(right: dict[str, Call], name: str) -> None:
    assert complaints(name, right[name], WRONG) == []
