"""Shares: the logit and its inverse, and the Wilson interval of a share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

CLIP = 1e-7  # shares are moved this far from 0 and 1, where the logit is infinite
Z = 1.959964  # 97.5 % point of the normal distribution


def logit(shares: ArrayLike) -> Floats:
    """log(p / (1 - p)), with p clipped at CLIP."""
    clipped = np.clip(np.asarray(shares, dtype=np.float64), CLIP, 1 - CLIP)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def expit(logits: ArrayLike) -> Floats:
    """1 / (1 + exp(-x)), the inverse of the logit."""
    return np.asarray(1 / (1 + np.exp(-np.clip(np.asarray(logits, dtype=np.float64), -500, 500))))


def wilson(hits: float, n: float, z: float = Z) -> tuple[float, float]:
    """The interval of a share of ``hits`` among ``n`` (Wilson, 1927); (0, 1) where n is 0.

    Args:
        hits: successes, or their weight.
        n: trials, or their weight.
        z: the normal quantile of the confidence.
    """
    if n <= 0:
        return 0.0, 1.0
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)
