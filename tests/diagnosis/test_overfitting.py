"""overfitting: the gap is measured alike on both sides, and fires only with its whole interval above the margin."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well

from tagfit.diagnosis.limits import limit

CODE = "overfitting"


def test_learnt_by_heart_fires_with_the_gap_and_its_interval() -> None:
    case = ill(CODE)
    found = look(CODE, case)
    assert found.outcome == "fired"
    gap = found.evidence["gap"]["label_accuracy"]
    right = [float(((part.scores > 0.5) == part.truth).mean()) for part in (case.train, case.validation)]
    assert np.isclose(gap.value, right[0] - right[1])
    assert limit(CODE, "margin") < gap.low < gap.value < gap.high


def test_a_healthy_model_passes() -> None:
    assert look(CODE, well()).outcome == "passed"


def test_one_side_or_a_few_rows_inconclusive() -> None:
    assert look(CODE, validation=well().validation.given()).outcome == "inconclusive"
    case = ill(CODE)
    case.validation.take(np.arange(5))
    assert look(CODE, case).outcome == "inconclusive"
