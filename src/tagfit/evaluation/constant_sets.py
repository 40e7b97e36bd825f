"""Constant sets: what the best fixed set of tags, predicted for every row, would score: a bar for every model."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.cases import Cases
from tagfit.evaluation.counts import Counts, from_margins
from tagfit.evaluation.metrics import Metric
from tagfit.evaluation.per_picture import ROWS_AT_ONCE, known_in_row
from tagfit.evaluation.totals import Constant, Observed

Floats = NDArray[np.float64]

CELLS_AT_ONCE = 1_000_000  # sets x rows (or kinds of rows) that are in memory together


class ConstantSets:
    """Fixed sets of tags, each predicted for every row.

    The sets are: the k labels most frequent in these rows, for k = 0 to L, and the most frequent whole set of tags.
    For averages over entries or labels the best of these is the best of all sets; for subset accuracy too; for
    averages over rows it is a lower bound.

    As each set has one label more than the one before, all of them together cost time and memory that are linear in
    the entries of the truth: what changes from set to set is one label of each row.

    Attributes:
        order: the labels from the most frequent down, (L,).
        most_frequent: the most frequent whole set of tags, bool (L,).
    """

    def __init__(self, cases: Cases) -> None:
        self.cases = cases
        share = cases.positives / np.where(cases.totals > 0, cases.totals, 1.0)
        self.order = np.argsort(-share, kind="stable")
        self.most_frequent = most_frequent_set(cases)

    def values(self, metric: Metric) -> Floats:
        """A metric that judges predicted tags, for each set: (L + 2,)."""
        if metric.of_labels is not None and not metric.of_rows:
            return self._means_over_labels(metric)
        return np.asarray(metric.value(_Sets(self)), dtype=np.float64)

    def _means_over_labels(self, metric: Metric) -> Floats:
        """A label's own value depends only on whether the label itself is in the set: two values per label."""
        assert metric.of_labels is not None
        ones = np.ones(self.cases.width)
        on, off = (metric.of_labels(Constant(self.cases, kept, kept > 0)) for kept in (ones, 0 * ones))
        weights = self.cases.positives if metric.by_support else ones
        defined = [weights * ~np.isnan(values) for values in (on, off)]
        summed = self._over_sets(
            *(np.nan_to_num(values) * mass for values, mass in zip((on, off), defined, strict=True))
        )
        mass = self._over_sets(*defined)
        return np.where(mass > 0, summed / np.where(mass > 0, mass, 1.0), np.nan)

    def _over_sets(self, on: Floats, off: Floats) -> Floats:
        """The sum over labels, for each set, of ``on`` where the label is in it and of ``off`` where not."""
        return np.asarray(self.over_sets(on - off) + off.sum())

    def over_sets(self, values: Floats) -> Floats:
        """The sum over the labels of each set of a value per label, (L,) -> (L + 2,)."""
        return np.concatenate([[0.0], np.cumsum(values[self.order]), [values[self.most_frequent].sum()]])

    def row_counts(self) -> Iterator[tuple[Counts, Floats]]:
        """In blocks of sets: the counts of each row (or kind of row), (sets, R), and the weight of each, (sets, R)."""
        most = int(self.cases.truth.sum(axis=1, dtype=np.int64).max(initial=0)) + 1
        few_kinds = self.cases.known is None and most * most < self.cases.rows
        yield from self._kinds_of_rows(most) if few_kinds else self._single_rows()

    def _kinds_of_rows(self, most: int) -> Iterator[tuple[Counts, Floats]]:
        """Only (hits, positives) distinguish rows here; a set with one label more moves only the rows that have it."""
        truth, weights, width = self.cases.truth, self.cases.weights, self.cases.width
        positives = truth.sum(axis=1, dtype=np.int64)
        hits_of, positives_of = (axis.ravel().astype(np.float64) for axis in np.divmod(np.arange(most * most), most))

        def state(code: NDArray[np.int64], rows: NDArray[np.intp] | slice) -> Floats:
            weighed = None if weights is None else weights[rows]
            return np.bincount(code[rows], weights=weighed, minlength=most * most).astype(np.float64)

        def block(sizes: Floats, states: list[Floats]) -> tuple[Counts, Floats]:
            predicted = np.broadcast_to(sizes[:, None], (len(sizes), most * most))
            return from_margins(hits_of, predicted, positives_of, np.full(most * most, float(width))), np.stack(states)

        code = positives.copy()  # hits * most + positives
        states = [state(code, slice(None))]
        first = 0
        for size, label in enumerate(self.order.tolist(), 1):
            moved = np.flatnonzero(truth[:, label])
            left = states[-1] - state(code, moved)
            if len(states) * most * most >= CELLS_AT_ONCE:
                yield block(np.arange(first, size, dtype=np.float64), states)
                states, first = [], size
            code[moved] += most
            states.append(left + state(code, moved))
        yield block(np.arange(first, self.cases.width + 1, dtype=np.float64), states)
        code = truth[:, self.most_frequent].sum(axis=1, dtype=np.int64) * most + positives
        yield block(np.array([float(self.most_frequent.sum())]), [state(code, slice(None))])

    def _single_rows(self) -> Iterator[tuple[Counts, Floats]]:
        """Where labels are unknown, or rows are fewer than their kinds, each row is counted by itself."""
        cases = self.cases
        positives, known = cases.truth.sum(axis=1, dtype=np.float64), known_in_row(cases)
        weights = np.ones(cases.rows) if cases.weights is None else cases.weights
        hits, predicted = np.zeros((1, cases.rows)), np.zeros((1, cases.rows))

        def block() -> tuple[Counts, Floats]:
            return from_margins(hits, predicted, positives, known), np.broadcast_to(weights, hits.shape)

        yield block()
        at_once = max(1, CELLS_AT_ONCE // max(cases.rows, 1))
        for start in range(0, cases.width, at_once):
            labels = self.order[start : start + at_once]
            hits = hits[-1] + np.cumsum(cases.truth[:, labels].T, axis=0, dtype=np.float64)
            predicted = predicted[-1] + np.cumsum(_known_columns(cases, labels), axis=0, dtype=np.float64)
            yield block()
        kept = np.flatnonzero(self.most_frequent)
        hits = cases.truth[:, kept].sum(axis=1, dtype=np.float64)[None]
        predicted = _known_columns(cases, kept).sum(axis=0, dtype=np.float64)[None]
        yield block()


def _known_columns(cases: Cases, labels: NDArray[np.intp]) -> NDArray[np.bool_]:
    """The mask of some labels, (labels, N)."""
    if cases.known is None:
        return np.ones((len(labels), cases.rows), dtype=bool)
    return np.asarray(cases.known[:, labels].T)


class _Sets(Observed):
    """The totals that metrics over all entries, or over rows, ask for; the leading axis is the set."""

    def __init__(self, sets: ConstantSets) -> None:
        super().__init__(sets.cases)
        self.sets = sets

    @property
    def counts(self) -> Counts:
        """Of all labels together, (L + 2, 1)."""
        cases = self.cases
        hits, predicted = (self.sets.over_sets(values)[:, None] for values in (cases.positives, cases.totals))
        return from_margins(hits, predicted, cases.positives.sum()[None], cases.totals.sum()[None])

    def count_mean(self, name: str, of: Callable[[Counts], Floats]) -> Floats:
        """For each set the mean, by weight, over the rows where ``of`` is defined, (L + 2,)."""
        means = []
        for counts, weights in self.sets.row_counts():
            values = of(counts)
            mass = np.where(np.isnan(values), 0.0, weights)
            total = mass.sum(axis=1)
            summed = (np.nan_to_num(values) * mass).sum(axis=1)
            means.append(np.where(total > 0, summed / np.where(total > 0, total, 1.0), np.nan))
        return np.concatenate(means)


def most_frequent_set(cases: Cases) -> NDArray[np.bool_]:
    """The set of tags that most rows have (of most weight), bool (L,)."""
    if not cases.rows:
        return np.zeros(cases.width, dtype=bool)
    # Rows are distinguished by a random linear hash of 64 bits: sorting numbers is much faster than sorting rows.
    factors = np.random.default_rng(0).integers(0, 2**63, size=cases.width, dtype=np.uint64)
    blocks = [cases.truth[start : start + ROWS_AT_ONCE] @ factors for start in range(0, cases.rows, ROWS_AT_ONCE)]
    _, first, which = np.unique(np.concatenate(blocks), return_index=True, return_inverse=True)
    most = np.bincount(which, weights=cases.weights).argmax()
    return np.asarray(cases.truth[first[most]], dtype=np.bool_)


def best_constant(metric: Metric, sets: ConstantSets) -> float | None:
    """The best value of ``metric`` that a fixed set of tags reaches; None for a metric that judges scores."""
    if not metric.decides:
        return None
    values = sets.values(metric)
    if np.isnan(values).all():
        return None
    return float(np.nanmax(values) if metric.better == "higher" else np.nanmin(values))
