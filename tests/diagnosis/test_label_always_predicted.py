"""label-always-predicted: negatives enough, and every score above 0.5."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well

CODE = "label-always-predicted"


def test_a_loud_label_fires_by_name() -> None:
    found = look(CODE, ill(CODE))
    assert found.outcome == "fired"
    assert found.evidence["labels"] == ["label_0"]


def test_unknown_entries_neither_fire_nor_spare() -> None:
    case = ill(CODE)
    known = np.ones(case.validation.truth.shape, dtype=bool)
    known[0, 0] = False
    case.validation.scores[0, 0] = 0.1
    assert look(CODE, validation={**case.validation.given(), "known": known}).outcome == "fired"
    case.validation.scores[1, 0] = 0.1
    assert look(CODE, validation={**case.validation.given(), "known": known}).outcome == "passed"


def test_too_few_negatives_inconclusive() -> None:
    case = well()
    case.validation.truth[:] = 1
    assert look(CODE, case).outcome == "inconclusive"
