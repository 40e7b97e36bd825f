"""Losses: binary cross-entropy over what is known, smoothed and weighted as the recipe says."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tagfit.data.problem import Part
from tagfit.recipe import Recipe


@dataclass(frozen=True)
class Targets:
    """What the loss compares logits with, on the device.

    Attributes:
        truth: (N, L) float32, smoothed.
        weight: (N, L) float32: 0 where unknown, else the picture's weight; None where all are 1.
        positive_weight: (L,) float32, what a present label weighs against an absent one; None for 1.
    """

    truth: Tensor
    weight: Tensor | None
    positive_weight: Tensor | None

    def loss(self, logits: Tensor, rows: Tensor) -> Tensor:
        """Mean binary cross-entropy in nats over the known entries of ``rows``."""
        weight = None if self.weight is None else self.weight.index_select(0, rows)
        total = functional.binary_cross_entropy_with_logits(
            logits.float(), self.truth.index_select(0, rows), weight, pos_weight=self.positive_weight, reduction="mean"
        )
        # "mean" divides by all entries; the known ones are what counts.
        return total if weight is None else total * (weight.numel() / weight.sum().clamp(min=1e-12))


def targets(part: Part, recipe: Recipe, device: str) -> Targets:
    """The targets of a split under a recipe."""
    truth = torch.from_numpy(part.truth).float()
    weight = torch.from_numpy(part.known).float()
    if part.weights is not None:
        weight *= torch.from_numpy(part.weights).float()[:, None]
    positive_weight = balanced_weights(truth, weight).to(device) if recipe.positive_weights == "balanced" else None
    if recipe.label_smoothing:
        truth = truth * (1 - recipe.label_smoothing) + recipe.label_smoothing / 2
    return Targets(truth.to(device), None if bool((weight == 1).all()) else weight.to(device), positive_weight)


def balanced_weights(truth: Tensor, weight: Tensor) -> Tensor:
    """Absent over present, a label: with it, present and absent entries pull equally; (N, L), (N, L) -> (L,).

    A label that is nowhere, or everywhere, has nothing to balance: 1.
    """
    present = (truth * weight).sum(dim=0)
    absent = ((1 - truth) * weight).sum(dim=0)
    return torch.where((present > 0) & (absent > 0), absent / present, 1.0)
