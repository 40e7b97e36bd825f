"""Populations of known truth: multi-label scores drawn from a model, so that their metrics can be known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.cases import Cases


@dataclass(frozen=True)
class Population:
    """Labels that hang on one shared factor; scores are the probabilities given a part of what decides the truth.

    Attributes:
        prevalences: about the share of positives of each label.
        skill: standard deviation of the part of the logit that the scores know; more is easier.
        shared: correlation of the labels' logits.
        sharpness: the scores' logits are the true ones times this; above 1 they are too sure.
        threshold: a label is predicted where its score is above this.
    """

    prevalences: tuple[float, ...]
    skill: float = 2.5
    shared: float = 0.4
    sharpness: float = 1.3
    threshold: float = 0.5

    def draw(self, n: int, rng: np.random.Generator) -> Cases:
        """``n`` pictures."""
        width = len(self.prevalences)
        common, own = rng.standard_normal((n, 1)), rng.standard_normal((n, width))
        latent = np.sqrt(self.shared) * common + np.sqrt(1 - self.shared) * own
        logits = self._offsets() + self.skill * latent
        truth = (rng.random((n, width)) < _sigmoid(logits)).astype(np.uint8)
        scores = _sigmoid(self.sharpness * logits).astype(np.float32)
        return Cases(truth, None, scores, np.full(width, self.threshold), None)

    def _offsets(self) -> NDArray[np.float64]:
        """The means of the logits that give the wanted prevalences, by bisection on a Gauss-Hermite mean."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        low, high = np.full(len(self.prevalences), -30.0), np.full(len(self.prevalences), 30.0)
        for _ in range(60):
            middle = (low + high) / 2
            share = _sigmoid(middle[:, None] + self.skill * nodes) @ weights / weights.sum()
            too_low = share < np.asarray(self.prevalences)
            low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
        return (low + high) / 2


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-logits))
