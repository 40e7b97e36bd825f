"""Intervals: confidence intervals from bootstrap resamples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.errors import InputError
from tagfit.evaluation.cases import column_sums
from tagfit.evaluation.metrics import Metric
from tagfit.evaluation.resamples import Resampler, drawn_units, draws
from tagfit.evaluation.totals import Observed

Floats = NDArray[np.float64]

REPEATS = 1000
MANY_CELLS = 1_000_000  # above this many entries fewer resamples are made unless a number is asked for
FEWER_REPEATS = 200
FEWEST_REPEATS = 100
MOST_CELLS = 10_000_000  # above this many entries there are no intervals unless they are asked for
FEW_POSITIVES = 25  # a mean over labels with fewer positives is marked: its interval rests on the widening below
# How much more the variance of a label's value is than its resamples show, as a multiple of 1 / positives: resamples
# see each positive as often as it is, so they lack the variance of which positives there are, and of the correction of
# the bias. Average precision is a mean of ratios of ranks and suffers more. Set by the coverage table, which holds for
# other populations than those they were set on (docs/decisions/0010).
LOST_VARIANCE_RANKED = 6.0
LOST_VARIANCE_DECIDED = 3.0
Z = 1.959964  # 97.5 % point of the normal distribution
SEED = 0


@dataclass(frozen=True, eq=False)
class Replicates:
    """One metric in every resample.

    Attributes:
        values: (B,).
        labels: (B, L), for a metric that is a mean over labels; else None.
    """

    values: Floats
    labels: Floats | None


def check_repeats(repeats: Any, *, fewest: int = FEWEST_REPEATS) -> int:
    """The number of bootstrap resamples.

    Raises:
        InputError: no whole number, or fewer than ``fewest``.
    """
    if isinstance(repeats, bool) or not isinstance(repeats, int | np.integer) or repeats < fewest:
        raise InputError(f"{repeats!r} bootstrap resamples", instead=f"a whole number of at least {fewest}")
    return int(repeats)


def check_seed(seed: Any) -> int:
    """A seed of NumPy's generator.

    Raises:
        InputError: no whole number of 0 or more.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"the seed is {seed!r}", instead="a whole number of 0 or more")
    return int(seed)


def bootstrap(
    metrics: Sequence[Metric], observed: Observed, repeats: int, groups: NDArray[Any] | None = None, seed: int = SEED
) -> dict[str, Replicates]:
    """Each metric in ``repeats`` resamples of the pictures, or of the groups where there are any."""
    resampler = Resampler(observed)
    values: dict[str, list[Floats]] = {metric.name: [] for metric in metrics}
    labels: dict[str, list[Floats]] = {metric.name: [] for metric in metrics if metric.of_labels is not None}
    for drawn in draws(observed.cases.rows, repeats, seed, groups):
        totals = resampler.totals(drawn)
        for metric in metrics:
            values[metric.name].append(metric.value(totals))
            if metric.of_labels is not None:
                labels[metric.name].append(metric.of_labels(totals))
    return {
        name: Replicates(np.concatenate(blocks), np.concatenate(labels[name]) if name in labels else None)
        for name, blocks in values.items()
    }


def metric_interval(
    metric: Metric, observed: Observed, replicates: Replicates, positives: Floats
) -> tuple[tuple[float, float] | None, str]:
    """The 95 % interval of one metric, and a note where it is missing or not to be trusted.

    Args:
        positives: how many independent positives each label has, (L,): see :func:`independent_positives`.
    """
    widening, note = metric.widening, ""
    if replicates.labels is not None and metric.of_labels is not None:
        widening *= mean_widening(metric, replicates.labels, positives)
        few = int((~np.isnan(metric.of_labels(observed)) & (positives < FEW_POSITIVES)).sum())
        if few:
            note = f"too few positives: {few} labels have fewer than {FEW_POSITIVES}, take the interval with care"
    found = interval(
        float(metric.value(observed)),
        replicates.values,
        limits=metric.range,
        widening=widening,
        plain=metric.plain_scale,
    )
    return found, note if found else "no interval: the metric is the same in all resamples, or undefined in most"


def label_intervals(
    metric: Metric, observed: Observed, replicates: Replicates, positives: Floats
) -> list[tuple[float, float] | None]:
    """The 95 % interval of each label's own value of a metric that is a mean over labels."""
    assert metric.of_labels is not None
    assert replicates.labels is not None
    return [
        interval(value, values, limits=metric.range, widening=widening, plain=metric.plain_scale)
        for value, values, widening in zip(
            metric.of_labels(observed).tolist(),
            replicates.labels.T,
            (metric.widening * label_widening(metric, positives)).tolist(),
            strict=True,
        )
    ]


def independent_positives(observed: Observed, groups: NDArray[Any] | None) -> Floats:
    """How many pictures, or groups where there are any, have each label: (L,)."""
    truth = observed.cases.truth
    if groups is None:
        return column_sums(truth)
    units, of_row = drawn_units(groups)
    seen = np.zeros((units, truth.shape[1]), dtype=bool)
    row, column = np.nonzero(truth)
    seen[of_row[row], column] = True
    return column_sums(seen)


def _lost_variance(metric: Metric) -> float:
    return LOST_VARIANCE_DECIDED if metric.decides else LOST_VARIANCE_RANKED


def label_widening(metric: Metric, positives: Floats) -> Floats:
    """What the standard error of each label's own value is multiplied by, (L,)."""
    return np.sqrt(1 + _lost_variance(metric) / np.maximum(positives, 1.0))


def mean_widening(metric: Metric, labels: Floats, positives: Floats) -> float:
    """The same for a mean over labels: each label's loss, weighted by its share of the variance; labels is (B, L)."""
    defined = ~np.isnan(labels)
    variance = np.array(
        [np.var(values[kept]) if kept.any() else 0.0 for values, kept in zip(labels.T, defined.T, strict=True)]
    )
    total = variance.sum()
    if total <= 0:
        return 1.0
    return float(np.sqrt(1 + _lost_variance(metric) * (variance / np.maximum(positives, 1.0)).sum() / total))


def interval(
    estimate: float, values: Floats, *, limits: tuple[float, float], widening: float = 1.0, plain: bool = False
) -> tuple[float, float] | None:
    """The 95 % interval of a number from its resamples; None where they say nothing.

    Normal, centred on the estimate less its bootstrap bias (Efron and Tibshirani, 1993, chapter 10), on the scale
    arcsin(sqrt(x)) for what lies in [0, 1], so that the ends stay inside and the spread hangs less on the value.
    Which intervals cover what they promise was measured: benchmarks/evaluation/coverage.py.

    Args:
        estimate: the number itself.
        values: the same in each resample, (B,); NaN where undefined there.
        limits: the least and greatest value possible.
        widening: what the standard error is multiplied by.
        plain: stay on the number's own scale, for one whose true value may well be the least possible.
    """
    kept = values[~np.isnan(values)]
    if np.isnan(estimate) or len(kept) < len(values) / 2 or np.ptp(kept) <= 1e-9:
        return None
    bounded = limits == (0.0, 1.0) and not plain
    spread = _to_scale(kept) if bounded else kept
    middle = float(2 * (_to_scale(np.asarray(estimate)) if bounded else estimate) - spread.mean())
    half = Z * widening * float(spread.std(ddof=1))
    low, high = (_from_scale(middle - half), _from_scale(middle + half)) if bounded else (middle - half, middle + half)
    # Where resamples lose whole labels the bias found is no bias; an interval never leaves out its own estimate.
    return max(min(low, estimate), limits[0]), min(max(high, estimate), limits[1])


def difference_interval(difference: float, values: Floats, *, widening: float) -> tuple[float, float, float] | None:
    """The 95 % interval of a difference and the two-sided p of none, normal and corrected for bias as above.

    None where most resamples have no value. Resamples that do not move at all show nothing either way: p is 1.
    """
    kept = values[~np.isnan(values)]
    if np.isnan(difference) or len(kept) < len(values) / 2:
        return None
    if np.ptp(kept) <= 1e-9:
        return difference, difference, 1.0
    middle = float(2 * difference - kept.mean())
    error = widening * float(kept.std(ddof=1))
    low, high = min(middle - Z * error, difference), max(middle + Z * error, difference)
    return low, high, math.erfc(abs(middle) / error / math.sqrt(2))


def _to_scale(values: Floats) -> Floats:
    return np.asarray(np.arcsin(np.sqrt(np.clip(values, 0.0, 1.0))))


def _from_scale(value: float) -> float:
    return float(np.sin(np.clip(value, 0.0, np.pi / 2)) ** 2)
