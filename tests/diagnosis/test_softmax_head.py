"""softmax-head: rows that sum to one in the digits they were written with."""

from __future__ import annotations

import numpy as np
import pytest
from diagnosing import MIDDLE, look, well
from planted import planted

from tagfit.diagnosis.rounding import decimals

CODE = "softmax-head"


@pytest.mark.parametrize("strength", [0, 1, 2], ids=["two decimals", "float16", "float32"])
def test_a_softmax_fires_in_every_number_format(strength: int) -> None:
    found = look(CODE, planted(CODE, strength, np.random.default_rng(0), MIDDLE))
    assert found.outcome == "fired"
    assert found.evidence["mean_sum"] == pytest.approx(1, abs=0.01)


def test_sigmoids_pass_also_with_two_decimals() -> None:
    case = well()
    assert look(CODE, case).outcome == "passed"
    case.validation.scores = np.round(case.validation.scores, 2)
    assert look(CODE, case).outcome == "passed"


def test_rows_near_one_but_not_within_rounding_pass() -> None:
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.ones(4), 200) * (1 + 0.002 * rng.normal(size=(200, 1)))
    truth = (rng.random((200, 4)) < 0.5).astype(int)
    assert look(CODE, validation=(truth, scores)).outcome == "passed"


def test_one_label_or_one_tag_a_row_inconclusive() -> None:
    truth = np.eye(3, dtype=int)[np.arange(30) % 3]
    assert look(CODE, validation=(truth, np.full((30, 3), 1 / 3))).outcome == "inconclusive"
    assert look(CODE, validation=(truth[:, :1], np.ones((30, 1)))).outcome == "inconclusive"


def test_decimals_are_counted_through_float32() -> None:
    assert decimals(np.array([[0.25, 0.1]], dtype=np.float32)) == 2
    assert decimals(np.array([[1 / 3]])) is None
