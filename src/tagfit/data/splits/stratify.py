"""Multi-label stratification: assigns rows or groups to parts with similar label distributions.

The idea is iterative stratification (Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data",
2011) with pairs of labels as well as single ones (Szymański and Kajdanowicz, "A network perspective on stratification
of multi-label data", 2017), followed by a local search: rows change places between two parts as long as that brings the
counts nearer to their targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagfit.data.splits.balance import Counts, Task, balance

# What a squared deviation costs, before it is divided by the share of the part and by the root of the whole count (so
# that a rare label weighs more than a frequent one, but not all). Chosen by measurement: docs/decisions/0030.
LABEL_COST = 1.0
PAIR_COST = 0.03
SIZE_COST = 10.0


def assign(
    truth: NDArray[np.uint8],
    known: NDArray[np.bool_],
    shares: Sequence[float],
    *,
    keys: Sequence[str],
    groups: NDArray[np.str_] | None = None,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Give each of N rows to one of k parts, so that all parts look like the whole.

    What is kept alike, as far as whole rows and groups allow: the sizes asked for, each label's known positives and
    unknown entries, each pair of labels; a label with at least k positives should have one in every part.

    Args:
        truth: (N, L), 0 where unknown.
        known: (N, L).
        shares: k positive numbers, the requested sizes; they are divided by their sum.
        keys: N names that stay with their rows (a path, a digest): with the seed, they alone break ties, so the order
            of the rows does not matter. Rows of equal key, truth and mask may be exchanged.
        groups: N names; rows of one name stay together, '' stands alone.
        seed: another seed, another split of the same quality.

    Returns:
        The part of each row, 0 to k - 1.
    """
    unit, order = _units(truth, known, keys, groups, seed)
    task = _task(truth, known, np.asarray(shares, dtype=np.float64) / np.sum(shares), unit, order, seed)
    placed = np.empty(len(order), dtype=np.int64)
    placed[order] = balance(task, seed)
    return placed[unit]


def assign_at_random(
    count: int,
    shares: Sequence[float],
    *,
    keys: Sequence[str],
    groups: NDArray[np.str_] | None = None,
    seed: int = 0,
) -> NDArray[np.int64]:
    """The same promise without a look at the labels: ``count`` rows in random order, cut at the shares."""
    blank = np.zeros((count, 0), dtype=np.uint8)
    unit, order = _units(blank, blank.astype(bool), keys, groups, seed)
    sizes = np.bincount(unit, minlength=len(order))[order]
    middle = (np.cumsum(sizes) - sizes / 2) / count
    cuts = np.cumsum(np.asarray(shares, dtype=np.float64) / np.sum(shares))[:-1]
    placed = np.empty(len(order), dtype=np.int64)
    placed[order] = np.searchsorted(cuts, middle, side="right")
    return placed[unit]


def _units(
    truth: NDArray[np.uint8],
    known: NDArray[np.bool_],
    keys: Sequence[str],
    groups: NDArray[np.str_] | None,
    seed: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The unit of each row, and the units in an order that the seed and the rows make, wherever they stand."""
    digests = [
        blake2b(
            f"{seed}\0{key}\0".encode("utf-8", "surrogateescape") + present.tobytes() + sure.tobytes(), digest_size=16
        )
        for key, present, sure in zip(keys, truth, known, strict=True)
    ]
    hashed = np.frombuffer(b"".join(digest.digest() for digest in digests), dtype="<u8").reshape(-1, 2)
    if groups is None:
        unit = np.arange(len(truth))
    else:
        alone = groups == ""
        unit = np.empty(len(truth), dtype=np.int64)
        names, unit[~alone] = np.unique(groups[~alone], return_inverse=True)
        unit[alone] = len(names) + np.arange(alone.sum())
    # A sum that wraps around does not ask for the order of the members.
    sums = np.zeros((int(unit.max(initial=-1)) + 1, 2), dtype=np.uint64)
    np.add.at(sums, unit, hashed)
    return unit, np.lexsort((sums[:, 1], sums[:, 0]))


def _task(
    truth: NDArray[np.uint8],
    known: NDArray[np.bool_],
    shares: Counts,
    unit: NDArray[np.int64],
    order: NDArray[np.int64],
    seed: int,
) -> Task:
    """What is counted: rows, the positives of each label, its unknown entries, the positives of each pair."""
    rows, labels = truth.shape
    tags = sparse.csr_array(truth, dtype=np.float64)
    unknown = sparse.csr_array(~known, dtype=np.float64)
    pairs = _pairs(tags)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    member = sparse.csr_array((np.ones(rows), (rank[unit], np.arange(rows))), shape=(len(order), rows))
    counted = sparse.csr_array(member @ sparse.hstack([np.ones((rows, 1)), tags, unknown, pairs], format="csr"))
    counted.sort_indices()

    totals = np.asarray(counted.sum(axis=0)).ravel()
    sizes = _whole(_with_presence(rows * shares[:, None])[:, 0], seed)
    targets = np.outer(sizes / rows, totals)
    targets[:, 1 : labels + 1] = _with_presence(targets[:, 1 : labels + 1])
    # An unknown entry moves the share of a label among its known entries by ``rate`` times as much as a positive does.
    rate = tags.sum(axis=0) / np.maximum(rows - unknown.sum(axis=0), 1)
    scale = np.sqrt(np.maximum(totals, 1))
    label_costs = LABEL_COST / scale[1 : labels + 1]
    costs = np.concatenate([[SIZE_COST], label_costs, label_costs * rate**2, PAIR_COST / scale[2 * labels + 1 :]])
    return Task(counted, targets, np.outer(1 / shares, costs))


def _pairs(tags: sparse.csr_array) -> sparse.csr_array:
    """(N, P): which pairs of labels are on together, for every pair that ever is."""
    labels = tags.shape[1]
    row, left, right = [], [], []
    lengths = np.diff(tags.indptr)
    for length in np.unique(lengths[lengths > 1]):
        rows = np.flatnonzero(lengths == length)
        columns = np.sort(tags.indices[tags.indptr[rows][:, None] + np.arange(length)], axis=1)
        first, second = np.triu_indices(length, 1)
        left.append(columns[:, first].ravel())
        right.append(columns[:, second].ravel())
        row.append(np.repeat(rows, len(first)))
    if not row:
        return sparse.csr_array((tags.shape[0], 0))
    code = np.concatenate(left).astype(np.int64) * labels + np.concatenate(right)
    names, column = np.unique(code, return_inverse=True)
    return sparse.csr_array((np.ones(len(code)), (np.concatenate(row), column)), shape=(tags.shape[0], len(names)))


def _with_presence(targets: Counts) -> Counts:
    """Targets (k, C) where a count of at least k wants one in every part, at the cost of the larger parts."""
    wanted = targets.copy()
    enough = targets.sum(axis=0) >= len(targets) - 1e-9
    for _ in range(len(targets)):
        small = (wanted <= 1) & enough
        rest = np.where(small, 0, targets)
        free = targets.sum(axis=0) - small.sum(axis=0)
        scaled = rest * (free / np.where(rest.sum(axis=0) > 0, rest.sum(axis=0), 1))
        wanted = np.where(enough, np.where(small, 1, scaled), targets)
    return wanted


def _whole(sizes: Counts, seed: int) -> Counts:
    """Whole numbers with the same sum: rounded down, and the largest remainders up, equal ones by the seed."""
    down = np.floor(sizes + 1e-9)
    missing = round(float(sizes.sum() - down.sum()))
    ties = np.random.default_rng(seed).permutation(len(sizes))
    largest = np.lexsort((ties, -np.round(sizes - down, 9)))[:missing]
    down[largest] += 1
    return down
