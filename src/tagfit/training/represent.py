"""Represent: the scores of rows with the features that they were computed from, the input of a net's last layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tagfit.data.problem import Preprocessing
from tagfit.evaluation.scaling import Scaling
from tagfit.recipe import Recipe
from tagfit.training import nets
from tagfit.training.backbones import extract
from tagfit.training.backbones.features import AS_THEY_ARE, OnExtracted, features
from tagfit.training.backbones.parts import frozen_part
from tagfit.training.batches import Batches
from tagfit.training.machine import choose
from tagfit.training.own_net import NetFactory
from tagfit.training.represented import Represented, of_scores
from tagfit.training.score import probabilities
from tagfit.training.scorer import Weights, with_weights


def represent(
    recipe: Recipe,
    weights: Weights,
    preprocessing: Preprocessing,
    inputs: NDArray[Any],
    labels: int,
    *,
    digests: NDArray[np.str_] | None = None,
    scaling: Scaling | None = None,
    net: NetFactory | None = None,
    on_extracted: OnExtracted | None = None,
) -> Represented:
    """Scores and features of rows, computed on the processor.

    Args:
        recipe, weights, preprocessing: of the training.
        inputs: (n, H, W, 3) uint8 pixels or (n, D) float32 features, not yet shifted and scaled.
        labels: how many the net has.
        digests: (n,) of the contents, under which the features of a backbone are kept; None keeps nothing.
        scaling: of the logits; None leaves them as they are.
        net: the factory that the net was made by, if any.
        on_extracted: called with (pictures done, n) while a backbone extracts.

    Raises:
        InputError: weights of another net.
    """
    machine = choose(recipe, "cpu", None)
    with machine.in_use():
        part = frozen_part(recipe) if net is None else None
        if part is not None:
            kept = None if digests is None else features(part, inputs, digests, on_extracted, fit=preprocessing.fit)
            inputs = extract.extract(part, inputs) if kept is None else kept
        if recipe.architecture == "pretrained" and net is None:
            preprocessing = AS_THEY_ARE
        built = with_weights(nets.build(recipe, inputs.shape[1:], labels, net), weights)
        rows = Batches(inputs, np.arange(len(inputs)), preprocessing, "cpu", channels_first=recipe.channels_first)
        if recipe.frozen and net is None:
            return Represented(probabilities(built, rows, scaling), np.asarray(inputs))
        return _watched(built, rows, labels, scaling)


def _watched(net: nn.Module, rows: Batches, labels: int, scaling: Scaling | None) -> Represented:
    """The scores of all rows, and what went into the last linear layer; the scores' logits if there is none."""
    came: dict[nn.Module, list[Tensor]] = {}

    def keep(layer: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        came.setdefault(layer, []).append(arguments[0].detach().float())

    heads = [layer for layer in net.modules() if isinstance(layer, nn.Linear) and layer.out_features == labels]
    hooks = [layer.register_forward_pre_hook(keep) for layer in heads]
    try:
        scores = probabilities(net, rows, scaling)
    finally:
        for hook in hooks:
            hook.remove()
    seen = [torch.cat(batches) for batches in came.values()]
    whole = [values for values in seen if values.shape[0] == len(rows) and values.ndim == 2]
    if not whole:
        return of_scores(scores)
    return Represented(scores, whole[-1].numpy())
