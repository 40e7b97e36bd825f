"""Scorer: a net with its weights, built once, that gives probabilities of any number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tagfit.data.problem import Preprocessing
from tagfit.errors import InputError
from tagfit.evaluation.scaling import Scaling
from tagfit.recipe import Recipe
from tagfit.training import nets
from tagfit.training.backbones import extract
from tagfit.training.backbones.features import AS_THEY_ARE, features
from tagfit.training.backbones.parts import frozen_part
from tagfit.training.batches import Batches
from tagfit.training.machine import choose
from tagfit.training.own_net import NetFactory
from tagfit.training.score import probabilities

Weights = Mapping[str, NDArray[Any]]
# Pictures whose features or maps are in memory at a time.
AT_ONCE = 1024


class Scorer:
    """The net of a recipe with these weights, in inference mode.

    Args:
        recipe, weights, preprocessing: of the training.
        labels: how many the net has.
        scaling: of the logits; None leaves them as they are.
        device, threads, net: as for ``tagfit.training.fit.fit``.

    Raises:
        InputError: a device that this machine lacks.
    """

    def __init__(
        self,
        recipe: Recipe,
        weights: Weights,
        preprocessing: Preprocessing,
        labels: int,
        *,
        scaling: Scaling | None = None,
        device: str | None = None,
        threads: int | None = None,
        net: NetFactory | None = None,
    ) -> None:
        self.recipe, self.weights, self.preprocessing = recipe, weights, preprocessing
        self.labels, self.scaling, self.net = labels, scaling, net
        self.machine = choose(recipe, device, threads)
        self._built: tuple[tuple[int, ...], nn.Module] | None = None

    def __call__(
        self,
        inputs: NDArray[Any],
        rows: NDArray[np.int64] | None = None,
        *,
        digests: NDArray[np.str_] | None = None,
        cache_dir: Path | None = None,
    ) -> NDArray[np.float32]:
        """Probabilities of shape (n, labels).

        Args:
            inputs: (N, H, W, 3) uint8 pixels or (N, D) float32 features, not yet shifted and scaled.
            rows: (n,) which of the inputs; None for all.
            digests: (N,) of the contents, under which the features of a backbone are kept; None keeps nothing.
            cache_dir: where they are kept, as in ``features``.

        Raises:
            InputError: weights of another net.
        """
        with self.machine.in_use():
            chosen = np.arange(len(inputs)) if rows is None else rows
            part = frozen_part(self.recipe) if self.net is None else None
            if part is None:
                return self._scores(inputs, chosen)
            if digests is not None:
                kept = features(part, inputs, digests, fit=self.preprocessing.fit, cache_dir=cache_dir)
                return self._scores(kept, chosen)
            pieces = np.split(chosen, range(AT_ONCE, len(chosen), AT_ONCE))
            extracted = (extract.extract(part, inputs[piece]) for piece in pieces)
            return np.concatenate([self._scores(values, np.arange(len(values))) for values in extracted])

    def _scores(self, inputs: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        of_backbone = self.recipe.architecture == "pretrained" and self.net is None
        batches = Batches(
            inputs,
            rows,
            AS_THEY_ARE if of_backbone else self.preprocessing,
            self.machine.device,
            channels_first=self.recipe.channels_first,
        )
        return probabilities(self._net(inputs.shape[1:]), batches, self.scaling)

    def _net(self, shape: tuple[int, ...]) -> nn.Module:
        if self._built is None or self._built[0] != shape:
            built = with_weights(nets.build(self.recipe, shape, self.labels, self.net), self.weights)
            self._built = shape, built.to(self.machine.device)
        return self._built[1]


def with_weights(net: nn.Module, weights: Weights) -> nn.Module:
    """The net with these weights, in inference mode.

    Raises:
        InputError: weights of another net.
    """
    try:
        net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    except RuntimeError as error:
        raise InputError(f"these are the weights of another net: {str(error).splitlines()[0]}") from None
    return net.eval()
