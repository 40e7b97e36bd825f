"""miscalibration: the distance between score and share, less what chance gives."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well

CODE = "miscalibration"


def test_overconfidence_fires() -> None:
    found = look(CODE, ill(CODE))
    assert found.outcome == "fired"
    assert "overconfident" in found.verdict.says


def test_the_error_of_a_known_shift_is_found() -> None:
    rng = np.random.default_rng(0)
    share = rng.uniform(0.2, 0.6, (2000, 5))
    truth = (rng.random(share.shape) < share).astype(int)
    found = look(CODE, validation=(truth, share + 0.2))
    assert found.outcome == "fired"
    assert abs(found.evidence["error"].value - (share + 0.2 - truth).mean()) < 0.005


def test_calibrated_scores_of_few_rows_pass() -> None:
    assert look(CODE, well()).outcome == "passed"
    rng = np.random.default_rng(1)
    share = rng.random((60, 3))
    assert look(CODE, validation=((rng.random(share.shape) < share).astype(int), share)).outcome == "passed"


def test_few_entries_inconclusive() -> None:
    assert look(CODE, validation=(np.eye(4), np.full((4, 4), 0.5))).outcome == "inconclusive"
