"""Balancing: assigns units to parts to meet target counts, greedily first, then by exchanges.

This half of the stratification knows nothing of labels: only units with counts, targets of these counts, and costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Counts = NDArray[np.float64]

# The local search looks at this many units of each side at a time, and at most this often at each pair of parts.
CANDIDATES = 384
VISITS = 60

LEAST_GAIN = 1e-9  # below this a change is rounding
CLOSED = 1e9  # what a row costs that makes a part larger than asked
NOBODY = -1


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be balanced.

    Attributes:
        counted: (U, C): what is counted in each unit (a group, or a row alone); the first column counts its rows.
        targets: (k, C): what each part should count.
        costs: (k, C), positive: what a squared deviation from a target costs.
    """

    counted: sparse.csr_array
    targets: Counts
    costs: Counts

    @property
    def units(self) -> int:
        return int(self.counted.shape[0])

    @property
    def parts(self) -> int:
        return int(self.targets.shape[0])


def balance(task: Task, seed: int) -> NDArray[np.int64]:
    """The part of each unit, 0 to k - 1, so that sum(costs * (counts of the part - targets)**2) is low."""
    part, deviation = _deal(task)
    random = np.random.default_rng(seed)
    for _ in range(VISITS):
        pairs = combinations(range(task.parts), 2)
        exchanged = [_exchange(task, part, deviation, pair, random) for pair in pairs]
        if not any(exchanged):
            break
    return part


def _deal(task: Task) -> tuple[NDArray[np.int64], Counts]:
    """A first assignment, and how far it is from the targets.

    Large units go first, then those with the rarest counts, each to the part that lacks it most.
    """
    x = task.counted
    sizes = x[:, [0]].toarray().ravel()
    wanted = task.targets[:, 0]
    # While parts fill up, size is one wish among others; only a full part is closed.
    costs = task.costs.copy()
    costs[:, 0] = np.sqrt(wanted.sum()) / np.maximum(wanted, 1)
    rarest = np.minimum.reduceat(task.targets.sum(axis=0)[x.indices], x.indptr[:-1])
    deviation = -task.targets
    part = np.zeros(task.units, dtype=np.int64)
    for unit in np.lexsort((np.arange(task.units), rarest, -sizes)):
        columns, counts = _row(x, int(unit))
        cost = (costs[:, columns] * counts * (2 * deviation[:, columns] + counts)).sum(axis=1)
        cost += CLOSED * np.maximum(deviation[:, 0] + sizes[unit] - 0.999, 0)
        chosen = int(cost.argmin())
        part[unit] = chosen
        deviation[chosen, columns] += counts
    return part, deviation


def _row(x: sparse.csr_array, row: int) -> tuple[NDArray[np.int64], Counts]:
    """The columns in which a row counts, and how much."""
    span = slice(x.indptr[row], x.indptr[row + 1])
    return x.indices[span], x.data[span]


def _exchange(
    task: Task, part: NDArray[np.int64], deviation: Counts, pair: tuple[int, int], random: np.random.Generator
) -> bool:
    """Make the best exchanges between two parts, in place, as long as they pay; returns whether there were any.

    Moving counts x from part a to part b changes the cost by x @ slope + x**2 @ weight, where the slope changes with
    each exchange and the weight does not. An exchange of x for y adds both sides, less 2 * (x * weight) @ y.
    """
    a, b = pair
    weight = task.costs[a] + task.costs[b]
    slope = _slope(task, deviation, pair)
    units_a, x = _candidates(task, part == a, slope, weight, random)
    units_b, y = _candidates(task, part == b, -slope, weight, random)
    fixed = (x.power(2) @ weight)[:, None] + y.power(2) @ weight - 2 * ((x * weight) @ y.T).toarray()
    exchanged = False
    while True:
        change = fixed + (x @ slope)[:, None] - y @ slope
        i, j = divmod(int(change.argmin()), change.shape[1])
        if change[i, j] > -LEAST_GAIN:
            return exchanged
        exchanged = True
        for at, side, units, counted, sign in ((i, b, units_a, x, 1), (j, a, units_b, y, -1)):
            columns, counts = _row(counted, at)
            deviation[a, columns] -= sign * counts
            deviation[b, columns] += sign * counts
            if units[at] != NOBODY:
                part[units[at]] = side
        # A unit moves once a visit; nobody, the last candidate, as often as it pays.
        if units_a[i] != NOBODY:
            fixed[i] = np.inf
        if units_b[j] != NOBODY:
            fixed[:, j] = np.inf
        slope = _slope(task, deviation, pair)


def _slope(task: Task, deviation: Counts, pair: tuple[int, int]) -> Counts:
    """What one count that moves from the first part of the pair to the second costs, to first order."""
    a, b = pair
    slope: Counts = 2 * (task.costs[b] * deviation[b] - task.costs[a] * deviation[a])
    return slope


def _candidates(
    task: Task, here: NDArray[np.bool_], slope: Counts, weight: Counts, random: np.random.Generator
) -> tuple[NDArray[np.int64], sparse.csr_array]:
    """Units of one part that may be worth moving, with their counts: the cheapest, as many at random, and nobody.

    Nobody counts for nothing: an exchange with nobody is a move.
    """
    units = np.flatnonzero(here)
    if len(units) > CANDIDATES:
        counted = task.counted[units]
        cheapest = np.argpartition(counted @ slope + counted.power(2) @ weight, CANDIDATES // 2)[: CANDIDATES // 2]
        units = units[np.unique(np.concatenate([cheapest, random.integers(len(units), size=CANDIDATES // 2)]))]
    nobody = sparse.csr_array((1, task.counted.shape[1]))
    return np.append(units, NOBODY), sparse.vstack([task.counted[units], nobody], format="csr")
