"""Activation maps: which places of a picture speak for a label, from the activations and gradients in a conv net.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", 2017; Draelos and
Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations", 2020; fusing two resolutions is this project's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn
from torch.nn import functional

from tagfit.training import nets
from tagfit.training.backbones import efficientnet_lite
from tagfit.training.whole import Whole

SIDE = 96  # of a map
# The fine map is that of the last block with at least this many places to a side; the coarse ones are those after it.
FINE = 12
SMOOTHED = 3.0  # standard deviation in places of a map
# Maps are averaged over the picture and this many copies of it, shifted by this share of its side to each corner.
SHIFT = 1 / 16
CORNERS = ((0, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))


def activation_maps(net: Whole, pixels: NDArray[np.uint8], columns: Sequence[int]) -> NDArray[np.float32]:
    """Maps (labels, SIDE, SIDE) in [0, 1] from the top left.

    A place is strong where two maps agree: the mean Grad-CAM of the last blocks, which is coarse, and activation times
    gradient of an earlier block, which is fine and on its own also strong where later blocks do not look.

    Args:
        net: of ``whole.build``, with blocks of convolutions.
        pixels: (size, size, 3) as stored.
        columns: of the labels.
    """
    blocks = _blocks(net)
    reach = max(1, round(pixels.shape[0] * SHIFT))
    shifted = np.stack([_shifted(pixels, down * reach, right * reach) for down, right in CORNERS])
    activations, logits = _run(net, blocks, shifted)
    fine = max((at for at, one in enumerate(activations) if one.shape[2] >= FINE), default=0)
    used = activations[fine:]
    back = reach * SIDE / pixels.shape[0]
    gradients = (torch.autograd.grad(logits[:, column].sum(), used, retain_graph=True) for column in columns)
    return np.stack([_fused(used, one, back) for one in gradients])


def _fused(activations: Sequence[Tensor], gradients: Sequence[Tensor], back: float) -> NDArray[np.float32]:
    """The map of one label out of the activations of the fine block and of those after it."""
    fine = _averaged((activations[0] * gradients[0]).sum(dim=1), back)
    found = _positive(gaussian_filter(fine, SMOOTHED))
    coarse = np.zeros_like(found)
    for activation, gradient in zip(activations[1:], gradients[1:], strict=True):
        weighed = _averaged((activation * gradient.mean(dim=(2, 3), keepdim=True)).sum(dim=1), back)
        coarse += weighed / max(float(np.abs(weighed).max()), 1e-12)
    return found if len(activations) == 1 else _positive(found * _positive(coarse))


def _averaged(maps: Tensor, back: float) -> NDArray[np.float32]:
    """Maps (copies, h, w) of shifted copies as their mean (SIDE, SIDE), each moved back to where it belongs."""
    large = functional.interpolate(maps.detach()[:, None], (SIDE, SIDE), mode="bicubic", align_corners=False)[:, 0]
    reach = round(back)
    padded = functional.pad(large[:, None], (reach,) * 4, mode="replicate")[:, 0]
    moved = [
        one[reach - down * reach :, reach - right * reach :][:SIDE, :SIDE]
        for one, (down, right) in zip(padded, CORNERS, strict=True)
    ]
    return np.asarray(torch.stack(moved).mean(dim=0).numpy(), dtype=np.float32)


def _positive(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is above 0, as a share of the largest."""
    return np.asarray(np.clip(values, 0, None) / max(float(values.max()), 1e-12), dtype=np.float32)


def _shifted(pixels: NDArray[Any], down: int, right: int) -> NDArray[Any]:
    """The picture seen from ``down`` and ``right`` pixels further, mirrored at its edges."""
    reach = max(abs(down), abs(right))
    side = pixels.shape[0]
    padded = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    return padded[reach + down :, reach + right :][:side, :side]


def _blocks(net: nn.Module) -> list[nn.Module]:
    """The blocks of convolutions, in the order in which they run."""
    modules = list(net.modules())
    blocks: list[nn.Module] = [one for one in modules if isinstance(one, nets.Residual | efficientnet_lite.Block)]
    heads = [one.head for one in modules if isinstance(one, efficientnet_lite.EfficientNetLite) and one.stop is None]
    return [*blocks, *heads]


def _run(net: Whole, blocks: Sequence[nn.Module], rows: NDArray[np.uint8]) -> tuple[list[Tensor], Tensor]:
    """The activations of all blocks that have more than one place, and the logits (n, L)."""
    kept: list[Tensor] = []

    def keep(_: nn.Module, __: Any, output: Tensor) -> None:
        if not output.requires_grad:
            output.requires_grad_(True)  # the first one: what is before it takes no part
        if output.shape[2] > 1 and output.shape[3] > 1:
            kept.append(output)

    hooks = [block.register_forward_hook(keep) for block in blocks]
    try:
        with torch.enable_grad():
            logits: Tensor = net.net(net.before(torch.from_numpy(rows)))
    finally:
        for hook in hooks:
            hook.remove()
    return kept, logits
