"""rare-labels: rare alone is no fault, missed because of it is."""

from __future__ import annotations

from diagnosing import ill, look, well

CODE = "rare-labels"


def test_a_rare_label_that_is_missed_fires() -> None:
    found = look(CODE, ill(CODE))
    assert found.outcome == "fired"
    assert list(found.evidence["labels"]) == ["label_0"]
    assert found.evidence["labels"]["label_0"].high < found.evidence["recall_of_the_others"]


def test_a_rare_label_that_is_found_passes() -> None:
    case = ill(CODE)
    for part in (case.train, case.validation):
        part.scores[:, 0] = 0.1 + 0.8 * part.truth[:, 0]
    assert look(CODE, case).outcome == "passed"


def test_no_rare_label_passes_and_one_side_inconclusive() -> None:
    assert look(CODE, well()).outcome == "passed"
    assert look(CODE, train=well().train.given()).outcome == "inconclusive"
