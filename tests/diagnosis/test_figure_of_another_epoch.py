"""figure-of-another-epoch: the scores tell whose weights they are."""

from __future__ import annotations

from diagnosing import ill, look, well

CODE = "figure-of-another-epoch"


def test_a_better_epoch_than_the_one_kept_fires() -> None:
    case = ill(CODE)
    found = look(CODE, case)
    assert found.outcome == "fired"
    curve = case.history["val_loss"]
    assert found.evidence["best_epoch"] == curve.index(min(curve)) + 1
    assert found.remedy is not None
    assert found.remedy.recipe == {"restore_best": True}


def test_scores_of_the_best_epoch_pass() -> None:
    assert look(CODE, well()).outcome == "passed"


def test_scores_of_no_epoch_inconclusive() -> None:
    case = well()
    case.history["val_loss"] = [9.0] * len(case.history["val_loss"])
    assert look(CODE, case).outcome == "inconclusive"
