"""Acquisition and similarity: uncertain rows first, copies of what was taken last, rare labels before common ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagfit.errors import InputError
from tagfit.pool.acquisition import acquire, directions, label_weights, uncertainty
from tagfit.pool.similarity import nearest


def rows(seed: int, n: int = 30, labels: int = 3, width: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.random((n, labels)), rng.normal(size=(n, width))


def test_entropy_is_one_bit_at_a_half_and_none_where_sure() -> None:
    np.testing.assert_allclose(uncertainty(np.array([0.0, 0.5, 1.0])), [0, 1, 0], atol=1e-5)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_each_row_is_taken_once_and_the_first_is_the_most_uncertain(seed: int, count: int) -> None:
    scores, features = rows(seed)
    taken, unsure = acquire(scores, features, np.ones(3), count)
    assert len(taken) == len(set(taken.tolist())) == min(count, 30)
    assert taken[0] == unsure.argmax()
    fewer, _ = acquire(scores, features, np.ones(3), max(1, count // 2))
    assert taken[: len(fewer)].tolist() == fewer.tolist(), "a shorter list is the beginning of a longer one"


@given(st.integers(0, 2**32 - 1))
def test_the_order_of_the_pool_does_not_matter(seed: int) -> None:
    scores, features = rows(seed)
    order = np.random.default_rng(seed).permutation(30)
    taken, _ = acquire(scores, features, np.ones(3), 5)
    again, _ = acquire(scores[order], features[order], np.ones(3), 5)
    assert order[again].tolist() == taken.tolist()


def test_copies_of_what_was_taken_come_last() -> None:
    scores, features = rows(0, n=12)
    scores[:6], features[:6] = 0.5, features[0]  # six most uncertain rows that show the same
    taken, _ = acquire(scores, features, np.ones(3), 12)
    assert taken[0] == 0
    assert set(taken[-5:].tolist()) == {1, 2, 3, 4, 5}


def test_rare_labels_count_more() -> None:
    scores = np.array([[0.5, 0.01], [0.01, 0.5]])
    taken, _ = acquire(scores, np.eye(2), np.array([100.0, 3.0]), 1)
    assert taken.tolist() == [1]
    assert label_weights(np.array([8.0, 8.0])).tolist() == [1.0, 1.0]


def test_wrong_arguments_are_refused() -> None:
    scores, features = rows(0)
    with pytest.raises(InputError, match="count = 0"):
        acquire(scores, features, np.ones(3), 0)
    with pytest.raises(InputError, match="positives"):
        acquire(scores, features, np.ones(2), 5)


def test_directions_are_unit_vectors_and_constant_dimensions_do_not_count() -> None:
    _, features = rows(1)
    with_constant = np.column_stack([features, np.full(30, 7.0)])
    np.testing.assert_allclose(directions(with_constant)[:, :6], directions(features), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(directions(features), axis=1), 1, atol=1e-5)


@given(st.integers(0, 2**32 - 1), st.integers(0, 29))
def test_a_row_is_nearest_to_itself(seed: int, row: int) -> None:
    _, features = rows(seed)
    order, cosines = nearest(features[row], features, 5)
    assert order[0] == row
    assert cosines[0] == pytest.approx(1, abs=1e-5)
    assert (np.diff(cosines) <= 0).all()
