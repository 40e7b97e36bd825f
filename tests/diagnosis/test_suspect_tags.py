"""suspect-tags: the noise rate, its interval and the ceiling, from out-of-sample scores only."""

from __future__ import annotations

import numpy as np
import pytest
from diagnosing import MIDDLE, ill, look, well
from hypothesis import given, settings
from hypothesis import strategies as st

from tagfit.diagnosis.material import Side
from tagfit.diagnosis.noise import Noise

CODE = "suspect-tags"


def turned(rate: float, seed: int, rows: int = 800) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tags of which a share is turned over, scores of a good model that saw such tags, and where they are wrong."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((rows, 6)) < 0.45).astype(np.uint8)
    wrong = rng.random(truth.shape) < rate
    logits = (2.0 * truth - 1) * (1.5 + rng.random(truth.shape)) + 0.4 * rng.normal(size=truth.shape)
    return truth ^ wrong.astype(np.uint8), 1 / (1 + np.exp(-logits)), wrong


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.2])
def test_the_rate_is_found_and_the_worst_suspects_are_wrong(rate: float) -> None:
    tags, scores, wrong = turned(rate, 0)
    found = look(CODE, validation=(tags, scores))
    assert found.outcome == "fired"
    estimate, ceiling = found.evidence["noise_rate"], found.evidence["ceiling"]
    assert abs(estimate.value - wrong.mean()) < 0.02
    assert estimate.low <= wrong.mean() <= estimate.high
    assert np.isclose(ceiling.value, 1 - estimate.value)
    suspects = found.evidence["suspects"][:100]
    assert np.mean([wrong[one["row"], int(one["label"].split("_")[1])] for one in suspects]) >= 0.9


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000), power=st.floats(0.3, 3), shift=st.floats(-3, 3))
def test_a_shifted_or_sharpened_model_gives_the_same_rate(seed: int, power: float, shift: float) -> None:
    tags, scores, _ = turned(0.1, seed)
    other = 1 / (1 + np.exp(-(power * np.log(scores / (1 - scores)) + shift)))
    rates = [Noise((Side.of("validation", (tags, one)),)).rate.value for one in (scores, other)]
    assert abs(rates[0] - rates[1]) < 0.005


def test_hard_pictures_are_no_wrong_tags() -> None:
    for seed in range(4):
        assert look(CODE, well(MIDDLE, seed)).outcome == "passed"


def test_cross_fitted_scores_will_do_and_train_scores_will_not() -> None:
    case = ill(CODE)
    part = case.train.given()
    part.pop("inputs")
    assert look(CODE, train=part).outcome == "inconclusive"
    assert look(CODE, train=part, cross_fit=part).outcome == "fired"


def test_scores_that_follow_nothing_inconclusive() -> None:
    rng = np.random.default_rng(0)
    assert look(CODE, validation=(rng.integers(0, 2, (500, 3)), rng.random((500, 3)))).outcome == "inconclusive"
