"""Two samples of features: false alarms at the stated rate, planted shifts found, unlike rows named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tagfit.errors import InputError
from tagfit.evaluation.drift import compare_distributions, compare_features, unlike_pictures
from tagfit.evaluation.two_samples import compare_samples, permutations_for, unlikeness

WIDTH = 12


def rows(generator: np.random.Generator, n: int, width: int = WIDTH) -> np.ndarray:
    """Features as nets give them: correlated, not negative, of unequal spread; the last column is constant."""
    hidden = generator.normal(size=(n, 3)) @ np.random.default_rng(9).normal(size=(3, width))
    found = np.maximum(0, hidden + 0.3 * generator.normal(size=(n, width))) * np.arange(1, width + 1)
    found[:, -1] = 0
    return found.astype(np.float32)


@pytest.mark.parametrize(("width", "draws"), [(WIDTH, 200), (150, 60)], ids=["few columns", "more columns than rows"])
def test_false_alarms_stay_below_the_stated_rate(width: int, draws: int) -> None:
    generator = np.random.default_rng(0)
    p = np.array([compare_samples(rows(generator, 60, width), rows(generator, 40, width), 99).p for _ in range(draws)])
    assert np.mean(p <= 0.1) <= 0.1 + 2.5 * np.sqrt(0.1 * 0.9 / draws)
    assert np.mean(p <= 0.5) >= 0.3, "a test that never alarms would find nothing either"


@pytest.mark.parametrize(
    "shift",
    [lambda x: x * 1.4, lambda x: x + 0.5, lambda x: x[:, np.r_[1, 0, 2 : x.shape[1]]]],
    ids=["larger", "moved", "columns swapped"],
)
def test_a_planted_shift_is_found(shift: Callable[[np.ndarray], np.ndarray]) -> None:
    generator = np.random.default_rng(1)
    before, now = rows(generator, 200), rows(generator, 100)
    assert compare_samples(before, shift(now), 199).p == 1 / 200


def test_a_shift_along_a_direction_that_hardly_varies_is_found() -> None:
    generator = np.random.default_rng(2)
    before, now = rows(generator, 200), rows(generator, 100)
    now[:, 3] += 0.5 * now[:, 3].std()  # of one column, which the others predict
    assert compare_samples(before, now, 199).p <= 0.02


def test_the_test_takes_any_scale_and_is_repeatable() -> None:
    generator = np.random.default_rng(3)
    before, now = rows(generator, 60), rows(generator, 50) + 0.2
    found = compare_samples(before, now, 99)
    assert found == compare_samples(before, now, 99)
    other = compare_samples(before * 1000, now * 1000, 99)
    assert other.p == pytest.approx(found.p, abs=0.02)
    assert other.distance == pytest.approx(found.distance, abs=1e-2)


def test_constant_and_single_features() -> None:
    assert compare_samples(np.ones((30, 4)), np.ones((20, 4)), 99).p == 1
    generator = np.random.default_rng(4)
    assert compare_samples(generator.normal(size=(60, 1)), generator.normal(3, 1, size=(60, 1)), 99).p == 0.01


def test_scores_and_features_share_the_rate() -> None:
    generator = np.random.default_rng(5)
    alarms = 0
    for _ in range(120):
        before, now = rows(generator, 60), rows(generator, 40)
        scores = [1 / (1 + np.exp(-one[:, :3])) for one in (before, now)]
        predicted = (scores[0] > 0.5, scores[1] > 0.5)
        found = compare_distributions(scores[0], scores[1], ("a", "b", "c"), predicted, 0.1, (before, now))
        alarms += found.any_shifted
    assert alarms / 120 <= 0.1 + 2.5 * np.sqrt(0.1 * 0.9 / 120)


def test_labels_have_half_of_the_rate_where_features_are_compared() -> None:
    generator = np.random.default_rng(6)
    before, now = generator.random((60, 2)), generator.random((60, 2)) ** 1.2
    predicted = (before > 0.5, now > 0.5)
    alone = compare_distributions(before, now, ("a", "b"), predicted, 0.1)
    both = compare_distributions(before, now, ("a", "b"), predicted, 0.1, (before, now))
    assert [one.p for one in both.labels] == [min(1, 2 * one.p) for one in alone.labels]
    assert both.features is not None
    assert both.to_dict()["features"]["p"] == both.features.p
    assert (alone.features, alone.to_dict()["features"]) == (None, None)


@pytest.mark.parametrize(("rate", "expected"), [(0.5, 999), (0.005, 1999), (0.0005, 19999), (0.0004, None)])
def test_permutations_resolve_the_rate_or_there_are_too_many(rate: float, expected: int | None) -> None:
    assert permutations_for(rate) == expected


def test_a_rate_too_small_for_features_is_refused() -> None:
    with pytest.raises(InputError, match="too small to compare features"):
        compare_features(np.ones((30, 2)), np.ones((30, 2)), 1e-6)


def test_the_rows_that_are_unlike_validation_come_first() -> None:
    generator = np.random.default_rng(7)
    before, now = rows(generator, 200), rows(generator, 50)
    now[[7, 30]] += np.array([[40.0], [80.0]])
    found = unlike_pictures(before, now, np.arange(50).astype(str))
    assert [one.picture for one in found[:2]] == ["30", "7"]
    assert found[0].share == 0
    assert found[0].distance > 3 > found[5].distance
    assert np.median(unlikeness(before, now)[1]) == pytest.approx(1)


def test_large_sets_are_ranked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(8)
    before, now = rows(generator, 90), rows(generator, 70)
    whole = unlikeness(before, now)
    monkeypatch.setattr("tagfit.evaluation.two_samples.MOST_ROWS", 40)
    for one, other in zip(unlikeness(before, now), whole, strict=True):
        assert one == pytest.approx(other, rel=1e-3)
    assert compare_samples(before, now, 99).rows == 40
