"""Similarity: the rows nearest to a given one, by the cosine of their features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagfit.pool.acquisition import directions


def nearest(
    query: NDArray[np.floating], features: NDArray[np.floating], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rows of ``features`` most similar to ``query``, and their cosines, most similar first.

    Features are shifted and scaled by the mean and deviation of all rows first: dimensions that are large on every
    picture would otherwise make all of them alike.

    Args:
        query: (D,) one row.
        features: (n, D).
        count: how many; all if there are fewer.

    Returns:
        (k,) row numbers and (k,) cosines in [-1, 1]; equal ones in the order of the rows.
    """
    together = np.concatenate([features, query[None]])
    places = directions(together)
    cosines = np.clip(places[:-1] @ places[-1], -1.0, 1.0)
    order = np.argsort(-cosines, kind="stable")[:count]
    return order, cosines[order]
