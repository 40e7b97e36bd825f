"""train-figure-with-dropout: a running loss beside the loss of the same weights in inference mode."""

from __future__ import annotations

from diagnosing import ill, look, well

CODE = "train-figure-with-dropout"


def test_a_running_loss_far_from_the_loss_of_the_scores_fires() -> None:
    found = look(CODE, ill(CODE))
    assert found.outcome == "fired"
    assert found.evidence["running_loss"] > 2 * found.evidence["train_loss"]


def test_without_scores_a_train_curve_above_validation_fires() -> None:
    assert look(CODE, history={"loss": [0.9, 0.8, 0.7], "val_loss": [0.7, 0.6, 0.5]}).outcome == "fired"


def test_a_train_loss_in_inference_mode_passes() -> None:
    assert look(CODE, history={"train_loss": [0.9, 0.8], "val_loss": [0.7, 0.6]}).outcome == "passed"
    assert look(CODE, well()).outcome == "passed"


def test_without_a_train_curve_it_inconclusive() -> None:
    assert look(CODE, history={"val_loss": [0.7, 0.6]}).outcome == "inconclusive"
    assert look(CODE, history={"loss": [0.7, 0.6]}).outcome == "inconclusive"
