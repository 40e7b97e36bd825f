"""Resamples: the totals of many bootstrap resamples at once, with a single sort per label."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation import entries
from tagfit.evaluation.calibration_error import from_sparse, sparse_bins
from tagfit.evaluation.counts import Counts, from_margins
from tagfit.evaluation.per_picture import RowFunction
from tagfit.evaluation.ranking import Ranked
from tagfit.evaluation.resampled_ranks import Order, order_of, pack, rank_packed, rank_weighted
from tagfit.evaluation.totals import Observed

Floats = NDArray[np.float64]
Draws = NDArray[np.float32]

CELLS_AT_ONCE = 400_000  # rows x resamples held together: what fits the cache of a core as float32
MOST_AT_ONCE = 32
FEWEST_AT_ONCE = 16


def draws(rows: int, repeats: int, seed: int, groups: NDArray[Any] | None = None) -> Iterator[Draws]:
    """How often each row is drawn, in blocks of shape (N, some resamples), ``repeats`` resamples in all.

    Pictures are drawn with replacement, as many as there are (Efron, 1979); where there are groups, whole groups are.
    The same arguments give the same draws, so two models on the same rows are compared draw by draw.
    """
    rng = np.random.default_rng(seed)
    units, of_row = (rows, None) if groups is None else drawn_units(groups)
    block = max(FEWEST_AT_ONCE, min(MOST_AT_ONCE, CELLS_AT_ONCE // max(rows, 1)))
    for start in range(0, repeats, block):
        width = min(block, repeats - start)
        drawn = np.empty((units, width), dtype=np.float32)
        for column in range(width):
            drawn[:, column] = np.bincount(rng.integers(0, units, units), minlength=units)
        yield drawn if of_row is None else drawn[of_row]


def drawn_units(groups: NDArray[Any]) -> tuple[int, NDArray[np.intp]]:
    """How many units are drawn, and the unit of each row, (N,); a row whose group is '' is a unit of its own."""
    names, of_row = np.unique(groups, return_inverse=True)
    of_row = np.where(groups == "", len(names) + np.arange(len(groups)), of_row)
    kept, dense = np.unique(of_row, return_inverse=True)
    return len(kept), dense


class Resampler:
    """What is worked out once for all resamples of some cases."""

    def __init__(self, observed: Observed) -> None:
        self.observed = observed
        self.cases = observed.cases

    def totals(self, drawn: Draws) -> Resampled:
        """The totals of the resamples in one block of :func:`draws`."""
        weights = self.cases.weights
        return Resampled(self, drawn if weights is None else drawn * weights.astype(np.float32)[:, None])

    @cached_property
    def orders(self) -> list[Order]:
        """For average precision and AUC, one per label."""
        return [order_of(self.cases, label) for label in range(self.cases.width)]

    @cached_property
    def segments(self) -> list[Any]:
        """What sums rows in these orders, as sparse matrices."""
        ones = np.ones(self.cases.rows, np.uint64 if self.cases.weights is None else np.float32)
        return [order.segments(ones) for order in self.orders]

    @cached_property
    def bins(self) -> list[tuple[Any, int]]:
        """For the calibration error, one per label; the bins are those of the original rows in every resample."""
        return [sparse_bins(self.cases, label) for label in range(self.cases.width)]

    @cached_property
    def indicators(self) -> NDArray[np.float32]:
        """Predicted and true, predicted, true, and known, each (L, N), one under the other; where everything is known,
        one row of ones stands for the last."""
        cases = self.cases
        truth = cases.truth.view(np.bool_)
        known = np.ones((cases.rows, 1), dtype=bool) if cases.known is None else cases.known
        parts = (cases.predicted & truth, cases.predicted, truth, known)
        return np.concatenate([part.T for part in parts]).astype(np.float32)

    @cached_property
    def log_losses(self) -> NDArray[np.float32]:
        """The log loss of each entry, (L, N), 0 where unknown."""
        return self._of_entries(entries.log_losses)

    @cached_property
    def squared_errors(self) -> NDArray[np.float32]:
        """The squared error of each entry, (L, N), 0 where unknown."""
        return self._of_entries(entries.squared_errors)

    def _of_entries(self, of: Callable[[NDArray[np.uint8], NDArray[Any]], Floats]) -> NDArray[np.float32]:
        values = of(self.cases.truth, self.cases.scores).astype(np.float32)
        if self.cases.known is not None:
            values *= self.cases.known
        return np.ascontiguousarray(values.T)


class Resampled:
    """The totals of a block of resamples; every array has the resamples as its first axis."""

    def __init__(self, once: Resampler, weights: Draws) -> None:
        self.once = once
        self.weights = weights

    @cached_property
    def _margins(self) -> tuple[Floats, Floats, Floats, Floats]:
        width = self.once.cases.width
        tp, predicted, positives, known = np.split(self._summed(self.once.indicators), [width, 2 * width, 3 * width], 1)
        return tp, predicted, positives, np.broadcast_to(known, tp.shape)

    @cached_property
    def counts(self) -> Counts:
        return from_margins(*self._margins)

    @property
    def known(self) -> Floats:
        return self._margins[3]

    @cached_property
    def log_loss(self) -> Floats:
        return self._summed(self.once.log_losses)

    @cached_property
    def squared_error(self) -> Floats:
        return self._summed(self.once.squared_errors)

    @cached_property
    def calibration_error(self) -> Floats:
        return np.stack([from_sparse(bins, self.weights) for bins in self.once.bins], axis=-1)

    @cached_property
    def ranked(self) -> Ranked:
        both = zip(self.once.orders, self.once.segments, strict=True)
        if self.once.cases.weights is None:
            packed, width = pack(self.weights), self.weights.shape[1]
            pairs = [rank_packed(order, segments, packed, width) for order, segments in both]
        else:
            pairs = [rank_weighted(order, segments, self.weights) for order, segments in both]
        return Ranked(np.stack([ap for ap, _ in pairs], axis=-1), np.stack([auc for _, auc in pairs], axis=-1))

    def count_mean(self, name: str, of: Callable[[Counts], Floats]) -> Floats:
        self.once.observed.count_mean(name, of)
        return self._mean(self.once.observed.rows[name])

    def row_mean(self, name: str, of: RowFunction) -> Floats:
        self.once.observed.row_mean(name, of)
        return self._mean(self.once.observed.rows[name])

    def _summed(self, values: NDArray[np.float32]) -> Floats:
        return (values @ self.weights).T.astype(np.float64)

    def _mean(self, values: Floats) -> Floats:
        defined = ~np.isnan(values)
        sums = np.stack([np.where(defined, values, 0.0), defined]).astype(np.float32) @ self.weights
        return np.where(sums[1] > 0, sums[0] / np.where(sums[1] > 0, sums[1], 1.0), np.nan).astype(np.float64)
