"""Resampling: bootstrap intervals of differences between splits and of means over rows, by pictures or groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagfit.diagnosis.finding import Estimate
from tagfit.diagnosis.material import Side
from tagfit.evaluation import compare, shares
from tagfit.evaluation.intervals import bootstrap
from tagfit.evaluation.metrics import find
from tagfit.evaluation.resamples import drawn_units

Floats = NDArray[np.float64]

REPEATS = 400
ENDS = (2.5, 97.5)
SEEDS = {"train": 1, "validation": 2, "cross-fit": 3}


def replicates(side: Side, metrics: tuple[str, ...]) -> dict[str, Floats]:
    """Each metric in REPEATS resamples of the rows of a side, or of its groups: name -> (REPEATS,)."""
    wanted = [find(name) for name in metrics]
    made = bootstrap(wanted, side.observed, REPEATS, side.scores.groups, SEEDS[side.name])
    return {name: one.values for name, one in made.items()}


def value(side: Side, metric: str) -> float:
    """A metric of a side at threshold 0.5."""
    return float(find(metric).value(side.observed))


def estimate(observed: float, values: Floats) -> Estimate:
    """The basic bootstrap interval: the percentiles reflected about the value, which removes the bias."""
    kept = values[~np.isnan(values)]
    if not len(kept) or np.isnan(observed):
        return Estimate(observed, float("nan"), float("nan"))
    low, high = np.percentile(kept, ENDS)
    return Estimate(observed, float(2 * observed - high), float(2 * observed - low))


def gap(train: Side, validation: Side, metrics: tuple[str, ...]) -> dict[str, Estimate]:
    """Train minus validation for each metric. The rows differ, so each split is resampled independently."""
    compared = compare.gap(train.scores, validation.scores, metrics=metrics, repeats=REPEATS)
    found = {}
    for name in metrics:
        one = compared[name]  # validation less train
        low, high = (np.nan, np.nan) if one.low is None or one.high is None else (-one.high, -one.low)
        found[name] = Estimate(-one.difference, low, high)
    return found


def unit_sums(side: Side, values: Floats) -> Floats:
    """Values of rows (N, ...) summed over the resampling units, rows or groups: (units, ...)."""
    if side.scores.groups is None:
        return values
    units, of_row = drawn_units(side.scores.groups)
    sums = np.zeros((units, *values.shape[1:]))
    np.add.at(sums, of_row, values)
    return sums


def resampled_sums(sums: Floats, seed: int, repeats: int = REPEATS) -> Floats:
    """The column sums of (units, k) in ``repeats`` resamples of the units: (repeats, k)."""
    rng = np.random.default_rng(seed)
    n = len(sums)
    drawn = np.empty((repeats, n), dtype=np.float32)
    for row in drawn:
        row[:] = np.bincount(rng.integers(0, n, n), minlength=n)
    return np.asarray(drawn @ sums.astype(np.float32), dtype=np.float64)


def wilson(hits: float, n: float, z: float = shares.Z) -> Estimate:
    """A share with Wilson's interval (Wilson, 1927); NaN without any trial."""
    return Estimate(hits / n if n > 0 else float("nan"), *shares.wilson(hits, n, z))


def corrected_z(intervals: int) -> float:
    """The normal quantile for this many simultaneous 95 % intervals (Bonferroni)."""
    from scipy.special import ndtri  # scipy.stats offers the same but takes a second to import

    return float(ndtri(1 - 0.025 / intervals))
