"""group-across-splits: names on both sides; rows without a group stand alone."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well

CODE = "group-across-splits"


def test_a_shared_group_fires_with_its_rows() -> None:
    case = ill(CODE)
    found = look(CODE, case)
    assert found.outcome == "fired"
    assert found.evidence["validation_rows"] == np.isin(case.validation.groups, case.train.groups).sum()


def test_rows_without_a_group_stand_alone() -> None:
    case = well()
    for part in (case.train, case.validation):
        part.groups[:10] = ""
    assert look(CODE, case).outcome == "passed"


def test_without_groups_it_inconclusive() -> None:
    case = well()
    train = {"truth": case.train.truth, "scores": case.train.scores}
    assert look(CODE, case, train=train).outcome == "inconclusive"
