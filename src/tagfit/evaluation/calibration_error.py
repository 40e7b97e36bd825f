"""Calibration error: the debiased distance between scores and observed shares, in bins of equal mass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.cases import Cases

Floats = NDArray[np.float64]

MOST_BINS = 15
FEWEST_IN_BIN = 25


@dataclass(frozen=True, eq=False)
class Binned:
    """What falls into each bin of one label's scores; leading axes are resamples.

    Attributes:
        weight: (..., K) rows, or their weight.
        score: (..., K) the sum of their scores.
        positive: (..., K) the positives among them.
    """

    weight: Floats
    score: Floats
    positive: Floats


def bins_of(cases: Cases, label: int) -> tuple[NDArray[np.intp], NDArray[np.intp], int]:
    """The known rows of a label, the bin of each, and the number of bins: of equal mass, equal scores together.

    A weight counts as that many copies of its row.
    """
    rows = np.arange(cases.rows) if cases.known is None else np.flatnonzero(cases.known[:, label])
    scores = cases.scores[rows, label]
    weights = None if cases.weights is None else cases.weights[rows]
    mass = len(rows) if weights is None else float(weights.sum())
    count = int(np.clip(mass // FEWEST_IN_BIN, 1, MOST_BINS))
    if count == 1:
        return rows, np.zeros(len(rows), dtype=np.intp), 1
    inner = (np.arange(1, count) * mass) // count
    edges = np.unique(_at_mass(scores, weights, inner))
    return rows, np.searchsorted(edges, scores, side="right"), len(edges) + 1


def _at_mass(scores: NDArray[Any], weights: Floats | None, places: NDArray[Any]) -> NDArray[Any]:
    """The scores at these places of the sorted scores, each score repeated as often as its weight says."""
    if weights is None:
        return np.asarray(np.partition(scores, places)[places])
    order = np.argsort(scores)
    return np.asarray(scores[order[np.searchsorted(np.cumsum(weights[order]), places, side="right")]])


def binned(cases: Cases, label: int) -> Binned:
    """The bins of one label, (K,)."""
    rows, which, count = bins_of(cases, label)
    weights = np.ones(len(rows)) if cases.weights is None else cases.weights[rows]
    sums = [weights, weights * cases.scores[rows, label], weights * cases.truth[rows, label]]
    return Binned(*(np.bincount(which, weights=values, minlength=count).astype(np.float64) for values in sums))


def calibration_error(bins: Binned) -> Floats:
    """The expected calibration error, (...); NaN where nothing is known.

    The mean over bins, by weight, of |share of positives - mean score|. Chance alone makes each of these positive: so
    what chance adds to the absolute value of a normal variable at the difference found is taken off again
    (Kumar, Liang and Ma, Verified uncertainty calibration, 2019, arXiv:1909.10155; in closed form instead of by draws).
    """
    from scipy.special import erf

    full = bins.weight > 0
    weight = np.where(full, bins.weight, 1.0)
    promised, share = bins.score / weight, bins.positive / weight
    difference = np.abs(share - promised)
    smooth = (bins.positive + 2 * promised) / (weight + 2)  # so that a bin without positives is not thought certain
    error = np.sqrt(np.maximum(smooth * (1 - smooth), 1e-12) / weight)
    by_chance = error * np.sqrt(2 / np.pi) * np.exp(-0.5 * (difference / error) ** 2) + difference * erf(
        difference / error / np.sqrt(2)
    )
    summed = (np.where(full, bins.weight * (2 * difference - by_chance), 0.0)).sum(axis=-1)
    total = bins.weight.sum(axis=-1)
    return np.where(total > 0, np.maximum(summed, 0.0) / np.where(total > 0, total, 1.0), np.nan)


def calibration_errors(cases: Cases) -> Floats:
    """The calibration error of each label, (L,)."""
    return np.array([float(calibration_error(binned(cases, label))) for label in range(cases.width)])


def sparse_bins(cases: Cases, label: int) -> tuple[Any, int]:
    """A sparse matrix (3 K, N) whose product with weights (N, B) holds the three sums of each bin, and K."""
    from scipy.sparse import csr_matrix

    rows, which, count = bins_of(cases, label)
    values = np.stack([np.ones(len(rows)), cases.scores[rows, label], cases.truth[rows, label]]).astype(np.float32)
    bins = which + count * np.arange(3)[:, None]
    columns = np.broadcast_to(rows, bins.shape)
    return csr_matrix((values.ravel(), (bins.ravel(), columns.ravel())), shape=(3 * count, cases.rows)), count


def from_sparse(bins: tuple[Any, int], weights: NDArray[np.float32]) -> Floats:
    """The calibration error of one label in each resample, (B,)."""
    matrix, count = bins
    sums = (matrix @ weights).T.astype(np.float64)
    return calibration_error(Binned(sums[:, :count], sums[:, count : 2 * count], sums[:, 2 * count :]))
