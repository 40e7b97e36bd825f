"""Tables: every result of evaluation fits on one screen, whatever its labels are called, and is a frame as well."""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import numpy as np
import pytest

from tagfit.errors import InputError
from tagfit.evaluation.calibration import calibrate
from tagfit.evaluation.choose import choose_thresholds
from tagfit.evaluation.compare import compare, gap
from tagfit.evaluation.evaluate import evaluate
from tagfit.evaluation.thresholds import Thresholds
from tagfit.files import to_json
from tagfit.scores import Scores

MOST_LINES = 40
MOST_CHARACTERS = 6000


def scores(seed: int, width: int = 300) -> Scores:
    """Many labels with long names that a terminal must not obey."""
    rng = np.random.default_rng(seed)
    truth = (np.random.default_rng(9).random((40, width)) < 0.3).astype(np.uint8)
    labels = [f"<b>label\x1b[31m {number}" + "x" * 200 for number in range(width)]
    return Scores.of(truth, np.clip(0.4 * truth + rng.random(truth.shape) * 0.6, 0, 1), labels=labels, split="test")


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    one, other = scores(0), scores(1)
    return {
        "Evaluation": evaluate(one, intervals=100),
        "Evaluation with all metrics": evaluate(one, metrics="all", intervals=None),
        "Evaluation with one": evaluate(one, metrics="lrap", intervals=None),
        "Thresholds": choose_thresholds(one, resamples=5),
        "Thresholds that were given": Thresholds.fixed(0.4, one.labels),
        "Comparison": compare({"first " * 30: one, "second": other}, repeats=100, metrics="all"),
        "Comparison of splits": gap(one, other, repeats=100),
        "Calibration": calibrate(one, repeats=100),
    }


def test_no_result_takes_more_than_one_screen(results: dict[str, Any]) -> None:
    for name, result in results.items():
        for text in (repr(result), str(result)):
            assert text.startswith(name.split()[0]), name
            assert len(text.splitlines()) <= MOST_LINES, f"{name}: {text}"
            assert len(text) <= MOST_CHARACTERS, f"{name}: {len(text)}"
            assert "\x1b" not in text, name
        shown = result._repr_html_()
        assert "&lt;b&gt;" in shown or "Comparison" in name, name
        assert "<b>label" not in shown, name
        json.loads(to_json(result.to_dict()))


def test_what_is_shown_of_an_evaluation() -> None:
    found = evaluate(Scores.of([[1, 0], [0, 1]], [[0.9, 0.2], [0.1, 0.3]], labels=["sea", "sun"]), intervals=None)
    text = repr(found)
    assert "Evaluation of scores: 2 rows, 2 labels" in text
    assert any(line.split()[:2] == ["label_accuracy", "0.750"] for line in text.splitlines())
    assert text.splitlines()[-2].split()[:2] == ["sun", "0.000"], "the lowest F1 comes first"


def test_tables_are_frames_where_a_library_is_there(results: dict[str, Any]) -> None:
    one = results["Evaluation"]
    for result, rows in ((one, len(one.metrics)), (results["Thresholds"], 300), (results["Calibration"], 300)):
        if any(importlib.util.find_spec(library) for library in ("pandas", "polars")):
            assert len(result.to_frame()) == rows
        else:
            with pytest.raises(InputError, match="pandas or polars"):
                result.to_frame()
