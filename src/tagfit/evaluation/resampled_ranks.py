"""Average precision and AUC of many resamples of one label, from a single sort of its scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.cases import Cases

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Draws = NDArray[np.float32]
Words = NDArray[np.uint64]

INDEX_BITS = np.uint64(32)


@dataclass(frozen=True, eq=False)
class Order:
    """One label's known rows from the highest score down, of one score the negatives first.

    The G runs are those of a distinct score that a positive has.

    Attributes:
        rows: int64 (K,), the rows in this order.
        starts, middles, ends: int64 (G,), where in it each run begins, its positives begin, and it ends.
    """

    rows: Ints
    starts: Ints
    middles: Ints
    ends: Ints

    @property
    def has_ties(self) -> bool:
        """Whether any negative shares a score with a positive."""
        return bool((self.middles > self.starts).any())

    def segments(self, ones: NDArray[Any]) -> Any:
        """A sparse 0/1 matrix (3 G + 1, N) that sums rows: for each run the negatives above it (since the one before),
        its negatives and its positives; then the negatives below all. ``ones`` are N of them, of the type to sum."""
        from scipy.sparse import csr_matrix

        bounds = np.zeros(3 * len(self.starts) + 2, dtype=np.int64)
        bounds[1:-1:3], bounds[2:-1:3], bounds[3:-1:3] = self.starts, self.middles, self.ends
        bounds[-1] = len(self.rows)
        shape = (len(bounds) - 1, len(ones))
        return csr_matrix((ones[: len(self.rows)], self.rows, bounds), shape=shape)


def order_of(cases: Cases, label: int) -> Order:
    """The order of one label."""
    scores, truth = cases.scores[:, label], cases.truth[:, label]
    rows = np.arange(cases.rows) if cases.known is None else np.flatnonzero(cases.known[:, label])
    if scores.dtype == np.float32:
        rows, fresh, on = _sorted(rows, scores[rows], truth[rows])
    else:
        rows = rows[np.lexsort((truth[rows], -scores[rows]))]
        high, on = scores[rows], truth[rows] == 1
        fresh = np.append(True, high[1:] != high[:-1]) if len(rows) else np.zeros(0, dtype=bool)
    run = np.cumsum(fresh) - 1  # which distinct score each row has
    starts = np.flatnonzero(fresh)
    ends = np.append(starts[1:], len(rows)).astype(np.int64)[: len(starts)]
    positives = np.bincount(run[on], minlength=len(starts))
    kept = positives > 0
    return Order(rows, starts[kept], (ends - positives)[kept], ends[kept])


def _sorted(
    rows: Ints, scores: NDArray[np.float32], truth: NDArray[np.uint8]
) -> tuple[Ints, NDArray[np.bool_], NDArray[np.bool_]]:
    """(the rows in order, where a distinct score begins, which are positive): one plain sort of integers.

    A float in [0, 1] sorts as its bits do; with its complement above, the truth next and the place in ``rows`` below,
    the integers sort as rows do, several times faster than by ``lexsort``.
    """
    bits = (scores + np.float32(0)).view(np.uint32)  # a negative zero becomes zero
    high = (~bits << np.uint32(1)) | truth  # the highest bit of a score is 0
    keys = (high.astype(np.uint64) << INDEX_BITS) | np.arange(len(rows), dtype=np.uint64)
    keys.sort()
    high = (keys >> INDEX_BITS).astype(np.uint32)
    score = high >> np.uint32(1)
    fresh = np.append(True, score[1:] != score[:-1]) if len(rows) else np.zeros(0, dtype=bool)
    return rows[(keys & np.uint64(0xFFFFFFFF)).astype(np.int64)], fresh, (high & np.uint32(1)) == 1


def pack(drawn: Draws) -> tuple[Words, type]:
    """How often each row is drawn, several resamples side by side in each 64-bit word: words (P, N) and the type
    of their parts. Sums of words are sums of all parts, as long as none passes its type, which the total decides."""
    most = float(drawn.sum(axis=0, dtype=np.float64).max(initial=0))
    part = np.uint16 if most < 2**16 else np.uint32
    per_word = 8 // np.dtype(part).itemsize
    rows, width = drawn.shape
    parts = np.zeros((rows, -(-width // per_word) * per_word), dtype=part)
    parts[:, :width] = drawn
    return np.ascontiguousarray(parts.view(np.uint64).T), part


def rank_packed(order: Order, segments: Any, packed: tuple[Words, type], width: int) -> tuple[Floats, Floats]:
    """Average precision and AUC in each of ``width`` resamples, which :func:`pack` has packed."""
    words, part = packed
    runs = len(order.starts)
    if not runs:
        return np.full(width, np.nan), np.full(width, np.nan)
    hits, found, false, tied = (np.empty((runs, len(words)), dtype=np.uint64) for _ in range(4))
    below = np.empty((1, len(words)), dtype=np.uint64)
    for at, word in enumerate(words):
        sums = segments @ word
        above, tied[:, at], hits[:, at] = sums[0:-1:3], sums[1:-1:3], sums[2:-1:3]
        found[:, at] = hits[:, at].cumsum()
        false[:, at] = (above + tied[:, at]).cumsum()
        below[:, at] = sums[-1]

    def parts(sums: Words) -> Draws:
        return sums.view(part)[:, :width].astype(np.float32)

    ties = parts(tied) if order.has_ties else None
    return _areas(parts(hits), parts(found), parts(false), ties, parts(below)[0])


def rank_weighted(order: Order, segments: Any, weights: Draws) -> tuple[Floats, Floats]:
    """Average precision and AUC in each resample of rows with weights; weights is (N, B)."""
    if not len(order.starts):
        return np.full(weights.shape[1], np.nan), np.full(weights.shape[1], np.nan)
    sums = segments @ weights
    above, tied, hits = sums[0:-1:3], sums[1:-1:3], sums[2:-1:3]
    found = np.cumsum(hits, axis=0)
    false = np.cumsum(above + tied if order.has_ties else above, axis=0)
    return _areas(hits, found, false, tied if order.has_ties else None, sums[-1])


def _areas(hits: Draws, found: Draws, false: Draws, tied: Draws | None, below: Draws) -> tuple[Floats, Floats]:
    """Average precision and AUC of each resample, from sums over the runs.

    Args:
        hits: the positives of each run, (G, B).
        found, false: the positives and the negatives down to its end, (G, B).
        tied: its negatives, (G, B); None where there are none.
        below: the negatives below all runs, (B,).
    """
    positives, negatives = found[-1].astype(np.float64), (false[-1] + below).astype(np.float64)
    reached = found + false
    precision = np.divide(found, reached, out=found, where=reached > 0)
    gained = np.einsum("gb,gb->b", precision, hits)
    outranked = negatives * positives - np.einsum("gb,gb->b", hits, false if tied is None else false - 0.5 * tied)
    with np.errstate(invalid="ignore", divide="ignore"):
        ap = np.where(positives > 0, gained / positives, np.nan)
        auc = np.where((positives > 0) & (negatives > 0), outranked / positives / negatives, np.nan)
    return ap, auc
