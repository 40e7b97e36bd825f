"""Whole: a net with everything before and after it as one module, from stored rows to probabilities."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tagfit.data.problem import Preprocessing
from tagfit.recipe import Recipe
from tagfit.training import nets, onnx_export
from tagfit.training.backbones import published
from tagfit.training.backbones.features import AS_THEY_ARE
from tagfit.training.backbones.parts import frozen_part
from tagfit.training.backbones.resized import Resized
from tagfit.training.batches import in_lines, shift_and_scale
from tagfit.training.own_net import NetFactory
from tagfit.training.scorer import Weights, with_weights


class Standardised(nn.Module):
    """Rows, shifted and scaled as in training; pictures (n, H, W, 3) become (n, 3, H, W) if ``channels_first``."""

    def __init__(self, preprocessing: Preprocessing, shape: tuple[int, ...], *, channels_first: bool) -> None:
        super().__init__()
        self.shape, self.channels_first = shape, channels_first
        self.mean: Tensor
        self.scale: Tensor
        for name, values in zip(("mean", "scale"), shift_and_scale(preprocessing, shape), strict=True):
            self.register_buffer(name, values)

    def forward(self, rows: Tensor) -> Tensor:
        values = (in_lines(rows).float() - self.mean) * self.scale
        if len(self.shape) == 1:
            return values
        pictures = values.reshape(-1, *self.shape)
        return pictures.permute(0, 3, 1, 2) if self.channels_first else pictures


class AsKept(nn.Module):
    """Rounded as the maps of a frozen part are kept."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.half().float() if maps.ndim == 4 else maps


class Whole(nn.Module):
    """Stored rows, uint8 (n, size, size, 3) or float32 (n, D) -> probabilities (n, L), not calibrated."""

    def __init__(self, before: nn.Module, net: nn.Module) -> None:
        super().__init__()
        self.before, self.net = before, net

    def forward(self, rows: Tensor) -> Tensor:
        return torch.sigmoid(self.net(self.before(rows)))


def build(
    recipe: Recipe,
    weights: Weights,
    preprocessing: Preprocessing,
    labels: int,
    *,
    net: NetFactory | None = None,
) -> Whole:
    """The whole net of a trained recipe, in inference mode, on the processor.

    Args:
        recipe, weights, preprocessing: of the training.
        labels: how many the net has.
        net: the factory that the net was made by, if any.

    Raises:
        InputError: weights of another net, or a backbone that is not there.
    """
    size = preprocessing.size
    shape = (len(preprocessing.mean),) if size is None else (size, size, 3)
    built = with_weights(nets.build(recipe, shape, labels, net), weights)
    of_bytes = size is not None and recipe.architecture == "pretrained" and net is None
    channels_first = size is not None and (recipe.channels_first or of_bytes)
    standard = AS_THEY_ARE if of_bytes else preprocessing
    before: nn.Module = Standardised(standard, shape, channels_first=channels_first)
    if of_bytes and (part := frozen_part(recipe)) is not None:
        assert size is not None
        frozen = published.load(part.backbone, stop=part.stop)
        before = nn.Sequential(before, Resized(size, part.backbone.size), frozen, AsKept())
    return Whole(before, built).eval().requires_grad_(False)


def graph(net: Whole, preprocessing: Preprocessing, name: str, output: str) -> bytes:
    """The net as an ONNX graph with this input and this output.

    Raises:
        InputError: a net with operations that ONNX does not have.
    """
    size = preprocessing.size
    if size is None:
        return onnx_export.export(net, (len(preprocessing.mean),), torch.float32, name, output)
    return onnx_export.export(net, (size, size, 3), torch.uint8, name, output)


def run(net: Whole, rows: NDArray[Any]) -> NDArray[np.float32]:
    """Probabilities of rows, (n, L), by torch."""
    with torch.inference_mode():
        return np.asarray(net(torch.from_numpy(rows)).numpy())


def versions() -> dict[str, str]:
    """Of what exported and compared."""
    return {name: importlib.metadata.version(name) for name in ("torch", "onnx", "onnxscript", "onnxruntime")}
