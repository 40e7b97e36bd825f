"""Resamples: the totals of many bootstrap resamples at once, with a single sort per label."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation import entries
from tagfit.evaluation.calibration_error import from_sparse, sparse_bins
from tagfit.evaluation.cases import Cases
from tagfit.evaluation.counts import Counts, from_margins
from tagfit.evaluation.per_picture import RowFunction
from tagfit.evaluation.ranking import Ranked
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


@dataclass(frozen=True, eq=False)
class _Segments:
    """One label's rows from the highest score down, cut wherever a sum is wanted.

    Attributes:
        sums: a sparse 0/1 matrix (3 G + 1, N): for each distinct score that a positive has, the negatives above it
            (since the one before), the negatives that share it, and its positives; then the negatives below all.
        ties: whether any negative shares a score with a positive.
    """

    sums: Any
    ties: bool


def _segments(cases: Cases, label: int) -> _Segments:
    from scipy.sparse import csr_matrix

    scores, truth = cases.scores[:, label], cases.truth[:, label]
    rows = np.arange(cases.rows) if cases.known is None else np.flatnonzero(cases.known[:, label])
    order = rows[np.lexsort((truth[rows], -scores[rows]))]  # from the highest down; of one score, negatives first
    high, on = scores[order], truth[order] == 1
    fresh = np.append(True, high[1:] != high[:-1]) if len(order) else np.zeros(0, dtype=bool)
    run = np.cumsum(fresh) - 1  # which distinct score each row has
    starts, ends = np.flatnonzero(fresh), np.append(np.flatnonzero(fresh)[1:], len(order))
    positives = np.bincount(run, weights=on, minlength=len(starts)).astype(np.int64)
    kept = positives > 0
    bounds = np.zeros(3 * int(kept.sum()) + 2, dtype=np.int64)
    bounds[1:-1:3] = starts[kept]
    bounds[2:-1:3] = (ends - positives)[kept]
    bounds[3:-1:3] = ends[kept]
    bounds[-1] = len(order)
    shape = (len(bounds) - 1, cases.rows)
    sums = csr_matrix((np.ones(len(order), np.float32), order, bounds), shape=shape)
    return _Segments(sums, bool((bounds[2:-1:3] > bounds[1:-1:3]).any()))


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
    def segments(self) -> list[_Segments]:
        """For average precision and AUC, one per label."""
        return [_segments(self.cases, label) for label in range(self.cases.width)]

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
        pairs = [_rank(segments, self.weights) for segments in self.once.segments]
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


def _rank(segments: _Segments, weights: Draws) -> tuple[Floats, Floats]:
    """Average precision and AUC of one label in each resample."""
    sums = segments.sums @ weights
    above, tied, hits = sums[0:-1:3], sums[1:-1:3], sums[2:-1:3]
    if not len(hits):
        nothing = np.full(weights.shape[1], np.nan)
        return nothing, nothing
    found = np.cumsum(hits, axis=0)
    false = np.cumsum(above + tied if segments.ties else above, axis=0)
    positives, negatives = found[-1].astype(np.float64), (false[-1] + sums[-1]).astype(np.float64)
    reached = found + false
    np.divide(found, reached, out=found, where=reached > 0)
    gained = np.einsum("gb,gb->b", found, hits)
    outranked = negatives * positives - np.einsum("gb,gb->b", hits, false - 0.5 * tied if segments.ties else false)
    with np.errstate(invalid="ignore", divide="ignore"):
        ap = np.where(positives > 0, gained / positives, np.nan)
        auc = np.where((positives > 0) & (negatives > 0), outranked / positives / negatives, np.nan)
    return ap, auc
