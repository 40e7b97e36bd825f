"""logits-as-scores: values outside [0, 1]; all other checks then take them through a sigmoid."""

from __future__ import annotations

import numpy as np
import pytest
from diagnosing import ill, look, well

from tagfit.diagnosis.diagnose import diagnose
from tagfit.errors import InputError

CODE = "logits-as-scores"


def test_logits_fire_and_the_other_checks_take_them_as_such() -> None:
    case = ill(CODE)
    assert look(CODE, case).outcome == "fired"
    found = diagnose(**case.arguments())
    assert "logits" in found.material.notes[0]
    right = ((case.train.scores > 0) == case.train.truth).mean()
    assert np.isclose(found["overfitting"].evidence["train"]["label_accuracy"], right)


def test_percentages_are_told_from_logits() -> None:
    case = well()
    for part in (case.train, case.validation):
        part.scores = 100 * part.scores
    found = look(CODE, case)
    assert found.remedy is not None
    assert "100" in found.remedy.words


def test_rounding_beyond_one_passes() -> None:
    case = well()
    case.validation.scores[0, 0] = np.nextafter(np.float32(1), np.float32(2))
    assert look(CODE, case).outcome == "passed"


def test_without_scores_it_inconclusive_and_nan_is_refused() -> None:
    assert look(CODE, history={"loss": [0.3, 0.2]}).outcome == "inconclusive"
    with pytest.raises(InputError, match="nan at row 0, column 1"):
        look(CODE, validation=([[0, 1]], [[0.5, np.nan]]))
