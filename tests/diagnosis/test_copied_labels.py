"""copied-labels: columns that agree, or disagree, everywhere."""

from __future__ import annotations

from diagnosing import ill, look, well

CODE = "copied-labels"


def test_a_copy_fires_by_its_two_names() -> None:
    found = look(CODE, ill(CODE))
    assert found.outcome == "fired"
    assert found.evidence["pairs"][0][:2] == ["label_0", "label_1"]


def test_a_copy_turned_over_fires_too() -> None:
    case = ill(CODE)
    for part in (case.train, case.validation):
        part.truth[:, 1] = 1 - part.truth[:, 0]
    found = look(CODE, case)
    assert found.outcome == "fired"
    assert found.evidence["pairs"][0][2] < -0.98


def test_other_labels_pass_and_one_label_inconclusive() -> None:
    case = well()
    assert look(CODE, case).outcome == "passed"
    assert look(CODE, train=(case.train.truth[:, :1], case.train.scores[:, :1])).outcome == "inconclusive"
