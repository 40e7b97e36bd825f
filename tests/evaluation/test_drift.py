"""Drift: no more false alarms than stated, planted shifts found, and the labels that shifted named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tagfit.errors import InputError
from tagfit.evaluation.drift import compare_distributions, holm

LABELS = tuple(f"label {place}" for place in range(12))


def scores(generator: np.random.Generator, n: int, shift: float = 0.0, shifted: int = 0) -> np.ndarray:
    """Probabilities, each label with a share of its own; the logits of the first ``shifted`` are raised."""
    logits = generator.normal(np.linspace(-3, 1, len(LABELS)), 2, size=(n, len(LABELS)))
    logits[:, :shifted] += shift
    return 1 / (1 + np.exp(-logits))


def drift(before: np.ndarray, now: np.ndarray, rate: float = 0.05) -> list[str]:
    found = compare_distributions(before, now, LABELS, (before > 0.5, now > 0.5), rate)
    return [one.label for one in found.shifted]


def test_false_alarms_stay_below_the_stated_rate() -> None:
    generator = np.random.default_rng(0)
    alarms = [bool(drift(scores(generator, 200), scores(generator, 150))) for _ in range(300)]
    assert np.mean(alarms) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


def test_the_labels_that_shifted_are_found_and_no_others() -> None:
    generator = np.random.default_rng(1)
    found = [drift(scores(generator, 300), scores(generator, 300, shift=1.5, shifted=2)) for _ in range(20)]
    assert sum({"label 0", "label 1"} <= set(one) for one in found) >= 19
    assert sum(len(one) > 2 for one in found) <= 3


def test_the_figures_of_a_label_are_its_own() -> None:
    before, now = np.full((40, 1), 0.2), np.full((30, 1), 0.9)
    one = compare_distributions(before, now, ("sea",), (before > 0.5, now > 0.5)).labels[0]
    assert (one.distance, one.mean_before, one.mean_now) == (1.0, pytest.approx(0.2), pytest.approx(0.9))
    assert (one.predicted_before, one.predicted_now, one.shifted) == (0.0, 1.0, True)


@given(arrays(np.float64, st.integers(1, 20), elements=st.floats(0, 1)))
def test_adjusted_p_values_keep_their_order_and_are_no_smaller(p: np.ndarray) -> None:
    found = holm(p)
    assert (found >= p - 1e-12).all()
    assert (found <= 1).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(found[order]) >= -1e-12).all()


@pytest.mark.parametrize("n", [0, 19])
def test_too_few_pictures_are_refused(n: int) -> None:
    generator = np.random.default_rng(2)
    with pytest.raises(InputError, match=f"{n} pictures"):
        drift(scores(generator, 100), scores(generator, n))


@pytest.mark.parametrize("rate", [0, 1, -0.1, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    generator = np.random.default_rng(3)
    with pytest.raises(InputError, match="rate"):
        drift(scores(generator, 50), scores(generator, 50), rate)
