"""Rows: what is measured picture by picture and then averaged over pictures, such as ranking loss or precision at k."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.cases import Cases
from tagfit.evaluation.counts import Counts, from_margins

Floats = NDArray[np.float64]

# (truth, known, scores) of a block of rows -> one value a row, NaN where it is undefined.
RowFunction = Callable[[NDArray[np.uint8], NDArray[np.bool_], NDArray[Any]], Floats]

ROWS_AT_ONCE = 2048


def row_counts(cases: Cases) -> Counts:
    """The counts of each row over its known labels, shape (N,): what sample averages are made from."""
    positives = cases.truth.sum(axis=1, dtype=np.float64)
    predicted = cases.predicted.sum(axis=1, dtype=np.float64)
    tp = (cases.predicted & cases.truth.view(np.bool_)).sum(axis=1, dtype=np.float64)
    return from_margins(tp, predicted, positives, known_in_row(cases))


def known_in_row(cases: Cases) -> Floats:
    """How many labels of each row are known, (N,)."""
    if cases.known is None:
        return np.full(cases.rows, float(cases.width))
    return np.asarray(cases.known.sum(axis=1, dtype=np.float64))


def by_blocks(cases: Cases, function: RowFunction) -> Floats:
    """``function`` over all rows, in blocks that fit the processor's cache, (N,)."""
    values = np.empty(cases.rows)
    for start in range(0, cases.rows, ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        truth = cases.truth[rows]
        known = np.ones(truth.shape, dtype=bool) if cases.known is None else cases.known[rows]
        values[rows] = function(truth, known, cases.scores[rows])
    return values


def subset_right(counts: Counts) -> Floats:
    """1 where all known labels of the row are right, else 0; NaN where none is known."""
    empty = counts.tp + counts.fp + counts.fn + counts.tn == 0
    return np.where(empty, np.nan, (counts.fp + counts.fn == 0).astype(np.float64))


def argmax_right(truth: NDArray[np.uint8], known: NDArray[np.bool_], scores: NDArray[Any]) -> Floats:
    """1 where the first highest score stands in the column of the first known 1 (column 0 where there is none)."""
    right = np.argmax(truth, axis=1) == np.argmax(np.where(known, scores, -1), axis=1)
    return np.where(known.any(axis=1), right.astype(np.float64), np.nan)
