"""Counts: true and false positives and negatives per label, and the metrics defined by them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.cases import Cases, column_sums

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Counts:
    """How often each label was rightly and wrongly predicted, in rows (or their weight).

    Attributes:
        tp, fp, fn, tn: float64 of shape (..., L); leading axes are resamples or alternatives.
    """

    tp: Floats
    fp: Floats
    fn: Floats
    tn: Floats

    @property
    def pooled(self) -> Counts:
        """All labels together, shape (..., 1): what micro averages are made from."""
        return Counts(*(values.sum(axis=-1, keepdims=True) for values in (self.tp, self.fp, self.fn, self.tn)))


def count(cases: Cases) -> Counts:
    """The counts of each label over the known entries, shape (L,)."""
    predicted = column_sums(cases.predicted, cases.weights)
    tp = column_sums(cases.predicted & cases.truth.view(np.bool_), cases.weights)
    return from_margins(tp, predicted, cases.positives, cases.totals)


def from_margins(tp: Floats, predicted: Floats, positives: Floats, totals: Floats) -> Counts:
    """Counts from what was predicted and what is true, all of shape (..., L)."""
    fp = predicted - tp
    fn = positives - tp
    return Counts(tp, fp, fn, totals - tp - fp - fn)


def precision(counts: Counts) -> Floats:
    """TP / (TP + FP); 0 where a label with positives is never predicted, NaN where it has neither."""
    return _ratio(counts.tp, counts.tp + counts.fp, where_empty=np.where(counts.fn > 0, 0.0, np.nan))


def recall(counts: Counts) -> Floats:
    """TP / (TP + FN); NaN for a label without a positive."""
    return _ratio(counts.tp, counts.tp + counts.fn)


def fbeta(counts: Counts, beta: float = 1.0) -> Floats:
    """(1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP); NaN only where that is 0 / 0 (van Rijsbergen, 1979)."""
    weight = beta * beta
    hits = (1 + weight) * counts.tp
    return _ratio(hits, hits + weight * counts.fn + counts.fp)


def jaccard(counts: Counts) -> Floats:
    """TP / (TP + FP + FN); NaN where that is 0 / 0."""
    return _ratio(counts.tp, counts.tp + counts.fp + counts.fn)


def specificity(counts: Counts) -> Floats:
    """TN / (TN + FP); NaN for a label without a negative."""
    return _ratio(counts.tn, counts.tn + counts.fp)


def accuracy(counts: Counts) -> Floats:
    """(TP + TN) / all known; NaN for a label without known entries."""
    right = counts.tp + counts.tn
    return _ratio(right, right + counts.fp + counts.fn)


def _ratio(part: Floats, whole: Floats, where_empty: Floats | float = np.nan) -> Floats:
    empty = whole <= 0
    return np.where(empty, where_empty, part / np.where(empty, 1.0, whole))
