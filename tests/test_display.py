"""Display: every public result is shown on one screen, in a terminal and in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tagfit
from tagfit.display import few

MOST_LINES = 40
MOST_CHARACTERS = 6000


def results(row_run: Path) -> dict[str, Any]:
    """Results with two thousand labels of long names that a terminal must not obey, where that is possible."""
    run = tagfit.open_run(row_run)
    generator = np.random.default_rng(0)
    truth = (generator.random((60, 2000)) < 0.5).astype(np.uint8)
    names = [f"<b>label\x1b[31m {number}" + "x" * 100 for number in range(2000)]
    wide = tagfit.from_arrays(generator.normal(size=(60, 5)), truth, labels=names)
    return {
        "Run": run,
        "TaggedSet": wide,
        "Problem": tagfit.split(wide, validation=0.2, test=0.2, method="random"),
        "Findings": run.diagnose(),
        "Recipe": run.recipe,
        "Tagger": tagfit.Tagger.of_run(run),
    }


def test_no_result_takes_more_than_one_screen(row_run: Path) -> None:
    for name, result in results(row_run).items():
        for text in (repr(result), str(result)):
            assert text.startswith((name, "0 issues", "1 issue", "2 issues", "3 issues")), name
            assert len(text.splitlines()) <= MOST_LINES, name
            assert len(text) <= MOST_CHARACTERS, name
            assert "\x1b" not in text, name
        shown = result._repr_html_()
        assert "<b>label" not in shown, name
        assert isinstance(result.to_dict(), dict), name


def test_scores_and_goals_are_shown_short() -> None:
    scores = tagfit.Scores.of([[0, 1], [1, -1]], [[0.1, 0.2], [0.3, 0.4]], weights=[1, 2], split="test")
    assert repr(scores).splitlines() == [
        "Scores of test: 2 rows, 2 labels, 1 of 4 entries unknown, weights",
        "  labels: label_0, label_1",
    ]
    for goal in (tagfit.Goal(), tagfit.Goal("lesson"), tagfit.Goal("mAP>.5", gap_at_most=0.1)):
        assert eval(repr(goal), {"Goal": tagfit.Goal}) == goal


def test_the_evaluations_of_a_run_are_one_table(row_run: Path) -> None:
    run = tagfit.open_run(row_run)
    both, one = run.evaluate(intervals=None), run.evaluate(splits="train", intervals=None)
    assert repr(both).splitlines()[0] == "Evaluation of train (42 rows), validation (9 rows)"
    assert len(repr(both).splitlines()) <= MOST_LINES
    assert f"{both['validation']['mAP']:.3f}" in repr(both)
    assert repr(one) == repr(one["train"])
    assert both.to_dict()["train"] == both["train"].to_dict()
    assert {record["metric"] for record in both["train"].records()} == set(both["train"].metrics)


def test_a_recipe_shows_what_it_changes_and_can_be_pasted() -> None:
    recipe = tagfit.Recipe(widths=(4,), epochs=2)
    assert repr(recipe) == "Recipe(widths=(4,), epochs=2)"
    assert eval(repr(recipe), {"Recipe": tagfit.Recipe}) == recipe
    assert repr(tagfit.Recipe()) == "Recipe()"


def test_a_run_that_cannot_be_read_is_shown_all_the_same(tmp_path: Path) -> None:
    assert "cannot read" in repr(tagfit.Run(tmp_path))


def test_findings_become_a_frame(row_run: Path) -> None:
    pandas = pytest.importorskip("pandas")
    found = tagfit.open_run(row_run).diagnose()
    frame = found.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["code"].tolist() == [one.code for one in found.all]


def test_few_names_stay_few() -> None:
    assert few(["a", "b"]) == "a, b"
    assert few(range(100)).endswith("7, ... (100 in all)")
