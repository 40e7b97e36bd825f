"""Evaluate: all metrics of one split, each with its interval and with what trivial predictors score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit.errors import InputError
from tagfit.evaluation.cases import Cases
from tagfit.evaluation.constant_sets import ConstantSets, best_constant
from tagfit.evaluation.counts import fbeta, precision, recall
from tagfit.evaluation.evaluation import Evaluation, LabelRecord, MetricValue
from tagfit.evaluation.intervals import (
    FEWER_REPEATS,
    MANY_CELLS,
    MOST_CELLS,
    REPEATS,
    Replicates,
    bootstrap,
    check_repeats,
    independent_positives,
    label_intervals,
    metric_interval,
)
from tagfit.evaluation.metrics import Metric, chosen, find
from tagfit.evaluation.thresholds import Thresholds
from tagfit.evaluation.totals import Constant, Observed
from tagfit.scores import Scores, as_numbers

OF_RECORDS = ("macro_f1", "mAP")  # the metrics whose value of each label gets an interval in the label's record


def evaluate(
    scores: Scores,
    *,
    thresholds: ArrayLike | Mapping[str, float] | Thresholds = 0.5,
    prevalence: ArrayLike | None = None,
    metrics: str | Sequence[str] = "default",
    intervals: int | Literal["auto"] | None = "auto",
) -> Evaluation:
    """The metrics of one split, each with what trivial predictors score on the same rows.

    Args:
        scores: probabilities with truth and mask; at least one row.
        thresholds: one number, one per label, ``{label: threshold}``, or Thresholds; a label is predicted where
            score > threshold.
        prevalence: each label's share of known positives in train, (L,), for the baseline that predicts it for every
            row; None takes it from these rows, and a note says so.
        metrics: ``'default'``, ``'all'`` or names.
        intervals: number of bootstrap resamples; None for no intervals; ``"auto"`` is REPEATS up to MANY_CELLS
            entries, FEWER_REPEATS up to MOST_CELLS, and no intervals above.

    Raises:
        InputError: no rows, an unknown metric, or thresholds or a prevalence of another shape or outside [0, 1].
    """
    wanted = chosen(metrics)
    given = thresholds if isinstance(thresholds, Thresholds) else Thresholds.fixed(thresholds, scores.labels)
    given = given.in_order(scores.labels)
    cases = Cases.of(scores, given.values, None if given.by_label else given.predict(scores.scores))
    repeats = _repeats(intervals, cases)
    observed = Observed(cases, keeps_rows=repeats > 0)
    notes = []
    too_good = f"thresholds ({given.strategy}) were chosen on these rows" if given.chosen_on(scores) else ""
    if too_good:
        notes.append(f"the {too_good}: metrics that depend on them are optimistic for new pictures")
    if prevalence is None:
        prevalence = observed_prevalence(cases)
        notes.append("the prevalence baseline uses the prevalence of these rows, not of train")
    sets = ConstantSets(cases)
    nothing = Constant(cases, np.zeros(cases.width), np.zeros(cases.width, dtype=bool))
    shares = _checked_prevalence(prevalence, cases.width)
    constant = Constant(cases, shares, given.predict(shares[None])[0])
    judged = [*wanted, *(metric for metric in chosen(OF_RECORDS) if metric not in wanted)]
    replicates = bootstrap(judged, observed, repeats, scores.groups) if repeats else {}
    positives = independent_positives(observed, scores.groups)
    values = {}
    for metric in wanted:
        measured = _measured(metric, observed, nothing, constant, best_constant(metric, sets))
        if metric.decides:
            measured = _noted(measured, too_good)
        if repeats:
            measured = _with_interval(measured, metric_interval(metric, observed, replicates[metric.name], positives))
        values[metric.name] = measured
    return Evaluation(
        split=scores.split,
        n=len(scores),
        metrics=values,
        labels=_records(scores, observed, _label_intervals(observed, replicates, positives)),
        thresholds=given,
        notes=tuple(notes),
    )


def observed_prevalence(cases: Cases) -> NDArray[np.float64]:
    """Each label's share of positives among its known entries, (L,); 0 where nothing is known."""
    return np.asarray(cases.positives / np.where(cases.totals > 0, cases.totals, 1.0))


def _checked_prevalence(prevalence: ArrayLike, width: int) -> NDArray[np.float64]:
    form = "one share in [0, 1] per label"
    values = np.nan_to_num(as_numbers(prevalence, "prevalence", form), nan=0.0)
    if values.shape != (width,) or not ((values >= 0) & (values <= 1)).all():
        raise InputError(
            f"prevalence has shape {values.shape} for {width} labels, or with values outside [0, 1]", instead=form
        )
    return values


def _measured(
    metric: Metric, observed: Observed, nothing: Constant, shares: Constant, best: float | None
) -> MetricValue:
    left_out = metric.left_out(observed)
    among = f"{observed.cases.rows} rows" if metric.of_rows else f"{observed.cases.width} labels"
    return MetricValue(
        name=metric.name,
        better=metric.better,
        value=float(metric.value(observed)),
        nothing=_known(metric.value(nothing)) if metric.can_say_nothing else None,
        prevalence=_known(metric.value(shares)),
        best_constant=best,
        left_out=left_out,
        note=f"undefined for {left_out} of {among}; the mean is over the rest" if left_out else "",
    )


def _with_interval(measured: MetricValue, found: tuple[tuple[float, float] | None, str]) -> MetricValue:
    ends, note = found
    low, high = ends or (None, None)
    return _noted(replace(measured, low=low, high=high), note)


def _noted(measured: MetricValue, note: str) -> MetricValue:
    return replace(measured, note="; ".join(text for text in (measured.note, note) if text))


def _repeats(intervals: int | Literal["auto"] | None, cases: Cases) -> int:
    if isinstance(intervals, str) and intervals == "auto":
        if cases.truth.size > MOST_CELLS:
            return 0
        return REPEATS if cases.truth.size <= MANY_CELLS else FEWER_REPEATS
    return 0 if intervals is None else check_repeats(intervals)


def _known(value: NDArray[np.float64]) -> float | None:
    return None if np.isnan(value) else float(value)


def _label_intervals(
    observed: Observed, replicates: dict[str, Replicates], positives: NDArray[np.float64]
) -> list[list[tuple[float, float] | None]]:
    """For each metric of OF_RECORDS, the interval of the value of each label."""
    if not replicates:
        return [[None] * observed.cases.width for _ in OF_RECORDS]
    return [label_intervals(find(name), observed, replicates[name], positives) for name in OF_RECORDS]


def _records(
    scores: Scores, observed: Observed, intervals: list[list[tuple[float, float] | None]]
) -> tuple[LabelRecord, ...]:
    counts = observed.counts
    shown = np.float64 if scores.weights is not None else np.int64  # whole pictures are counted in whole numbers
    numbers = [values.astype(shown).tolist() for values in (counts.tp, counts.fp, counts.fn, counts.tn)]
    table = zip(
        scores.labels,
        observed.cases.thresholds.tolist(),
        (counts.tp + counts.fn).astype(shown).tolist(),
        (len(scores) - scores.known.sum(axis=0)).tolist(),
        *(values.tolist() for values in (precision(counts), recall(counts), fbeta(counts))),
        observed.ranked.ap.tolist(),
        observed.ranked.auc.tolist(),
        *numbers,
        *intervals,
        strict=True,
    )
    return tuple(LabelRecord(*row) for row in table)
