"""Rounding: detects how many decimals scores were written with, and the error that this allows in a row sum."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_DECIMALS = 6
# The error of float32 arithmetic in a sum of probabilities.
ARITHMETIC = 2e-6


def decimals(values: NDArray[Any]) -> int | None:
    """The fewest decimals (1 to MOST_DECIMALS) that represent all values, or None if they need more."""
    exact = values.astype(np.float64)
    for count in range(1, MOST_DECIMALS + 1):
        scaled = exact * 10.0**count
        # float32 cannot represent 0.1 exactly, so a value converted through it is slightly off.
        if (np.abs(scaled - np.rint(scaled)) <= 1e-7 * np.maximum(np.abs(scaled), 1)).all():
            return count
    return None


def half_steps(values: NDArray[Any]) -> Floats:
    """The largest rounding error of each value: half a step of its format, (N, L)."""
    exact = values.astype(np.float64)
    count = decimals(values)
    if count is not None:
        return np.full(exact.shape, 0.5 * 10.0**-count)
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)
    if (half.astype(np.float64) == exact).all():
        return np.asarray(np.spacing(np.abs(half)).astype(np.float64) / 2)
    return np.asarray(np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64))
