"""decisions-as-scores: zeros and ones where probabilities belong."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well

from tagfit.diagnosis.diagnose import diagnose

CODE = "decisions-as-scores"


def test_zeros_and_ones_fire_and_tags_are_not_blamed() -> None:
    found = diagnose(**ill(CODE).arguments())
    assert found[CODE].outcome == "fired"
    assert "train and validation" in found[CODE].verdict.says
    assert found["suspect-tags"].outcome == "inconclusive"
    assert found["overfitting"].outcome != "inconclusive", "decisions can be compared with the truth"


def test_booleans_and_integers_are_decisions() -> None:
    part = well().validation
    assert look(CODE, validation=(part.truth, part.scores > 0.5)).outcome == "fired"
    assert look(CODE, validation=(part.truth, (part.scores > 0.5).astype(np.int64))).outcome == "fired"


def test_probabilities_and_constant_zeros_pass() -> None:
    part = well().validation
    assert look(CODE, validation=(part.truth, part.scores)).outcome == "passed"
    assert look(CODE, validation=(part.truth, np.zeros(part.truth.shape))).outcome == "passed"
