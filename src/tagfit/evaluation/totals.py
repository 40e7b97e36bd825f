"""Totals: the sums that every metric is computed from, for scores and for trivial baselines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation import entries
from tagfit.evaluation.calibration_error import Binned, calibration_error, calibration_errors
from tagfit.evaluation.cases import Cases
from tagfit.evaluation.counts import Counts, count, from_margins
from tagfit.evaluation.per_picture import RowFunction, by_blocks, row_counts
from tagfit.evaluation.ranking import Ranked, rank

Floats = NDArray[np.float64]


class Totals(Protocol):
    """What a metric may ask for; leading axes, where there are any, are resamples.

    A metric that is written on this works for one set of rows, for a baseline and for a thousand resamples alike.
    """

    @property
    def counts(self) -> Counts:
        """True and false positives and negatives, each (..., L)."""

    @property
    def ranked(self) -> Ranked:
        """Average precision and AUC, each (..., L)."""

    @property
    def log_loss(self) -> Floats:
        """The sum of log losses of each label, (..., L)."""

    @property
    def squared_error(self) -> Floats:
        """The sum of squared errors of each label, (..., L)."""

    @property
    def calibration_error(self) -> Floats:
        """The calibration error of each label, (..., L)."""

    @property
    def known(self) -> Floats:
        """The weight of the known entries of each label, (..., L)."""

    def count_mean(self, name: str, of: Callable[[Counts], Floats]) -> Floats:
        """The mean of ``of`` over rows for which it is defined, (...)."""

    def row_mean(self, name: str, of: RowFunction) -> Floats:
        """The mean of a value per row over rows for which it is defined, (...)."""


class Observed:
    """The totals of some cases; each is worked out once, when first asked for.

    Attributes:
        cases: the rows.
        rows: values a row by name, (N,), of those that were asked for; kept only if ``keeps_rows``, for resampling.
    """

    def __init__(self, cases: Cases, *, keeps_rows: bool = True) -> None:
        self.cases = cases
        self.keeps_rows = keeps_rows
        self.rows: dict[str, Floats] = {}
        self._means: dict[str, Floats] = {}
        self._missing: dict[str, int] = {}

    @cached_property
    def counts(self) -> Counts:
        return count(self.cases)

    @cached_property
    def ranked(self) -> Ranked:
        return rank(self.cases)

    @cached_property
    def log_loss(self) -> Floats:
        return entries.log_loss(self.cases)

    @cached_property
    def squared_error(self) -> Floats:
        return entries.squared_error(self.cases)

    @cached_property
    def calibration_error(self) -> Floats:
        return calibration_errors(self.cases)

    @property
    def known(self) -> Floats:
        return self.cases.totals

    @cached_property
    def row_counts(self) -> Counts:
        """The counts of each row, each (N,)."""
        return row_counts(self.cases)

    def count_mean(self, name: str, of: Callable[[Counts], Floats]) -> Floats:
        if name not in self._means:
            self._take({name: of(self.row_counts)})
        return self._means[name]

    def row_mean(self, name: str, of: RowFunction) -> Floats:
        if name not in self._means:
            self._take(by_blocks(self.cases, of))
        return self._means[name]

    def left_out(self, name: str) -> int:
        """How many rows have no value of this name (which was asked for before)."""
        return self._missing[name]

    def _take(self, values: dict[str, Floats]) -> None:
        for name, of_rows in values.items():
            self._means[name] = self._mean(of_rows)
            self._missing[name] = int(np.isnan(of_rows).sum())
        if self.keeps_rows:
            self.rows |= values

    def _mean(self, values: Floats) -> Floats:
        defined = ~np.isnan(values)
        weights = defined if self.cases.weights is None else defined * self.cases.weights
        total = weights.sum(dtype=np.float64)
        return np.asarray((np.where(defined, values, 0.0) @ weights) / total if total > 0 else np.nan)


class Constant(Observed):
    """The totals for one score and one decision per label, constant over rows; mostly computed without a pass."""

    def __init__(self, cases: Cases, scores: Floats, on: NDArray[np.bool_]) -> None:
        shape = cases.truth.shape
        self.on = on
        alike = replace(cases, scores=np.broadcast_to(scores, shape), decided=np.broadcast_to(on, shape))
        super().__init__(alike, keeps_rows=False)
        self.positives, self.negatives = cases.positives, cases.totals - cases.positives
        self.scores = scores
        self.total = cases.totals

    @cached_property
    def counts(self) -> Counts:
        return from_margins(self.on * self.positives, self.on * self.total, self.positives, self.total)

    @cached_property
    def ranked(self) -> Ranked:
        ranks = self.positives > 0
        share = self.positives / np.where(ranks, self.total, 1.0)
        return Ranked(np.where(ranks, share, np.nan), np.where(ranks & (self.negatives > 0), 0.5, np.nan))

    @cached_property
    def log_loss(self) -> Floats:
        return self._both_ways(entries.log_losses)

    @cached_property
    def squared_error(self) -> Floats:
        return self._both_ways(entries.squared_errors)

    @cached_property
    def calibration_error(self) -> Floats:
        one_bin = (self.total, self.total * self.scores, self.positives)
        return calibration_error(Binned(*(values[:, None] for values in one_bin)))

    @property
    def known(self) -> Floats:
        return self.total

    def _both_ways(self, of: Callable[[NDArray[np.uint8], Floats], Floats]) -> Floats:
        present, absent = np.ones(len(self.scores), np.uint8), np.zeros(len(self.scores), np.uint8)
        return self.positives * of(present, self.scores) + self.negatives * of(absent, self.scores)
