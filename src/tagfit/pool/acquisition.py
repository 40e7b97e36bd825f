"""Acquisition: which rows of a pool to tag next, by uncertainty, the rarity of labels, and diversity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagfit.errors import InputError

Floats = NDArray[np.float64]
SMALLEST = 1e-7


def uncertainty(scores: NDArray[np.floating]) -> Floats:
    """The entropy of each probability in bits, same shape: 1 at 0.5, 0 where the score is sure."""
    p = np.clip(scores.astype(np.float64), SMALLEST, 1 - SMALLEST)
    return -(p * np.log2(p) + (1 - p) * np.log2(1 - p))


def label_weights(positives: NDArray[np.floating]) -> Floats:
    """What the uncertainty of each label counts, mean 1: inverse to the root of its positives so far, (L,) -> (L,)."""
    weights = 1 / np.sqrt(np.maximum(positives.astype(np.float64), 0) + 1)
    return np.asarray(weights / weights.mean())


def directions(features: NDArray[np.floating]) -> NDArray[np.float32]:
    """Features (n, D) as unit vectors around their mean, each dimension divided by its deviation first, (n, D)."""
    mean, deviation = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    values = (features - mean.astype(np.float32)) / np.where(deviation > 0, deviation, 1.0).astype(np.float32)
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def acquire(
    scores: NDArray[np.floating], features: NDArray[np.floating], positives: NDArray[np.floating], count: int
) -> tuple[NDArray[np.int64], Floats]:
    """The rows to tag next, best first, and the weighted uncertainty of every row.

    Greedy: each time the row whose uncertainty times its distance to what was taken before is largest. The uncertainty
    is the sum over labels of the entropy times :func:`label_weights`; the distance is one minus the cosine of
    :func:`directions`.

    Args:
        scores: (n, L) probabilities.
        features: (n, D).
        positives: (L,) known positives of each label in train.
        count: how many; all rows if there are fewer.

    Returns:
        (min(count, n),) row numbers, and (n,) uncertainties in bits.

    Raises:
        InputError: ``count`` below 1, or arrays of different lengths.
    """
    if count < 1:
        raise InputError(f"count = {count}", instead="1 or more")
    if len(scores) != len(features) or scores.shape[1] != len(positives):
        raise InputError(f"scores {scores.shape}, features {features.shape}, positives {positives.shape}")
    unsure = uncertainty(scores) @ label_weights(positives)
    places, distance = directions(features), np.ones(len(scores))
    free, taken = np.ones(len(scores), dtype=bool), []
    for _ in range(min(count, len(scores))):
        # Where copies leave no distance at all, uncertainty decides.
        value = np.where(free, unsure * np.maximum(distance, SMALLEST) + SMALLEST**2 * unsure, -1.0)
        best = int(value.argmax())
        taken.append(best)
        free[best] = False
        distance = np.minimum(distance, np.clip(1 - places @ places[best], 0.0, 1.0))
    return np.array(taken, dtype=np.int64), unsure
