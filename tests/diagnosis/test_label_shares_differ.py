"""label-shares-differ: beyond chance, for all labels together."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well

CODE = "label-shares-differ"


def test_a_shifted_share_fires_by_name_with_its_interval() -> None:
    found = look(CODE, ill(CODE, seed=1))
    assert found.outcome == "fired"
    assert list(found.evidence["labels"]) == ["label_0"]
    one = found.evidence["labels"]["label_0"]
    assert one.low < one.value < one.high < -0.04


def test_chance_passes_and_unknown_is_not_absent() -> None:
    case = well()
    assert look(CODE, case).outcome == "passed"
    known = np.ones(case.validation.truth.shape, dtype=bool)
    known[50:] = False
    assert look(CODE, case, validation={**case.validation.given(), "known": known}).outcome == "passed"


def test_one_side_inconclusive() -> None:
    assert look(CODE, train=well().train.given()).outcome == "inconclusive"
