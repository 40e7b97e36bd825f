"""memorising: the epoch at which the validation loss turned, unless its weights are the ones kept."""

from __future__ import annotations

import numpy as np
from diagnosing import look, well
from planted import log_loss

from tagfit.recipe import Recipe

CODE = "memorising"
EPOCHS = np.arange(30)
TURNS = {
    "train_loss": np.exp(-EPOCHS / 8).tolist(),
    "val_loss": (0.4 + 0.02 * np.abs(EPOCHS - 9)).tolist(),
}


def test_the_turn_fires_and_names_its_epoch() -> None:
    found = look(CODE, history=TURNS)
    assert found.outcome == "fired"
    assert abs(found.evidence["best_epoch"] - 10) <= 1
    assert "epoch" in found.verdict.says


def test_weights_of_the_best_epoch_pass() -> None:
    assert look(CODE, history=TURNS, kept_epoch=10).outcome == "passed"


def test_scores_with_the_loss_of_the_best_epoch_pass_though_nobody_names_it() -> None:
    case = well()
    turn = [loss + 0.02 * epoch for epoch, loss in enumerate(case.history["val_loss"])]
    case.history = {"train_loss": [0.9**epoch for epoch in range(len(turn))], "val_loss": turn[::-1][:20] + turn[:20]}
    assert look(CODE, case).outcome == "fired"
    case.history["val_loss"][20] = log_loss(case.validation)
    case.history["val_loss"][21:] = [log_loss(case.validation) * (1 + 0.05 * at) for at in range(1, 20)]
    assert look(CODE, case).outcome == "passed"


def test_the_remedy_leaves_out_what_the_recipe_has() -> None:
    found = look(CODE, history=TURNS, recipe=Recipe(restore_best=True))
    assert found.remedy is not None
    assert "restore_best" not in found.remedy.recipe
    assert found.remedy.recipe["patience"] == 5


def test_falling_curves_pass_and_short_or_missing_ones_inconclusive() -> None:
    falling = {"train_loss": TURNS["train_loss"], "val_loss": (1.1 * np.exp(-EPOCHS / 9)).tolist()}
    assert look(CODE, history=falling).outcome == "passed"
    assert look(CODE, history={name: curve[:3] for name, curve in TURNS.items()}).outcome == "inconclusive"
    assert look(CODE, history={"loss": [0.3, 0.2, 0.1]}).outcome == "inconclusive"
