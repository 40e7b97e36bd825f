"""Healthy problems of another kind than those the limits were set on: waves, heavy tails, other curves.

Healthy means here: the model is as sure as it should be, the gap between train and validation is well below the margin
of `overfitting`, and certainty varies from picture to picture. Mixtures of scenes that each carry a label in nine cases
of ten are not healthy in this sense: no score tells the tenth case from a wrong tag, and `suspect-tags` fires.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from planted import EPOCHS, Case, Part, accuracy, log_loss, sigmoid

Array = NDArray[Any]

# Rows of train, rows of validation, labels.
SIZES = ((300, 140, 4), (900, 260, 8), (1600, 420, 5), (3200, 900, 15))
FACTORS, WAVES, FEATURES = 6, 5, 16
# The gap in label accuracy of a healthy model, at most.
MOST_GAP = 0.03


def healthy(rng: np.random.Generator, size: tuple[int, int, int]) -> Case:
    """A model that is nearly as good on validation; labels are sums of waves, errors have heavy tails."""
    while True:
        case = _case(rng, size)
        if accuracy(case.train) - accuracy(case.validation) < MOST_GAP:
            break
    case.history = _history(case, rng)
    share = case.validation.truth.mean(axis=0)
    trivial = float(np.maximum(share, 1 - share).mean())
    case.goal = f"validation.label_accuracy>={(trivial + accuracy(case.validation)) / 2:.4f}"
    return case


def _case(rng: np.random.Generator, size: tuple[int, int, int]) -> Case:
    n_train, n_validation, width = size
    directions = rng.normal(size=(width, WAVES, FACTORS))
    phases = rng.uniform(0, 2 * np.pi, (width, WAVES))
    heights = rng.uniform(2.0, 4.0, (width, WAVES))

    def waves(factors: Array) -> Array:
        return np.asarray((heights * np.sin(np.einsum("nf,lwf->nlw", factors, directions) + phases)).sum(axis=2))

    prevalence = rng.beta(3, 6, width).clip(0.1, 0.6)
    sample = waves(rng.uniform(-1.5, 1.5, (4000, FACTORS)))
    bias = -np.array([np.quantile(sample[:, label], 1 - prevalence[label]) for label in range(width)])
    mixing = rng.normal(size=(FACTORS, FEATURES))
    temperature = rng.uniform(0.9, 1.15)
    parts = []
    for rows, edge in ((n_train, rng.uniform(0, 0.6)), (n_validation, 0.0)):
        factors = rng.uniform(-1.5, 1.5, (rows, FACTORS))
        logits = waves(factors) + bias
        truth = (rng.random(logits.shape) < sigmoid(logits)).astype(np.uint8)
        said = logits + 0.25 * rng.standard_t(4, size=logits.shape) + edge * (2.0 * truth - 1)
        inputs = (np.tanh(factors @ mixing) + 0.3 * rng.normal(size=(rows, FEATURES))).astype(np.float32)
        groups = np.array([f"{len(parts)}-{row // 3}" for row in range(rows)])
        parts.append(Part(inputs, logits, truth, sigmoid(said / temperature).astype(np.float32), groups))
    return Case(*parts)


def _history(case: Case, rng: np.random.Generator) -> dict[str, list[float]]:
    """Curves that fall by a power of the epoch and then stay, with small jumps."""
    fall = (1 + np.arange(EPOCHS)) ** -rng.uniform(1.2, 2.0)
    fall = np.where(np.arange(EPOCHS) < EPOCHS // 2, fall - fall[EPOCHS // 2], 0)
    curves = {}
    for name, part in (("train", case.train), ("validation", case.validation)):
        end = log_loss(part)
        curves[name] = (end + (0.75 - end) * fall) * (1 + 0.02 * rng.normal(size=EPOCHS))
        curves[name][-1] = end
    name = "loss" if rng.random() < 0.5 else "train_loss"
    return {name: curves["train"].tolist(), "val_loss": curves["validation"].tolist()}
