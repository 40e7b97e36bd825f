"""Losses: binary cross-entropy, focal and asymmetric, over the known entries, smoothed and weighted by the recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from tagfit.data.problem import Part
from tagfit.recipe import Recipe

# Just below 1, where a power of 0 would have no gradient.
NEARLY_ONE = 1 - 1e-7

EntryLoss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Targets:
    """The targets of the loss, on the device.

    Attributes:
        truth: (N, L) float32, smoothed.
        weight: (N, L) float32: 0 where unknown, else the weight of the picture; None if all are 1.
        entry_loss: takes logits and targets, both (n, L), and returns the loss of each entry.
        plain: whether the loss is the unweighted mean of the binary cross-entropy.
    """

    truth: Tensor
    weight: Tensor | None
    entry_loss: EntryLoss
    plain: bool

    def loss(self, logits: Tensor, rows: Tensor) -> Tensor:
        """The mean loss of the known entries of ``rows``, weighted by the pictures' weights."""
        entries = self.entry_loss(logits.float(), self.truth.index_select(0, rows))
        if self.weight is None:
            return entries.mean()
        weight = self.weight.index_select(0, rows)
        return (entries * weight).sum() / weight.sum().clamp(min=1e-12)

    def weight_of(self, rows: Tensor) -> Tensor:
        """What the mean of :meth:`loss` divides by, up to a factor that is the same for all rows."""
        if self.weight is None:
            return torch.tensor(float(len(rows)))
        return self.weight.index_select(0, rows).sum().clamp(min=1e-12)

    def loss_and_slope(self, logits: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of ``rows`` and its gradient with respect to their logits (n, L), outside autograd.

        The gradient of the plain loss is written out, because autograd takes five times as long for it.
        """
        if self.plain:
            truth = self.truth.index_select(0, rows)
            loss = functional.binary_cross_entropy_with_logits(logits, truth)
            return loss, torch.sigmoid(logits).sub_(truth).div_(truth.numel())
        leaf = logits.detach().requires_grad_()
        loss = self.loss(leaf, rows)
        (slope,) = torch.autograd.grad(loss, leaf)
        return loss.detach(), slope


def targets(part: Part, recipe: Recipe, device: str) -> Targets:
    """The targets of a split under a recipe."""
    truth = torch.from_numpy(part.truth).float()
    weight = torch.from_numpy(part.known).float()
    if part.weights is not None:
        weight *= torch.from_numpy(part.weights).float()[:, None]
    present_weight = balanced_weights(truth, weight).to(device) if recipe.positive_weights == "balanced" else None
    if recipe.label_smoothing:
        truth = truth * (1 - recipe.label_smoothing) + recipe.label_smoothing / 2
    all_alike = bool((weight == 1).all())
    return Targets(
        truth.to(device),
        None if all_alike else weight.to(device),
        _entry_loss(recipe, present_weight),
        plain=all_alike and recipe.loss == "bce" and present_weight is None,
    )


def _entry_loss(recipe: Recipe, present_weight: Tensor | None) -> EntryLoss:
    if recipe.loss == "focal":
        return partial(focal, gamma=recipe.focal_gamma, alpha=recipe.focal_alpha, present_weight=present_weight)
    if recipe.loss == "asymmetric":
        return partial(
            asymmetric,
            gamma_positive=recipe.asymmetric_gamma_positive,
            gamma_negative=recipe.asymmetric_gamma_negative,
            clip=recipe.asymmetric_clip,
            present_weight=present_weight,
        )
    return partial(functional.binary_cross_entropy_with_logits, pos_weight=present_weight, reduction="none")


def focal(
    logits: Tensor, truth: Tensor, *, gamma: float, alpha: float = 0.0, present_weight: Tensor | None = None
) -> Tensor:
    """Focal loss of each entry, FL = -a (1 - p_t)^gamma log p_t, where p_t is the probability of what is true.

    Args:
        logits: (n, L).
        truth: (n, L) in [0, 1]; between the ends, a mixture of the losses of present and absent.
        gamma: 0 gives binary cross-entropy.
        alpha: a of present entries, 1 - alpha of absent ones; 0 for a = 1.
        present_weight: (L,), multiplies the loss of present entries.

    Reference: Lin et al., Focal loss for dense object detection, 2017, equation 5.
    """
    present, absent = _focused(logits, gamma, gamma, clip=0.0)
    if alpha:
        present, absent = alpha * present, (1 - alpha) * absent
    return _mixed(present, absent, truth, present_weight)


def asymmetric(
    logits: Tensor,
    truth: Tensor,
    *,
    gamma_positive: float,
    gamma_negative: float,
    clip: float,
    present_weight: Tensor | None = None,
) -> Tensor:
    """Asymmetric loss of each entry: -(1 - p)^gamma_positive log p where present; where absent, with
    p_m = max(p - clip, 0), -p_m^gamma_negative log(1 - p_m).

    Args:
        logits: (n, L).
        truth: (n, L) in [0, 1]; between the ends, a mixture of the losses of present and absent.
        gamma_positive, gamma_negative: with both 0 and no clip it is binary cross-entropy.
        clip: the probability below which an absent entry has no loss.
        present_weight: (L,), multiplies the loss of present entries.

    Reference: Ridnik et al., Asymmetric loss for multi-label classification, ICCV 2021, section 3.
    """
    return _mixed(*_focused(logits, gamma_positive, gamma_negative, clip), truth, present_weight)


def _focused(logits: Tensor, gamma_positive: float, gamma_negative: float, clip: float) -> tuple[Tensor, Tensor]:
    """The loss of each entry if present and if absent; powers of probabilities are exponentials of their logs."""
    log_p, log_not_p = functional.logsigmoid(logits), functional.logsigmoid(-logits)
    present = -torch.exp(gamma_positive * log_not_p) * log_p
    if not clip:
        return present, -torch.exp(gamma_negative * log_p) * log_not_p
    not_p_m = (torch.sigmoid(-logits) + clip).clamp(max=NEARLY_ONE)
    return present, -((1 - not_p_m) ** gamma_negative) * torch.log(not_p_m)


def _mixed(present: Tensor, absent: Tensor, truth: Tensor, present_weight: Tensor | None) -> Tensor:
    if present_weight is not None:
        present = present * present_weight
    return truth * present + (1 - truth) * absent


def balanced_weights(truth: Tensor, weight: Tensor) -> Tensor:
    """Absent over present entries of each label, so that both have the same total weight; (N, L), (N, L) -> (L,).

    A label that no picture or every picture has gets 1.
    """
    present = (truth * weight).sum(dim=0)
    absent = ((1 - truth) * weight).sum(dim=0)
    return torch.where((present > 0) & (absent > 0), absent / present, 1.0)
