"""Constant sets: what the best fixed set of tags for every picture would score, the bar under every tagger."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation import rows
from tagfit.evaluation.cases import Cases
from tagfit.evaluation.counts import Counts, from_margins
from tagfit.evaluation.metrics import Metric
from tagfit.evaluation.totals import Observed

Floats = NDArray[np.float64]


class ConstantSets(Observed):
    """The totals of several fixed sets of tags, each predicted for every row; the leading axis is the set.

    The sets are: the k labels most frequent in these rows, for k = 0 to L, and the most frequent whole set of tags.
    For averages over entries or labels the best of these is the best of all sets; for subset accuracy too; for
    averages over pictures it is a lower bound.
    """

    def __init__(self, cases: Cases) -> None:
        super().__init__(cases)
        share = cases.positives / np.where(cases.totals > 0, cases.totals, 1.0)
        self.order = np.argsort(-share, kind="stable")
        nested = np.zeros((cases.width + 1, cases.width), dtype=bool)
        for k, label in enumerate(self.order, 1):
            nested[k:, label] = True
        self.sets = np.concatenate([nested, most_frequent_set(cases)[None]])

    @property
    def counts(self) -> Counts:
        cases = self.cases
        return from_margins(self.sets * cases.positives, self.sets * cases.totals, cases.positives, cases.totals)

    def count_mean(self, name: str, of: Callable[[Counts], Floats]) -> Floats:
        truth, known = self.cases.truth, self.cases.known
        positives = truth.sum(axis=1, dtype=np.float64)
        known_in = rows.known_in_row(self.cases)
        means = []
        for kept in self.sets:
            tp = truth[:, kept].sum(axis=1, dtype=np.float64)
            predicted = (
                np.full(len(truth), kept.sum()) if known is None else known[:, kept].sum(axis=1, dtype=np.float64)
            )
            means.append(self._mean(of(from_margins(tp, predicted, positives, known_in))))
        return np.asarray(means)


def most_frequent_set(cases: Cases) -> NDArray[np.bool_]:
    """The set of tags that most rows have (of most weight), bool (L,)."""
    if not cases.rows:
        return np.zeros(cases.width, dtype=bool)
    # Rows are told apart by a random linear hash of 64 bits: sorting numbers is much faster than sorting rows.
    factors = np.random.default_rng(0).integers(0, 2**63, size=cases.width, dtype=np.uint64)
    _, first, which = np.unique(cases.truth @ factors, return_index=True, return_inverse=True)
    most = np.bincount(which, weights=cases.weights).argmax()
    return np.asarray(cases.truth[first[most]], dtype=np.bool_)


def best_constant(metric: Metric, sets: ConstantSets) -> float | None:
    """The best value of ``metric`` that a fixed set of tags reaches; None for a metric that judges scores."""
    if not metric.decides:
        return None
    values = metric.value(sets)
    if np.isnan(values).all():
        return None
    return float(np.nanmax(values) if metric.better == "higher" else np.nanmin(values))
