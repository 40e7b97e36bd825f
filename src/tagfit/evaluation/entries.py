"""Entries: log loss and squared error of single scores, summed per label."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.cases import Cases

Floats = NDArray[np.float64]

CLIP = 1e-7  # scores are kept this far from 0 and 1, so that one sure mistake costs 16 nats and not infinitely many
ROWS_AT_ONCE = 4096


def log_loss(cases: Cases) -> Floats:
    """The sum over known entries of -log(probability given to what is true), in nats, (L,)."""
    return _summed(cases, log_losses)


def squared_error(cases: Cases) -> Floats:
    """The sum over known entries of (score - truth)^2, (L,)."""
    return _summed(cases, squared_errors)


def log_losses(truth: NDArray[np.uint8], scores: NDArray[np.floating[Any]]) -> Floats:
    """-log of the probability given to the truth, clipped at CLIP, for each entry."""
    given: Floats = np.abs(scores.astype(np.float64) - (truth == 0))
    np.clip(given, CLIP, 1 - CLIP, out=given)
    return np.negative(np.log(given, out=given), out=given)


def squared_errors(truth: NDArray[np.uint8], scores: NDArray[np.floating[Any]]) -> Floats:
    """(score - truth)^2 for each entry."""
    return np.asarray(np.square(scores.astype(np.float64) - truth))


def _summed(cases: Cases, function: Callable[[NDArray[np.uint8], NDArray[Any]], Floats]) -> Floats:
    total = np.zeros(cases.width)
    for start in range(0, cases.rows, ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        values = function(cases.truth[rows], cases.scores[rows])
        if cases.known is not None:
            values *= cases.known[rows]
        total += values.sum(axis=0) if cases.weights is None else cases.weights[rows] @ values
    return total
