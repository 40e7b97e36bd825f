"""Broken input: every public function and file of evaluation gives an InputError or a right result, nothing else."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagfit.errors import InputError
from tagfit.evaluation.calibration import calibrate, reliability
from tagfit.evaluation.choose import choose_thresholds
from tagfit.evaluation.compare import compare, gap
from tagfit.evaluation.evaluate import evaluate
from tagfit.evaluation.score_files import read_scores
from tagfit.evaluation.thresholds import Thresholds
from tagfit.files import to_json
from tagfit.scores import Scores

N, L = 24, 3
Generator = np.random.Generator


def arrays(rng: Generator) -> dict[str, Any]:
    truth = (rng.random((N, L)) < 0.4).astype(np.uint8)
    return {
        "truth": truth,
        "scores": np.clip(0.3 * truth + rng.random((N, L)) * 0.7, 0, 1),
        "known": rng.random((N, L)) < 0.9,
        "labels": ["sea", "sun", "people"],
        "ids": [f"row {row}" for row in range(N)],
        "groups": [f"group {row // 3}" for row in range(N)],
        "weights": rng.random(N),
    }


def odd(rng: Generator) -> Any:
    """Something that a caller may pass by mistake, of any type and shape."""
    values: list[Callable[[], Any]] = [
        lambda: None,
        lambda: str(rng.choice(["", "abc", "best-f1", "\udc80", "a\x00", "🏖" * 40])),
        lambda: str(rng.choice(["precision=1", f"top={'9' * 20}", "best-f0", f"cost={'9' * 400}:1", "macro_f999"])),
        lambda: rng.choice([0, -1, 5, 10**6, 2.5, np.nan, np.inf, -np.inf, 1e300]),
        lambda: 10**40,
        lambda: True,
        lambda: b"abc",
        lambda: {"sea": 0.4},
        lambda: {"sea": "abc", 5: None},
        dict,
        lambda: set(),
        lambda: object(),
        lambda: complex(1, 2),
        list,
        lambda: [[]],
        lambda: [[1, 0, 1], [1]],
        lambda: ["sea", "sea", "sun"],
        lambda: ["sea", "\udc80", ""],
        lambda: [None, "a", 3.5],
        lambda: np.array(["a", None, 3], dtype=object),
        lambda: np.array(0.5),
        lambda: rng.random((N, L, 2)),
        lambda: rng.random((N, L + 1)),
        lambda: rng.random((N - 1, L)),
        lambda: rng.random((L, N)),
        lambda: np.full((N, L), rng.choice([np.nan, np.inf, -1.0, 2.0])),
        lambda: np.zeros((0, L)),
        lambda: np.zeros((N, 0)),
        lambda: np.zeros(N),
        lambda: np.full(N, -1.0),
        lambda: rng.random(N),
        lambda: rng.random(L),
        lambda: rng.random((N, L)).astype(np.float16),
        lambda: np.ones((N, L), dtype=np.int64),
        lambda: np.array([["1", "0", "1"]] * N),
        lambda: np.ones((N, L), dtype=complex),
        lambda: np.array([b"a", b"\xff", b"c"]),
        lambda: np.datetime64("2026-01-01"),
        lambda: range(L),
    ]
    return values[int(rng.integers(len(values)))]()


def only_input_errors(call: Callable[[], Any], what: object) -> Any:
    """What ``call`` returns, None where it refuses its input; any other exception, and any warning, fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return call()
        except InputError:
            return None
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}\nfor {what!r}"[:2000]) from error


CALLS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "evaluate": (evaluate, ("thresholds", "prevalence", "metrics", "intervals")),
    "choose_thresholds": (choose_thresholds, ("strategy", "by_label", "resamples", "seed")),
    "compare": (
        lambda scores, **given: compare({"one": scores, "other": scores}, **given),
        ("thresholds", "metrics", "repeats", "seed"),
    ),
    "gap": (lambda scores, **given: gap(scores, scores, **given), ("thresholds", "metrics", "repeats", "seed")),
    "calibrate": (calibrate, ("folds", "repeats", "seed")),
    "reliability": (reliability, ()),
}
LIMITED = {"intervals", "resamples", "repeats", "folds"}  # numbers that cost time


def broken_arrays(seed: int) -> None:
    """Scores of odd arrays; where they are accepted, every function judges them."""
    rng = np.random.default_rng(seed)
    given = {name: value for name, value in arrays(rng).items() if name in ("truth", "scores") or rng.random() < 0.5}
    for name in rng.choice(list(given), rng.integers(1, 3)):
        given[name] = odd(rng)
    scores = only_input_errors(lambda: Scores.of(**given), given)
    if scores is None:
        return
    assert len(set(scores.labels)) == len(scores.labels)
    for name, (function, _) in CALLS.items():
        quick = {"evaluate": {"intervals": 100}, "choose_thresholds": {"resamples": 3}, "reliability": {}}
        found = only_input_errors(lambda: function(scores, **quick.get(name, {"repeats": 100})), (name, given))  # noqa: B023
        if hasattr(found, "to_dict"):
            json.loads(to_json(found.to_dict()))


def broken_arguments(seed: int) -> None:
    """Each function with odd arguments beside good scores."""
    rng = np.random.default_rng(seed)
    scores = Scores.of(**arrays(rng))
    for name, (function, arguments) in CALLS.items():
        if arguments:
            given = {argument: odd(rng) for argument in rng.choice(arguments, rng.integers(1, 3))}
            given = {key: value for key, value in given.items() if not (key in LIMITED and _is_large(value))}
            only_input_errors(lambda: function(scores, **given), (name, given))  # noqa: B023
    value, labels = odd(rng), odd(rng)
    only_input_errors(lambda: Thresholds.fixed(value, ["sea", "sun", "people"]), value)
    only_input_errors(lambda: Thresholds.from_dict({"thresholds": {"sea": value}, "at_least": labels}), value)
    only_input_errors(lambda: Thresholds.from_dict(value), value)


def _is_large(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and value > 1000


def mutated(content: bytes, rng: Generator) -> bytes:
    """``content`` with bytes flipped, cut off, doubled, or replaced by signs that mean something."""
    text = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(0, max(len(text), 1)))
        kind = rng.integers(5)
        if kind == 0 and text:
            text[at] = int(rng.integers(256))
        elif kind == 1:
            del text[at : at + int(rng.integers(1, 40))]
        elif kind == 2:
            text[at:at] = text[max(0, at - 20) : at]
        elif kind == 3:
            signs = b', ; \n " nan -1 1e999 \x00 \xff weight [ null \t'.split(b" ")
            text[at:at] = signs[int(rng.integers(len(signs)))]
        else:
            del text[at:]
    return bytes(text)


def score_csv(rng: Generator) -> bytes:
    columns = ["image", *(f"{name}{end}" for name in ("sea", "weight") for end in ("_true", "_score"))]
    rows = [
        f"{row}.jpg,{rng.integers(2)},{rng.random():.2f},{rng.choice(['1', '0', '', '?', '-1'])},{rng.random():.2f}"
        for row in range(6)
    ]
    return "\n".join([",".join(columns), *rows, ""]).encode()


def score_npz(rng: Generator) -> bytes:
    file = io.BytesIO()
    given = arrays(rng)
    np.savez(file, **{name: given[name] for name in ("truth", "scores", "labels", "weights")})
    return file.getvalue()


def thresholds_json(rng: Generator) -> bytes:
    document = Thresholds.fixed(rng.random(L), ["sea", "sun", "people"]).to_dict()
    return json.dumps({**document, "details": [{"label": "sea"}]}).encode()


def broken_files(folder: Path, seed: int) -> None:
    """Files of all three formats, mutated."""
    rng = np.random.default_rng(seed)
    for name, made, read in (
        ("scores.csv", score_csv, read_scores),
        ("scores.npz", score_npz, read_scores),
        ("thresholds.json", thresholds_json, Thresholds.load),
    ):
        content = mutated(made(rng), rng)
        path = folder / name
        path.write_bytes(content)
        only_input_errors(lambda: read(path), content)  # noqa: B023


def run(seeds: range, folder: Path) -> None:
    for seed in seeds:
        broken_arrays(seed)
        broken_arguments(seed)
        for step in range(5):
            broken_files(folder, 5 * seed + step)


def test_broken_input_is_refused_or_judged(tmp_path: Path) -> None:
    run(range(40), tmp_path)


@pytest.mark.long
def test_much_broken_input_is_refused_or_judged(tmp_path: Path) -> None:
    run(range(1000, 4000), tmp_path)


def test_paths_may_be_texts_and_names_anything(tmp_path: Path) -> None:
    labels = ["sea", "s\u202eun", "a\nb"]
    scores = Scores.of(np.eye(3), np.eye(3), labels=labels, ids=["a", "b\udcff", "c"])
    scores.save(str(tmp_path / "scores.npz"))
    back = read_scores(str(tmp_path / "scores.npz"))
    assert back.labels == tuple(labels)
    assert back.ids.tolist() == scores.ids.tolist()
    chosen = choose_thresholds(back, resamples=0)
    chosen.save(str(tmp_path / "thresholds.json"))
    assert Thresholds.load(str(tmp_path / "thresholds.json")).to_dict() == chosen.to_dict()
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder cannot be read"):
        Thresholds.load(tmp_path / "folder")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"labels": "abc"}, r"labels .*'abc'"),
        ({"labels": ["a", "a", "c"]}, "given twice"),
        ({"labels": ["a", "b", "a"]}, "labels are given twice: 'a'"),
        ({"labels": ["a", "b"]}, "2 label names for 3 columns"),
        ({"ids": ["a", "a", "b"]}, "ids name the same row twice: 'a'"),
        ({"groups": ["a", "b"]}, r"groups have shape \(2,\), the truth has 3 rows"),
        ({"truth": np.zeros((3, 0)), "scores": np.zeros((3, 0))}, "no label"),
        ({"scores": [[0.1, 0.2], [0.3]]}, "scores is ragged, with rows of unequal lengths"),
    ],
)
def test_what_scores_are_refused_for(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Scores.of(**{"truth": np.eye(3), "scores": np.eye(3), **given})


def test_no_rows_are_refused_and_rows_without_a_group_stand_alone() -> None:
    with pytest.raises(InputError, match="no rows to evaluate"):
        evaluate(Scores.of(np.zeros((0, 3)), np.zeros((0, 3))))
    assert Scores.of(np.eye(3), np.eye(3), groups=[None, float("nan"), "a"]).groups.tolist() == ["", "", "a"]


def test_thresholds_by_label() -> None:
    scores = Scores.of(np.eye(3), np.eye(3) * 0.9, labels=["a", "b", "c"])
    assert evaluate(scores, thresholds={"c": 0.3, "a": 0.1, "b": 0.2}).thresholds.values.tolist() == [0.1, 0.2, 0.3]
    with pytest.raises(InputError, match=r"no threshold for 'b', 'c'"):
        evaluate(scores, thresholds={"a": 0.1})
    with pytest.raises(InputError, match=r"no label 'z' \(labels are 'a', 'b', 'c'\)"):
        evaluate(scores, thresholds={"z": 0.1})
    with pytest.raises(InputError, match="given twice"):
        Thresholds(np.array([0.1, 0.2]), ("a", "a"))
