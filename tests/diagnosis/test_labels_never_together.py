"""labels-never-together: no picture has both, though chance would have given many."""

from __future__ import annotations

from diagnosing import ill, look, well

CODE = "labels-never-together"


def test_labels_that_exclude_each_other_fire() -> None:
    found = look(CODE, ill(CODE))
    assert found.outcome == "fired"
    assert found.evidence["pairs"][0][:2] == ["label_0", "label_1"]


def test_one_picture_with_both_is_enough_to_pass() -> None:
    case = ill(CODE)
    case.train.truth[0, :2] = 1
    assert look(CODE, case).outcome == "passed"


def test_one_label_inconclusive() -> None:
    case = well()
    assert look(CODE, train=(case.train.truth[:, :1], case.train.scores[:, :1])).outcome == "inconclusive"
