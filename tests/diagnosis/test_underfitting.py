"""underfitting: a ranking near guessing on train, whatever the thresholds or the calibration."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well

CODE = "underfitting"


def test_scores_near_guessing_fire() -> None:
    found = look(CODE, ill(CODE))
    assert found.outcome == "fired"
    assert found.evidence["macro_auc"].high < 0.7


def test_shifted_scores_are_no_underfitting() -> None:
    case = well()
    case.train.scores = case.train.scores * 0.01
    assert look(CODE, case).outcome == "passed"


def test_without_train_or_without_both_kinds_of_rows_it_inconclusive() -> None:
    case = well()
    assert look(CODE, validation=case.validation.given()).outcome == "inconclusive"
    assert look(CODE, train=(np.zeros((20, 2)), np.full((20, 2), 0.3))).outcome == "inconclusive"
