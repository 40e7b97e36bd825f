"""rows-mismatched: scores whose rows are in another order than the truth."""

from __future__ import annotations

import numpy as np
import pytest
from diagnosing import MIDDLE, ill, look, well
from planted import Part

from tagfit.diagnosis.diagnose import diagnose
from tagfit.diagnosis.mismatch import NEED_MATCH

CODE = "rows-mismatched"


def reordered(part: Part, order: np.ndarray) -> dict[str, np.ndarray]:
    return {"truth": part.truth, "scores": part.scores[order]}


def test_shuffled_validation_fires_and_nothing_else_is_blamed() -> None:
    found = diagnose(**ill(CODE).arguments())
    assert found.fired[0].code == CODE
    assert found[CODE].evidence["splits"] == ["validation"]
    assert "validation is 0." in found[CODE].verdict.says
    assert {finding.outcome for finding in found if finding.code in NEED_MATCH} == {"inconclusive"}


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (lambda rows: np.roll(rows, 32), "32 rows late"),
        (lambda rows: np.roll(rows, -5), "5 rows early"),
        (lambda rows: rows[::-1], "in reverse order"),
        (lambda rows: np.roll(rows[::-1], 7), "in reverse order, 7 rows early"),
    ],
)
def test_an_order_that_fits_is_named(order: object, words: str) -> None:
    part = well(MIDDLE).validation
    found = look(CODE, validation=reordered(part, order(np.arange(len(part)))))  # type: ignore[operator]
    assert f"the scores are {words}." in found.verdict.says


def test_healthy_weak_and_overfitted_models_pass() -> None:
    assert look(CODE, well(MIDDLE)).outcome == "passed"
    assert look(CODE, ill("underfitting")).outcome == "passed"
    assert look(CODE, ill("overfitting")).outcome == "passed"


def test_few_rows_and_constant_scores_inconclusive() -> None:
    part = well().validation
    shuffled = reordered(part, np.random.default_rng(0).permutation(len(part)))
    few = {name: values[:12] for name, values in shuffled.items()}
    assert look(CODE, validation=few).outcome == "inconclusive"
    assert look(CODE, validation=(part.truth, np.full(part.truth.shape, 0.5))).outcome == "inconclusive"
