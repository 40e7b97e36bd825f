"""Constant sets: the score of the best fixed set of tags for every picture, the baseline of every tagger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.cases import Cases
from tagfit.evaluation.counts import Counts, from_margins
from tagfit.evaluation.metrics import Metric
from tagfit.evaluation.per_picture import ROWS_AT_ONCE, known_in_row
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
        states = self._histograms if self.cases.known is None else self._rows_of_sets()
        return np.array([_weighted_mean(of(counts), weights) for counts, weights in states])

    @cached_property
    def _histograms(self) -> list[tuple[Counts, Floats]]:
        """For each set, the counts that a row can have, and the weight of the rows that have them.

        Only (hits, positives) tell rows apart here, and adding a label to the set moves only the rows that have it: so
        all sets together cost one visit to each positive.
        """
        truth, weights = self.cases.truth, self.cases.weights
        positives = truth.sum(axis=1, dtype=np.int64)
        most = int(positives.max(initial=0)) + 1
        tp_of, positives_of = (axis.ravel().astype(np.float64) for axis in np.divmod(np.arange(most * most), most))

        def state(code: NDArray[np.int64], rows: NDArray[np.intp] | slice) -> Floats:
            weighed = None if weights is None else weights[rows]
            return np.bincount(code[rows], weights=weighed, minlength=most * most).astype(np.float64)

        def counts(size: int) -> Counts:
            return from_margins(tp_of, np.full(len(tp_of), size), positives_of, np.full(len(tp_of), self.cases.width))

        code = positives.copy()  # hits * most + positives
        held = state(code, slice(None))
        found = [(counts(0), held)]
        columns = np.ascontiguousarray(truth.T)
        for size, label in enumerate(self.order, 1):
            moved = np.flatnonzero(columns[label])
            held = held - state(code, moved)
            code[moved] += most
            held = held + state(code, moved)
            found.append((counts(size), held))
        most_frequent = self.sets[-1]
        code = truth[:, most_frequent].sum(axis=1, dtype=np.int64) * most + positives
        return [*found, (counts(int(most_frequent.sum())), state(code, slice(None)))]

    def _rows_of_sets(self) -> Iterator[tuple[Counts, Floats]]:
        """For each set, the counts of each row and its weight: where labels are unknown, every row may differ."""
        cases = self.cases
        assert cases.known is not None
        positives, known = cases.truth.sum(axis=1, dtype=np.float64), known_in_row(cases)
        weights = np.ones(cases.rows) if cases.weights is None else cases.weights
        for kept in self.sets:
            tp = cases.truth[:, kept].sum(axis=1, dtype=np.float64)
            predicted = cases.known[:, kept].sum(axis=1, dtype=np.float64)
            yield from_margins(tp, predicted, positives, known), weights


def _weighted_mean(values: Floats, weights: Floats) -> float:
    """The mean of the values that are defined; NaN where none is."""
    kept = ~np.isnan(values) & (weights > 0)
    return float(np.average(values[kept], weights=weights[kept])) if kept.any() else np.nan


def most_frequent_set(cases: Cases) -> NDArray[np.bool_]:
    """The set of tags that most rows have (of most weight), bool (L,)."""
    if not cases.rows:
        return np.zeros(cases.width, dtype=bool)
    # Rows are told apart by a random linear hash of 64 bits: sorting numbers is much faster than sorting rows.
    factors = np.random.default_rng(0).integers(0, 2**63, size=cases.width, dtype=np.uint64)
    blocks = [cases.truth[start : start + ROWS_AT_ONCE] @ factors for start in range(0, cases.rows, ROWS_AT_ONCE)]
    _, first, which = np.unique(np.concatenate(blocks), return_index=True, return_inverse=True)
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
