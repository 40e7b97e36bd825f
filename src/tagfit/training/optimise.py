"""Optimisers, the learning rate at each step, and the running average of the weights."""

from __future__ import annotations

import copy
import inspect
import math
from typing import Any

import torch
from torch import nn

from tagfit.recipe import Recipe
from tagfit.training.backbones.tuned import Tuned

KERAS_ADAM_EPSILON = 1e-7
SGD_MOMENTUM = 0.9
LARGEST_JOINED = 1_000_000  # weights
ONE_CYCLE_RISE = 0.3  # of all steps
ONE_CYCLE_START = 25  # the peak over the first rate
ONE_CYCLE_END = 1e4  # the first rate over the last


def optimiser(net: nn.Module, recipe: Recipe, *, manual_gradients: bool = False) -> torch.optim.Optimizer:
    """The recipe's optimiser, without weight decay for biases and norms; `clear_gradients` clears its gradients.

    The ``share`` of a group is that of the recipe's learning rate which its weights are trained with.

    ``manual_gradients`` are written directly into place, so that weights of any number can be joined.
    """
    groups = []
    for weights, share in net.rates(recipe) if isinstance(net, Tuned) else [(list(net.parameters()), 1.0)]:
        trained = [weight for weight in weights if weight.requires_grad]
        decayed = [weight for weight in trained if weight.ndim > 1 and recipe.weight_decay]
        others = [weight for weight in trained if weight.ndim <= 1 or not recipe.weight_decay]
        for some, decay in ((decayed, recipe.weight_decay), (others, 0.0)):
            if some:
                join = manual_gradients or can_join(some)
                params = joined(some) if join else some
                groups.append({"params": params, "weight_decay": decay, "joined": join, "share": share})
    about: dict[str, float] = {"momentum": SGD_MOMENTUM} if recipe.optimiser == "sgd" else {"eps": KERAS_ADAM_EPSILON}
    made: torch.optim.Optimizer = OPTIMISERS[recipe.optimiser](groups, lr=recipe.learning_rate, fused=True, **about)
    return made


def _bare(kind: Any) -> Any:
    """An optimiser without the wrappers that hide its methods from torch's compiler.

    They import the compiler to do so, which costs every process that trains two seconds, and call it twice per step.
    """
    hidden = ("add_param_group", "state_dict", "load_state_dict")
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in hidden}
    return type(kind.__name__, (kind,), {**methods, "step": torch.no_grad()(inspect.unwrap(kind.step))})


OPTIMISERS = {"sgd": _bare(torch.optim.SGD), "adam": _bare(torch.optim.Adam), "adamw": _bare(torch.optim.AdamW)}


def can_join(weights: list[nn.Parameter]) -> bool:
    """Whether one joined vector pays off: gradients of a large net would be copied, conv weights copied."""
    return sum(weight.numel() for weight in weights) <= LARGEST_JOINED and all(weight.ndim <= 2 for weight in weights)


def joined(weights: list[nn.Parameter]) -> list[nn.Parameter]:
    """The same weights as one vector, of which each becomes a view: one update instead of one per layer."""
    vector = nn.Parameter(torch.cat([weight.detach().flatten() for weight in weights]))
    vector.grad = torch.zeros_like(vector)
    sizes = [weight.numel() for weight in weights]
    parts = zip(weights, vector.detach().split(sizes), vector.grad.split(sizes), strict=True)  # type: ignore[no-untyped-call]
    for weight, value, gradient in parts:
        weight.data = value.view_as(weight)
        weight.grad = gradient.view_as(weight)
    return [vector]


def trained(optimiser: torch.optim.Optimizer) -> list[nn.Parameter]:
    """All weights that it updates, the joined ones as one vector."""
    return [weight for group in optimiser.param_groups for weight in group["params"]]


def clear_gradients(optimiser: torch.optim.Optimizer) -> None:
    """Zero the gradients of joined weights in place, since the layers write into them, and drop all others."""
    for group in optimiser.param_groups:
        for weight in group["params"]:
            if group["joined"]:
                weight.grad.zero_()
            else:
                weight.grad = None


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the rate of the step that comes next."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["share"]


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """The rate at ``step`` of ``steps``, counted from 0; stateless, so that a resumed run has the same."""
    done = step / max(steps, 1)
    peak = recipe.learning_rate
    if recipe.schedule == "one-cycle":  # Smith 2018, with PyTorch's constants; momentum is not cycled
        first = peak / ONE_CYCLE_START
        if done < ONE_CYCLE_RISE:
            return _cosine(first, peak, done / ONE_CYCLE_RISE)
        return _cosine(peak, first / ONE_CYCLE_END, (done - ONE_CYCLE_RISE) / (1 - ONE_CYCLE_RISE))
    if done < recipe.warmup:
        return peak * (step + 1) / (recipe.warmup * steps + 1)
    if recipe.schedule == "cosine":
        return _cosine(peak, 0.0, (done - recipe.warmup) / (1 - recipe.warmup))
    return peak


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def averaged_copy(net: nn.Module) -> nn.Module:
    """A copy of ``net`` to hold the running average of its weights."""
    return copy.deepcopy(net).requires_grad_(requires_grad=False)


@torch.no_grad()
def update_average(average: nn.Module, net: nn.Module, decay: float, step: int) -> None:
    """Move the average toward ``net``; faster in the first steps, so that the untrained weights are forgotten."""
    keep = min(decay, (1 + step) / (10 + step))
    averages, values = list(average.state_dict().values()), list(net.state_dict().values())
    floating = [i for i, value in enumerate(values) if value.is_floating_point()]
    torch._foreach_lerp_([averages[i] for i in floating], [values[i] for i in floating], 1 - keep)
    for i, value in enumerate(values):
        if not value.is_floating_point():
            averages[i].copy_(value)
