"""label-without-positives: which label, in which split."""

from __future__ import annotations

from diagnosing import look, well

CODE = "label-without-positives"


def test_each_split_names_its_empty_labels() -> None:
    case = well()
    case.validation.truth[:, 1] = 0
    found = look(CODE, case)
    assert found.outcome == "fired"
    assert found.evidence["labels"] == {"train": [], "validation": ["label_1"]}


def test_positives_everywhere_pass_and_no_scores_inconclusive() -> None:
    assert look(CODE, well()).outcome == "passed"
    assert look(CODE, history={"loss": [1.0]}).outcome == "inconclusive"
