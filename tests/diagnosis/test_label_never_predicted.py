"""label-never-predicted: positives enough, and no score above 0.5."""

from __future__ import annotations

from diagnosing import ill, look, well

CODE = "label-never-predicted"


def test_a_silent_label_fires_by_name_with_its_highest_score() -> None:
    case = ill(CODE)
    found = look(CODE, case)
    assert found.outcome == "fired"
    assert found.evidence["labels"] == ["label_0"]
    assert found.evidence["highest"] == case.validation.scores[:, 0].max()


def test_a_label_without_positives_may_be_silent() -> None:
    case = ill(CODE)
    case.validation.truth[:, 0] = 0
    assert look(CODE, case).outcome == "passed"


def test_too_few_positives_inconclusive() -> None:
    case = well()
    case.validation.truth[:] = 0
    assert look(CODE, case).outcome == "inconclusive"
