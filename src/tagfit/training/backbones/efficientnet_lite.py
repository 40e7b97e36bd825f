"""EfficientNet-Lite: the architecture of Lite0, Lite1 and Lite2 in plain torch, with TensorFlow's padding.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019; the Lite variants leave
out squeeze-and-excite, use ReLU6, and keep stem and head at their unscaled width.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeGuard

import torch
from torch import Tensor, nn
from torch.nn import functional

# (repeats, kernel, stride, expansion, channels) of each stage of B0.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, FEATURES = 32, 1280
FIRST_OF_LAST = 3  # the stage at 1/16 of the picture's side: docs/decisions says why
WIDTH_MULTIPLE = 8
# TensorFlow's; what pixels are shifted and scaled by comes from its code, too.
BATCH_NORM = {"eps": 1e-3, "momentum": 0.01}
SHIFT, SCALE = 127.0, 128.0


@dataclass(frozen=True)
class Variant:
    """One of the published nets: how many times wider and deeper than B0 it is."""

    width: float
    depth: float

    @property
    def last(self) -> int:
        """The first of the blocks that are tuned where only the last ones are.

        The first block of that stage still sees maps of 1/8, of more values.
        """
        return sum(_repeats(at, self.depth) for at in range(FIRST_OF_LAST)) + 1


VARIANTS = {
    "efficientnet-lite0": Variant(1.0, 1.0),
    "efficientnet-lite1": Variant(1.0, 1.1),
    "efficientnet-lite2": Variant(1.1, 1.2),
}


class SameConv(nn.Conv2d):
    """A convolution that pads as TensorFlow's SAME does: where the padding is odd, one more after than before."""

    def __init__(self, fan_in: int, fan_out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(fan_in, fan_out, kernel, stride, groups=groups, bias=False)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.convolved(pictures, self.weight)

    def convolved(self, pictures: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """The convolution with other weights."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        height, width = (max((math.ceil(side / stride) - 1) * stride + kernel - side, 0) for side in pictures.shape[2:])
        if height % 2 == width % 2 == 0:
            padding = (height // 2, width // 2)
            return functional.conv2d(pictures, weight, bias, self.stride, padding, groups=self.groups)
        pads = (width // 2, width - width // 2, height // 2, height - height // 2)
        return functional.conv2d(functional.pad(pictures, pads), weight, bias, self.stride, groups=self.groups)


class Layers(nn.Sequential):
    """Layers one after another; batch norm that keeps its statistics is computed with the convolution before it.

    A step of training takes a seventh less time for it.
    """

    def forward(self, pictures: Tensor) -> Tensor:
        layers = list(self)
        for at, layer in enumerate(layers):
            before = layers[at - 1] if at else None
            after = layers[at + 1] if at + 1 < len(layers) else None
            if isinstance(layer, SameConv) and _can_join(after):
                pictures = layer.convolved(pictures, *_joined(layer, after))
            elif not (isinstance(before, SameConv) and _can_join(layer)):
                pictures = layer(pictures)
        return pictures


def _can_join(norm: nn.Module | None) -> TypeGuard[nn.BatchNorm2d]:
    """Engines that run exported graphs join the two themselves."""
    return isinstance(norm, nn.BatchNorm2d) and not norm.training and not torch.compiler.is_exporting()


def _joined(conv: SameConv, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution and the batch norm after it as one convolution."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    return conv.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale


class DropPath(nn.Module):
    """Drops all of a branch for some pictures in training, and scales it up for the others; (n, c, h, w) -> the same.

    Huang et al., "Deep networks with stochastic depth", 2016.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(share)

    def forward(self, branch: Tensor) -> Tensor:
        return branch * self.dropout(branch.new_ones(len(branch), 1, 1, 1)) if self.training else branch


class Block(nn.Module):
    """Expand, filter each channel, project; with a shortcut where shapes allow. (n, c, h, w) -> (n, c', h', w').

    Where it has a shortcut, a ``dropped`` share of the pictures takes nothing else in training.
    """

    def __init__(
        self, fan_in: int, fan_out: int, kernel: int, stride: int, expansion: int, dropped: float = 0.0
    ) -> None:
        super().__init__()
        middle = fan_in * expansion
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [SameConv(fan_in, middle, 1), _norm(middle), nn.ReLU6()]
        layers += [SameConv(middle, middle, kernel, stride, groups=middle), _norm(middle), nn.ReLU6()]
        layers += [SameConv(middle, fan_out, 1), _norm(fan_out)]
        self.body = Layers(*layers)
        self.shortcut = stride == 1 and fan_in == fan_out
        self.drop_path = DropPath(dropped) if self.shortcut and dropped else nn.Identity()

    def forward(self, pictures: Tensor) -> Tensor:
        filtered: Tensor = self.body(pictures)
        return self.drop_path(filtered) + pictures if self.shortcut else filtered


class EfficientNetLite(nn.Module):
    """Pixels in 0..255, float32 (n, 3, h, w) -> features (n, FEATURES), the mean over height and width.

    Args:
        variant: how wide and deep.
        start: the first block; what comes then is the output of the block before it, (n, c, h', w').
        stop: the block before which it ends, with the maps that this block would get; None for features.
        drop_path: how often the last block is skipped in training, the first one never, those between in proportion.
    """

    def __init__(self, variant: Variant, start: int = 0, stop: int | None = None, *, drop_path: float = 0.0) -> None:
        super().__init__()
        self.start, self.stop = start, stop
        if not start:
            self.stem = Layers(SameConv(3, STEM, 3, 2), _norm(STEM), nn.ReLU6())
        shapes = block_shapes(variant)
        # By their numbers in the whole net, so that the names of weights are the same.
        numbers = range(len(shapes))
        chosen = {str(at): Block(*shapes[at], drop_path * at / numbers[-1]) for at in numbers[start:stop]}
        self.blocks = nn.Sequential(OrderedDict(chosen))
        if stop is None:
            self.head = Layers(SameConv(shapes[-1][1], FEATURES, 1), _norm(FEATURES), nn.ReLU6())

    def forward(self, pixels: Tensor) -> Tensor:
        maps: Tensor = pixels if self.start else self.stem((pixels - SHIFT) / SCALE)
        maps = self.blocks(maps)
        return maps if self.stop is not None else self.head(maps).mean(dim=(2, 3))


def block_shapes(variant: Variant) -> list[tuple[int, int, int, int, int]]:
    """Channels in, channels out, kernel, stride and expansion of each block."""
    found, fan_in = [], STEM
    for at, (_, kernel, stride, expansion, channels) in enumerate(STAGES):
        fan_out = _scaled(channels, variant.width)
        for repeat in range(_repeats(at, variant.depth)):
            found.append((fan_in, fan_out, kernel, 1 if repeat else stride, expansion))
            fan_in = fan_out
    return found


def _repeats(stage: int, depth: float) -> int:
    return STAGES[stage][0] if stage in (0, len(STAGES) - 1) else math.ceil(STAGES[stage][0] * depth)


def translated(published: dict[str, Tensor]) -> dict[str, Tensor]:
    """The published state as that of EfficientNetLite; its classifier is left out."""
    found = {}
    for name, tensor in published.items():
        layer, _, rest = name.partition(".")
        if layer == "_fc" or name.endswith("num_batches_tracked"):
            continue
        if layer == "_blocks":
            number, part, kind = rest.split(".")
            at = _place(part, has_expansion=f"_blocks.{number}._expand_conv.weight" in published)
            found[f"blocks.{number}.body.{at}.{kind}"] = tensor
        else:
            home, at = {"_conv_stem": ("stem", 0), "_bn0": ("stem", 1), "_conv_head": ("head", 0), "_bn1": ("head", 1)}[
                layer
            ]
            found[f"{home}.{at}.{rest}"] = tensor
    return found


def _place(part: str, *, has_expansion: bool) -> int:
    """Where a layer of a block stands in its body."""
    order = ("_expand_conv", "_bn0", "_relu", "_depthwise_conv", "_bn1", "_relu", "_project_conv", "_bn2")
    return order.index(part) - (0 if has_expansion else 3)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, **BATCH_NORM)  # type: ignore[arg-type]


def _scaled(channels: int, width: float) -> int:
    """Channels times ``width``, as a multiple of WIDTH_MULTIPLE that is at least nine tenths of it."""
    wanted = channels * width
    rounded = max(WIDTH_MULTIPLE, int(wanted + WIDTH_MULTIPLE / 2) // WIDTH_MULTIPLE * WIDTH_MULTIPLE)
    return rounded + WIDTH_MULTIPLE if rounded < 0.9 * wanted else rounded
