"""Average precision and AUC of resamples: packed sums give the very bits of plain ones, whatever ties and sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from tagfit.evaluation.cases import Cases
from tagfit.evaluation.resampled_ranks import order_of, pack, rank_packed, rank_weighted
from tagfit.scores import Scores


def cases(seed: int, rows: int, share: float, decimals: int, kind: Any, known: float) -> Cases:
    generator = np.random.default_rng(seed)
    scores = np.round(generator.random((rows, 2)), decimals).astype(kind)
    scores[generator.random(scores.shape) < 0.1] *= -0.0
    truth = (generator.random(scores.shape) < share).astype(np.uint8)
    return Cases.of(Scores.of(truth, scores, known=generator.random(scores.shape) < known))


@settings(deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(1, 60),
    share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    decimals=st.sampled_from([1, 2, 9]),
    kind=st.sampled_from([np.float32, np.float64]),
    known=st.sampled_from([1.0, 0.7]),
    most=st.sampled_from([3, 40_000]),
    width=st.integers(2, 33),  # of 1, NumPy adds in another order: the last bit of float32
)
def test_packed_sums_give_the_same_bits(
    seed: int, rows: int, share: float, decimals: int, kind: Any, known: float, most: int, width: int
) -> None:
    made = cases(seed, rows, share, decimals, kind, known)
    drawn = np.random.default_rng(seed).integers(0, most, (rows, width)).astype(np.float32)
    for label in range(2):
        order = order_of(made, label)
        packed = rank_packed(order, order.segments(np.ones(rows, np.uint64)), pack(drawn), width)
        plain = rank_weighted(order, order.segments(np.ones(rows, np.float32)), drawn)
        for one, other in zip(packed, plain, strict=True):
            assert_array_equal(one, other)


@pytest.mark.parametrize("decimals", [1, 9])
def test_the_sort_of_integers_orders_rows_as_lexsort_does(decimals: int) -> None:
    single, double = (cases(3, 500, 0.3, decimals, kind, 0.8) for kind in (np.float32, np.float64))
    for label in range(2):
        scores, truth = single.scores[:, label], single.truth[:, label]
        assert single.known is not None
        rows = np.flatnonzero(single.known[:, label])
        expected = rows[np.lexsort((truth[rows], -scores[rows]))]
        assert_array_equal(order_of(single, label).rows, expected)
        if decimals == 1:
            assert_array_equal(order_of(double, label).rows, expected)
            assert_array_equal(order_of(double, label).middles, order_of(single, label).middles)
