"""Represented: the scores of rows with the features that they were computed from; no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.shares import logit


@dataclass(frozen=True, eq=False)
class Represented:
    """Rows as a net sees them.

    Attributes:
        scores: (n, L) probabilities.
        features: (n, D) float32: of a frozen backbone, else the input of the net's last linear layer.
    """

    scores: NDArray[np.float32]
    features: NDArray[np.float32]


def of_scores(scores: NDArray[np.float32]) -> Represented:
    """For a net that does not end in a linear layer: the logits of its scores are its features."""
    return Represented(scores, logit(scores).astype(np.float32))
