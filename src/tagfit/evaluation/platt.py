"""Platt scaling: scores of one label become probabilities by a slope and an offset on their logits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.shares import expit, logit

Floats = NDArray[np.float64]


def fit_platt(truth: NDArray[np.uint8], scores: Floats, weights: Floats) -> tuple[float, float]:
    """Slope and offset of sigmoid(slope * logit(score) + offset), by Newton's method.

    A slope below 0 would reverse the ranking and becomes 0.

    Args:
        truth: (N,) of 0 and 1, both of them there.
        scores: (N,) in [0, 1].
        weights: (N,), not all 0.

    Reference: Platt, Probabilistic outputs for support vector machines, 1999, whose smoothed targets are used.
    """
    positives = float(weights @ truth)
    negatives = float(weights.sum()) - positives
    target = np.where(truth == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.stack([logit(scores), np.ones(len(scores))], axis=1)
    beta = np.array([1.0, 0.0])
    loss = _loss(design @ beta, target, weights)
    for _ in range(50):
        given = expit(design @ beta)
        gradient = design.T @ (weights * (target - given))
        curvature = (design * (weights * given * (1 - given))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        while (tried := _loss(design @ (beta + step), target, weights)) > loss and np.abs(step).max() > 1e-8:
            step /= 2
        if tried > loss or np.abs(step).max() < 1e-8:
            break
        beta, loss = beta + step, tried
    if beta[0] < 0:
        share = float(weights @ target) / float(weights.sum())
        return 0.0, float(logit(share))
    return float(beta[0]), float(beta[1])


def _loss(logits: Floats, target: Floats, weights: Floats) -> float:
    return float(weights @ (np.logaddexp(0, logits) - target * logits))
