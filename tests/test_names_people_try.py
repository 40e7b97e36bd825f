"""Names that people try: each call works, or is answered with its right form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tagfit
from small_sets import features

X, Y = features(60)
P = 0.4 * Y + 0.6 * np.random.default_rng(2).random(Y.shape)
WORKS = ""
t: Any = tagfit


def problem() -> Any:
    return tagfit.split(tagfit.from_arrays(X, Y), validation=0.2, test=0.2)


CALLS: dict[str, tuple[Callable[[Path], object], str]] = {
    "evaluate(y_true, y_score)": (lambda _: t.evaluate(Y, P), WORKS),
    "evaluate(y_true=, y_score=)": (lambda _: t.evaluate(y_true=Y, y_score=P), "the truth comes first"),
    "evaluate(weights=)": (lambda _: t.evaluate(Y, P, weights=np.ones(60)), WORKS),
    "evaluate(sample_weight=)": (lambda _: t.evaluate(Y, P, sample_weight=np.ones(60)), "weights="),
    "evaluate(thresholds={})": (lambda run: t.evaluate(run, thresholds={"a": 0.4, "b": 0.5, "c": 0.6}), WORKS),
    "run.evaluate(split=)": (lambda run: t.open_run(run).evaluate(split="validation"), WORKS),
    "fit(problem, epochs=3)": (lambda _: t.fit(problem(), epochs=3), "overrides={'epochs': ...}"),
    "fit(problem, lr=)": (lambda _: t.fit(problem(), lr=0.1), "overrides={'learning_rate'"),
    "fit('photos/')": (lambda _: t.fit("photos/"), "tagfit.split(tagfit.read('photos/'))"),
    "fit(X, Y)": (lambda _: t.fit(X, Y), "tagfit.split(tagfit.from_arrays(X, Y))"),
    "fit(device='gpu')": (lambda _: t.fit(problem(), device="gpu"), "cpu"),
    "TagClassifier(epochs=5)": (lambda _: t.TagClassifier(epochs=5), "overrides={'epochs': ...}"),
    "TagClassifier.fit(sample_weight=)": (
        lambda _: t.TagClassifier().fit(X, Y, sample_weight=np.ones(60)),
        "all rows weigh the same in training",
    ),
    "split(test_size=.2)": (lambda _: t.split(t.from_arrays(X, Y), test_size=0.2), "test=0.2"),
    "choose_thresholds(y, p)": (lambda _: t.choose_thresholds(Y, P), WORKS),
    "calibrate(y, p)": (lambda _: t.calibrate(Y, P), "Scores.of(truth, probabilities)"),
    "compare(y, a, b)": (lambda _: t.compare(Y, P, P), "compare(Scores.of(truth, a), Scores.of(truth, b))"),
    "Tagger.load": (lambda _: t.Tagger.load("absent"), "absent is not a tagger"),
    "Recipe.load": (lambda _: t.Recipe.load("plain-dense"), WORKS),
    "Recipe(dropout=0.5)": (lambda _: t.Recipe(dropout=0.5), "[0.4, 0.3]"),
    "Goal('val.mAP > 0.5')": (lambda _: t.Goal("val.mAP > 0.5"), "validation."),
    "Goal([...])": (lambda _: t.Goal(["validation.mAP>=0.5"]), "Goal('validation.mAP>=0.5'"),
    "lists of tag lists": (lambda _: t.evaluate([["a"], ["b"]] * 30, P, labels=["a", "b", "c"]), WORKS),
    "NCHW": (lambda _: t.from_arrays(np.zeros((60, 3, 8, 8), np.uint8), Y), "(N, H, W, C)"),
    "cure(budget='10 minutes')": (lambda run: t.cure(run, "lesson", budget="10 minutes"), "10m"),
}


@pytest.mark.parametrize("call", CALLS)
def test_each_name_works_or_is_answered_with_its_right_form(
    call: str, row_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    action, said = CALLS[call]
    if said == WORKS:
        assert action(row_run) is not None
        return
    with pytest.raises(tagfit.InputError) as raised:
        action(row_run)
    assert said in str(raised.value)
    assert list(tmp_path.iterdir()) == []
