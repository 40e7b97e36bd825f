"""threshold-costs-f1: what 0.5 costs against thresholds that were chosen on other rows."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well
from sklearn.metrics import f1_score

CODE = "threshold-costs-f1"


def test_low_scores_fire_with_scikit_learns_f1() -> None:
    case = ill(CODE)
    found = look(CODE, case)
    assert found.outcome == "fired"
    part = case.validation
    expected = f1_score(part.truth, part.scores > 0.5, average="macro", zero_division=0)
    assert np.isclose(found.evidence["macro_f1_at_half"], expected)
    assert found.evidence["cost"].low > 0.03


def test_calibrated_scores_pass() -> None:
    assert look(CODE, well()).outcome == "passed"


def test_noise_does_not_look_like_a_gain() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((300, 4)) < 0.9).astype(int)
    assert look(CODE, validation=(truth, 0.5 + 0.5 * rng.random((300, 4)))).outcome == "passed"


def test_too_few_positives_inconclusive() -> None:
    case = well()
    case.validation.truth[5:] = 0
    assert look(CODE, case).outcome == "inconclusive"
