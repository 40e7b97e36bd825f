"""Stratified assignment: the laws it obeys, and how alike the parts are that it makes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tagfit.data.splits.stratify import assign, assign_at_random

HOLDOUT = (0.7, 0.15, 0.15)


def correlated(rows: int, labels: int, seed: int = 0) -> NDArray[np.uint8]:
    """Labels of falling prevalence that hang on two shared factors."""
    random = np.random.default_rng(seed)
    score = random.normal(size=(rows, 2)) @ random.normal(size=(2, labels)) + random.normal(size=(rows, labels))
    return (score > np.linspace(0.5, 3, labels)).astype(np.uint8)


def all_known(truth: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.ones(truth.shape, dtype=bool)


def names(count: int) -> list[str]:
    return [f"picture-{row}.jpg" for row in range(count)]


def share_distance(truth: NDArray[np.uint8], part: NDArray[np.int64]) -> float:
    """Mean over parts and labels of how far the share of a label is from its share in all rows."""
    return float(np.mean([abs(truth[part == p].mean(axis=0) - truth.mean(axis=0)) for p in np.unique(part)]))


def pair_distance(truth: NDArray[np.uint8], part: NDArray[np.int64]) -> float:
    left, right = np.triu_indices(truth.shape[1], 1)
    return share_distance(truth[:, left] & truth[:, right], part)


@st.composite
def tasks(draw: st.DrawFn) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.str_], tuple[float, ...], int]:
    rows, labels = draw(st.integers(1, 60)), draw(st.integers(0, 5))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    known = random.random((rows, labels)) > draw(st.sampled_from([0.0, 0.3]))
    truth = ((random.random((rows, labels)) < 0.4) & known).astype(np.uint8)
    groups = random.integers(0, draw(st.integers(1, 60)), rows).astype(str)
    groups[random.random(rows) < 0.5] = ""
    shares = draw(st.sampled_from([(1.0,), (0.8, 0.2), HOLDOUT, (0.2,) * 5]))
    return truth, known, groups, shares, draw(st.integers(0, 1000))


@settings(max_examples=60, deadline=None)
@given(tasks())
def test_the_order_of_rows_and_the_names_of_groups_do_not_matter_and_groups_stay_together(task) -> None:
    truth, known, groups, shares, seed = task
    keys = names(len(truth))
    part = assign(truth, known, shares, keys=keys, groups=groups, seed=seed)
    assert part.shape == (len(truth),)
    assert set(part) <= set(range(len(shares)))
    for group in set(groups) - {""}:
        assert len(set(part[groups == group])) == 1

    order = np.random.default_rng(seed).permutation(len(truth))
    renamed = np.array([f"{group[::-1]} again" if group else "" for group in groups])
    again = assign(truth[order], known[order], shares, keys=[keys[i] for i in order], groups=renamed[order], seed=seed)
    assert (again == part[order]).all()

    chance = assign_at_random(len(truth), shares, keys=keys, groups=groups, seed=seed)
    moved = assign_at_random(len(truth), shares, keys=[keys[i] for i in order], groups=renamed[order], seed=seed)
    assert (moved == chance[order]).all()
    for group in set(groups) - {""}:
        assert len(set(chance[groups == group])) == 1


@settings(max_examples=40, deadline=None)
@given(tasks())
def test_rows_alone_are_cut_at_the_sizes_asked_for(task) -> None:
    truth, known, _, shares, seed = task
    part = assign(truth, known, shares, keys=names(len(truth)), seed=seed)
    sizes = np.bincount(part, minlength=len(shares))
    if len(truth) >= 10:
        assert (abs(sizes - len(truth) * np.array(shares)) < 1).all()
    chance = assign_at_random(len(truth), shares, keys=names(len(truth)), seed=seed)
    assert (abs(np.bincount(chance, minlength=len(shares)) - len(truth) * np.array(shares)) <= 1).all()


def test_another_seed_is_another_split_and_the_same_seed_the_same() -> None:
    truth = correlated(200, 5)
    first, same, other = (assign(truth, all_known(truth), HOLDOUT, keys=names(200), seed=seed) for seed in (1, 1, 2))
    assert (first == same).all()
    assert (first != other).any()


def test_rows_of_equal_tags_are_dealt_in_proportion() -> None:
    truth = np.repeat(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.uint8), 20, axis=0)
    part = assign(truth, all_known(truth), HOLDOUT, keys=names(80))
    for start in range(0, 80, 20):
        assert np.bincount(part[start : start + 20]).tolist() == [14, 3, 3]


@pytest.mark.parametrize("shares", [HOLDOUT, (0.2,) * 5])
def test_labels_and_pairs_come_out_far_more_alike_than_by_chance(shares: tuple[float, ...]) -> None:
    truth = correlated(800, 10)
    part = assign(truth, all_known(truth), shares, keys=names(800))
    chance = assign_at_random(800, shares, keys=names(800))
    assert share_distance(truth, part) < share_distance(truth, chance) / 6
    assert pair_distance(truth, part) < pair_distance(truth, chance) / 2
    # No whole row could bring a label nearer than this: half a row in each part, give or take the size's own rounding.
    assert share_distance(truth, part) < 0.5 * np.mean([1 / (share * 800) for share in shares])


def test_groups_cost_little_balance() -> None:
    truth = correlated(1200, 8)
    groups = np.repeat(np.arange(1200), np.random.default_rng(0).integers(1, 12, 1200))[:1200].astype(str)
    part = assign(truth, all_known(truth), HOLDOUT, keys=names(1200), groups=groups)
    chance = assign_at_random(1200, HOLDOUT, keys=names(1200), groups=groups)
    assert share_distance(truth, part) < share_distance(truth, chance) / 4
    assert abs(np.bincount(part) - 1200 * np.array(HOLDOUT)).max() <= 2


def test_every_part_gets_a_rare_label_as_soon_as_there_are_enough() -> None:
    truth = np.zeros((400, 30), dtype=np.uint8)
    random = np.random.default_rng(3)
    for label in range(30):
        truth[random.choice(400, size=3 + label % 4, replace=False), label] = 1
    part = assign(truth, all_known(truth), HOLDOUT, keys=names(400))
    assert all(truth[part == number].any(axis=0).all() for number in range(3))


def test_the_larger_of_uneven_folds_get_the_odd_positives() -> None:
    """Each label is as near as whole rows can be, given the sizes of the folds: its counts are rounded by remainder."""
    truth = correlated(118, 3)
    part = assign(truth, all_known(truth), (0.2,) * 5, keys=names(118))
    sizes = np.bincount(part)
    exact = np.outer(sizes / 118, truth.sum(axis=0))
    rounded = np.floor(exact)
    for label, missing in enumerate((truth.sum(axis=0) - rounded.sum(axis=0)).astype(int)):
        rounded[np.argsort(rounded[:, label] - exact[:, label])[:missing], label] += 1
    best = np.abs((rounded - exact) / sizes[:, None]).mean()
    assert share_distance(truth, part) == pytest.approx(best)


def test_a_single_positive_goes_to_the_largest_part() -> None:
    truth = np.eye(40, 6, dtype=np.uint8)
    for seed in range(5):
        part = assign(truth, all_known(truth), HOLDOUT, keys=names(40), seed=seed)
        assert (part[:6] == 0).all()


def test_shares_among_known_entries_are_kept_and_unknown_is_not_absent() -> None:
    random = np.random.default_rng(0)
    full = (random.random((900, 4)) < 0.4).astype(np.uint8)
    known = random.random((900, 4)) > np.where(random.random(900) < 0.5, 0.9, 0.1)[:, None]
    truth = full * known
    rate = truth.sum(axis=0) / known.sum(axis=0)

    def worst(part: NDArray[np.int64]) -> float:
        rates = [truth[part == number].sum(axis=0) / known[part == number].sum(axis=0) for number in range(3)]
        return float(np.abs(rates - rate).max())

    part = assign(truth, known, HOLDOUT, keys=names(900))
    as_absent = assign(truth, all_known(truth), HOLDOUT, keys=names(900))
    assert worst(part) < 0.01
    assert worst(part) < worst(as_absent) / 2


def test_large_sets_take_seconds() -> None:
    """20,000 rows, so that a step that is quadratic in rows would take memory and minutes."""
    truth = correlated(20_000, 40)
    part = assign(truth, all_known(truth), HOLDOUT, keys=names(20_000))
    assert np.bincount(part).tolist() == [14_000, 3_000, 3_000]
    assert share_distance(truth, part) < 2e-4
