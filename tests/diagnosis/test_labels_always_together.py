"""labels-always-together: the one implies the other, not the other way round."""

from __future__ import annotations

from diagnosing import ill, look, well

CODE = "labels-always-together"


def test_an_implied_label_fires_in_its_direction_only() -> None:
    found = look(CODE, ill(CODE))
    assert found.outcome == "fired"
    assert [pair[:2] for pair in found.evidence["pairs"]] == [["label_0", "label_1"]]


def test_one_exception_is_enough_to_pass() -> None:
    case = ill(CODE)
    case.train.truth[0, :2] = 1, 0
    assert look(CODE, case).outcome == "passed"


def test_one_label_inconclusive() -> None:
    case = well()
    assert look(CODE, train=(case.train.truth[:, :1], case.train.scores[:, :1])).outcome == "inconclusive"
