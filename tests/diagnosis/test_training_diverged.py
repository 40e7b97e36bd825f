"""training-diverged: a loss that is not finite, and what is not said about its curve then."""

from __future__ import annotations

from diagnosing import look, well

from tagfit.diagnosis.diagnose import diagnose
from tagfit.recipe import Recipe

CODE = "training-diverged"
NAN = float("nan")
DIVERGED = {"loss": [0.7, 0.6, 0.5, 0.4, 0.3, 0.3, NAN, NAN], "val_loss": [0.7, 0.6, 0.6, 0.6, 0.5, 0.5, NAN, NAN]}


def test_the_first_epoch_is_named_and_the_rate_lowered() -> None:
    found = look(CODE, history=DIVERGED, recipe=Recipe(learning_rate=0.01))
    assert found.outcome == "fired"
    assert found.evidence["epoch"] == 7
    assert "epoch 7 of 8" in found.verdict.says
    assert found.remedy is not None
    assert found.remedy.recipe["learning_rate"] < 0.01


def test_an_infinite_loss_fires_too() -> None:
    assert look(CODE, history={"loss": [0.7, float("inf")], "val_loss": [0.7, 0.6]}).evidence["epoch"] == 2


def test_finite_curves_pass_and_no_history_inconclusive() -> None:
    assert look(CODE, well()).outcome == "passed"
    assert look(CODE, well(), history=None).outcome == "inconclusive"


def test_nothing_is_said_about_the_course_of_such_a_curve() -> None:
    found = diagnose(history=DIVERGED)
    for code in ("memorising", "stopped-too-early", "unstable-curve"):
        assert found[code].outcome == "inconclusive"
        assert CODE in found[code].verdict.says
