"""Two samples: whether two sets of feature rows come from one distribution, and which rows are unlike a set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.floating[Any]]

# Principal components, as many as there are rows for.
COMPONENTS, ROWS_A_COMPONENT, SMALLEST_SHARE = 64, 4, 1e-4
MOST_ROWS = 2000  # of today's in the test, drawn at random: time and memory grow with the square
FEWEST_PERMUTATIONS, MOST_PERMUTATIONS = 999, 20_000
# Of the p value: so many permutations have to lie beyond the rate for it to be resolved.
RESOLUTION = 10
AT_ONCE = 250  # permutations
SEED = 0
NEIGHBOURS = 5


@dataclass(frozen=True)
class TwoSamples:
    """The outcome of the test.

    Attributes:
        distance: the maximum mean discrepancy, unbiased, from 0 (none) up to about 1.
        p: the probability of such a distance if both sets come from one distribution.
        rows: how many of the second set took part.
    """

    distance: float
    p: float
    rows: int


def permutations_for(rate: float) -> int | None:
    """How many permutations can show a p value below a rate; None where it would take too many."""
    needed = int(np.ceil(RESOLUTION / rate)) - 1
    return max(FEWEST_PERMUTATIONS, needed) if needed <= MOST_PERMUTATIONS else None


def compare_samples(before: Rows, now: Rows, permutations: int = FEWEST_PERMUTATIONS) -> TwoSamples:
    """Compare two sets of rows by the maximum mean discrepancy with a permutation test.

    The kernel is Gaussian on whitened principal components, as wide as the median distance; both come from the rows of
    the two sets together, so that the test is exact: without a shift, p is below a rate in no more than that share of
    cases. See docs/decisions/0310.

    Args:
        before: (N, D), at least 2.
        now: (M, D), at least 2.
        permutations: how often the sets are mixed; p is at least 1 / (permutations + 1).

    Reference: Gretton et al., A Kernel Two-Sample Test, 2012.
    """
    rng = np.random.default_rng(SEED)
    if len(now) > MOST_ROWS:
        now = now[np.sort(rng.permutation(len(now))[:MOST_ROWS])]
    kernel = _kernel(np.concatenate([before, now]).astype(np.float32))
    n, m = len(before), len(now)
    weights = np.concatenate([np.full(n, 1 / n), np.full(m, -1 / m)]).astype(np.float32)
    found = float(weights @ kernel @ weights)
    beyond = 0
    for start in range(0, permutations, AT_ONCE):
        mixed = np.tile(weights, (min(AT_ONCE, permutations - start), 1))
        mixed = rng.permuted(mixed, axis=1)
        others = np.einsum("pi,pi->p", mixed, mixed @ kernel)
        beyond += int((others >= found * (1 - 1e-5)).sum())  # what rounding tells apart counts as equal
    own = 1 / n + 1 / m  # what each row adds with itself
    return TwoSamples(float(np.sqrt(max(0.0, found - own))), (1 + beyond) / (1 + permutations), m)


def _kernel(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    whitened = _whitened(standardised(rows, rows))
    squares = _squared_distances(whitened, whitened)
    middle = float(np.median(squares[np.triu_indices(len(rows), 1)]))
    return np.asarray(np.exp(-squares / max(middle, 1e-12)))


def _whitened(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The leading principal components of standardised rows, each with variance 1.

    The scores of labels depend on the first components, and are compared on their own; what changes with a camera lies
    in the later ones, which no distance shows while the first ones are larger.
    """
    n, width = rows.shape
    products = (rows.T @ rows if width <= n else rows @ rows.T).astype(np.float64)
    values, vectors = np.linalg.eigh(products)
    order = np.argsort(-values, kind="stable")[: max(1, min(COMPONENTS, n // ROWS_A_COMPONENT))]
    order = order[values[order] > SMALLEST_SHARE * values.max(initial=0.0)]
    found = rows @ (vectors[:, order] / np.sqrt(values[order])) if width <= n else vectors[:, order]
    return np.asarray(found * np.sqrt(n), dtype=np.float32)


def standardised(rows: Rows, by: Rows) -> NDArray[np.float32]:
    """Rows in standard deviations from the mean of ``by``; columns that hardly vary there are left out."""
    spread = by.std(axis=0, dtype=np.float64)
    varies = spread > 1e-6 * max(float(spread.max(initial=0.0)), 1e-30)
    middle = by[:, varies].mean(axis=0, dtype=np.float64)
    return np.asarray((rows[:, varies] - middle) / spread[varies], dtype=np.float32)


def unlikeness(before: Rows, now: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each row of today is from its nearest rows of validation, and what is usual among those themselves.

    Args:
        before: (N, D), more than NEIGHBOURS.
        now: (M, D).

    Returns:
        Mean distances to the NEIGHBOURS nearest of ``before``, (M,) and (N,), in units of the median of the latter.
    """
    base, new = standardised(before, before), standardised(now, before)
    own = _to_nearest(base, base, leave_out=True)
    unit = max(float(np.median(own)), 1e-12)
    return _to_nearest(new, base) / unit, own / unit


def _to_nearest(rows: NDArray[np.float32], others: NDArray[np.float32], *, leave_out: bool = False) -> Any:
    found = np.empty(len(rows))
    for start in range(0, len(rows), MOST_ROWS):
        squares = _squared_distances(rows[start : start + MOST_ROWS], others)
        if leave_out:
            np.fill_diagonal(squares[:, start:], np.inf)
        nearest = np.partition(squares, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
        found[start : start + MOST_ROWS] = np.sqrt(nearest).mean(axis=1)
    return found


def _squared_distances(rows: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    found = (rows * rows).sum(axis=1)[:, None] + (others * others).sum(axis=1) - 2 * rows @ others.T
    if rows is others:
        np.fill_diagonal(found, 0)  # what rounding leaves there
    return np.asarray(np.maximum(found, 0), dtype=np.float32)
