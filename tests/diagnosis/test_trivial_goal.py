"""trivial-goal: what saying nothing, or the same of every picture, would reach."""

from __future__ import annotations

from diagnosing import ill, look, well

CODE = "trivial-goal"


def test_a_goal_below_the_trivial_figure_fires_and_says_who_meets_it() -> None:
    found = look(CODE, ill(CODE))
    assert found.outcome == "fired"
    assert "the best constant set of tags" in found.verdict.says


def test_one_bound_that_asks_for_more_is_enough_to_pass() -> None:
    case = ill(CODE)
    assert look(CODE, case, goal=f"{case.goal},validation.macro_f1>=0.99").outcome == "passed"


def test_a_bound_from_above_is_no_wish_for_quality() -> None:
    assert look(CODE, well(), goal="train.label_accuracy<0.92").outcome == "inconclusive"
    assert look(CODE, well(), goal=None).outcome == "inconclusive"
