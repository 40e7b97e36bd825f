"""stopped-too-early: a validation loss that still falls at the end, unless the schedule planned the end."""

from __future__ import annotations

from diagnosing import ill, look, well

CODE = "stopped-too-early"


def test_a_curve_that_still_falls_fires_and_doubles_the_epochs() -> None:
    case = ill(CODE)
    found = look(CODE, case)
    assert found.outcome == "fired"
    assert found.evidence["gain"] > 0.05
    assert found.remedy is not None
    assert found.remedy.recipe["epochs"] == 2 * len(case.history["val_loss"])


def test_a_settled_curve_passes() -> None:
    assert look(CODE, well()).outcome == "passed"


def test_a_learning_rate_that_has_run_out_planned_the_end() -> None:
    history = ill(CODE).history
    epochs = len(history["val_loss"])
    rate = [1e-3 * (1 - epoch / epochs) for epoch in range(epochs - 1)] + [1e-6]
    assert look(CODE, history={**history, "lr": rate}).outcome == "passed"


def test_few_epochs_inconclusive() -> None:
    assert look(CODE, history={"val_loss": [0.5, 0.4, 0.3]}).outcome == "inconclusive"
