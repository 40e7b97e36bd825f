"""The nets: dense layers as Keras builds them, and a small residual conv net; one logit per label."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.training import own_net
from tagfit.training.backbones import published
from tagfit.training.backbones.parts import backbone_of, first_block, frozen_branch_recipe, frozen_part
from tagfit.training.backbones.resized import Resized
from tagfit.training.backbones.tuned import Tuned

# Keras' own numbers: its momentum of 0.99 weighs the old average, torch's 0.01 the new batch.
KERAS_BATCH_NORM = {"momentum": 0.01, "eps": 1e-3}
# A conv run has too few steps for a momentum of 0.99 to forget the initial statistics.
CONV_BATCH_NORM = {"momentum": 0.1, "eps": 1e-5}

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}


def build(
    recipe: Recipe, input_shape: tuple[int, ...], labels: int, factory: own_net.NetFactory | None = None
) -> nn.Module:
    """The untrained net of a recipe; it draws its weights from torch's global generator.

    Args:
        recipe: the architecture.
        input_shape: (D,) for features, (H, W, 3) for pictures. A dense net flattens pictures.
        labels: number of outputs; they are logits.
        factory: makes the net in place of the recipe's architecture, which then only decides the layout of pictures.

    Raises:
        InputError: a conv net on feature rows, pictures too small for the number of stages, or a factory whose net
            does not return logits.
    """
    if recipe.frozen and factory is None:  # what comes are the backbone's features, whatever the pictures' size
        return head(recipe, input_shape[0] if len(input_shape) == 1 else published.width(backbone_of(recipe)), labels)
    if recipe.tuned and factory is None:
        return on_backbone(recipe, input_shape, labels)
    check_fits(recipe, input_shape, factory)
    if factory is not None:
        return own_net.build(factory, net_input_shape(recipe, input_shape), labels)
    if recipe.architecture == "dense":
        return dense(recipe, int(torch.Size(input_shape).numel()), labels)
    return conv(recipe, labels)


def net_input_shape(recipe: Recipe, input_shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of one row as the net gets it: channels first for a conv net."""
    return (input_shape[2], *input_shape[:2]) if recipe.channels_first else input_shape


def check_fits(recipe: Recipe, input_shape: tuple[int, ...], factory: own_net.NetFactory | None = None) -> None:
    """Refuse an architecture that cannot take rows of ``input_shape``, with an InputError."""
    if recipe.architecture == "dense":
        return
    if len(input_shape) != 3:
        raise InputError(
            f"a {recipe.architecture} net needs pictures; these are rows of {input_shape[0]} features",
            instead="a recipe with architecture = 'dense', such as regularised-dense",
        )
    smallest = 2 ** len(recipe.widths)
    if factory is None and recipe.architecture == "conv" and min(input_shape[:2]) < smallest:
        raise InputError(
            f"{len(recipe.widths)} conv stages need pictures of at least {smallest} pixels per side, "
            f"these have {min(input_shape[:2])}",
            instead="fewer widths, or a larger --size",
        )


class Standardise(nn.Module):
    """Features with mean 0 and deviation 1 in train, (n, d) -> (n, d); what does not vary is only shifted."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))

    def fit(self, features: Tensor) -> None:
        """Take mean and deviation from the features of train, (N, d)."""
        values = features.double()
        deviation = values.std(dim=0, correction=0)
        self.mean.copy_(values.mean(dim=0))
        self.scale.copy_(torch.where(deviation > 0, 1 / deviation.clamp_min(1e-12), 1.0))

    def forward(self, features: Tensor) -> Tensor:
        return (features - self.mean) * self.scale


def on_backbone(recipe: Recipe, input_shape: tuple[int, ...], labels: int) -> nn.Module:
    """A backbone that is tuned, or its last blocks, with a head; the weights are any, and come with :class:`Tuned`."""
    backbone, start = backbone_of(recipe), first_block(recipe)
    body = published.blank(backbone, start, drop_path=recipe.drop_path)
    resized = Resized(input_shape[0], backbone.size) if frozen_part(recipe) is None else None
    width = published.width(backbone)
    frozen = None
    if recipe.frozen_branch:
        frozen = nn.Sequential(published.blank(backbone, start), head(frozen_branch_recipe(recipe), width, labels))
    net = Tuned(body, head(recipe, width, labels), recipe, resized, frozen)
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def head(recipe: Recipe, features: int, labels: int) -> nn.Sequential:
    """Standardised features, then the layers of :func:`dense`; (n, features) -> (n, labels).

    The last weights begin at 0: random ones are noise on features that say much already, and send it back into them.
    """
    _, *layers = dense(recipe, features, labels)
    nn.init.zeros_(layers[-1].weight)  # type: ignore[arg-type]
    return nn.Sequential(Standardise(features), *layers)


def dense(recipe: Recipe, inputs: int, labels: int) -> nn.Sequential:
    """Linear, activation, batch norm, dropout for each width, then the head; (n, ...) -> (n, labels)."""
    layers: list[nn.Module] = [nn.Flatten()]
    for (fan_in, width), drop in zip(
        pairwise((inputs, *recipe.widths)), _each(recipe.dropout, recipe.widths), strict=True
    ):
        layers += [nn.Linear(fan_in, width), ACTIVATIONS[recipe.activation]()]
        if recipe.norm == "batch":
            layers.append(nn.BatchNorm1d(width, **KERAS_BATCH_NORM))  # type: ignore[arg-type]
        if drop:
            layers.append(nn.Dropout(drop))
    layers.append(nn.Linear((inputs, *recipe.widths)[-1], labels))
    net = nn.Sequential(*layers)
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return net


class Residual(nn.Module):
    """Two 3 x 3 convolutions and a shortcut: (n, fan_in, h, w) -> (n, width, h / stride, w / stride)."""

    def __init__(self, recipe: Recipe, fan_in: int, width: int, stride: int) -> None:
        super().__init__()
        activation = ACTIVATIONS[recipe.activation]
        self.body = nn.Sequential(
            *_conv_norm(recipe, fan_in, width, kernel=3, stride=stride),
            activation(),
            *_conv_norm(recipe, width, width, kernel=3, stride=1),
        )
        shortcut: list[nn.Module] = []
        if stride > 1:
            shortcut.append(nn.AvgPool2d(stride, ceil_mode=True))
        if fan_in != width:
            shortcut += _conv_norm(recipe, fan_in, width, kernel=1, stride=1)
        self.shortcut = nn.Sequential(*shortcut)
        self.activation = activation()
        last = self.body[-1]
        if isinstance(last, nn.BatchNorm2d):
            nn.init.zeros_(last.weight)  # each block starts as its shortcut, which stabilises the first steps

    def forward(self, pictures: Tensor) -> Tensor:
        activated: Tensor = self.activation(self.body(pictures) + self.shortcut(pictures))
        return activated


class MeanPool(nn.Module):
    """The mean over height and width, (n, c, h, w) -> (n, c); unlike torch's own layer deterministic on a GPU."""

    def forward(self, pictures: Tensor) -> Tensor:
        return pictures.mean(dim=(2, 3))


def conv(recipe: Recipe, labels: int) -> nn.Sequential:
    """A strided stem, `depth` residual blocks a stage (each later stage at half the size), mean pool, head."""
    first = recipe.widths[0]
    layers: list[nn.Module] = [*_conv_norm(recipe, 3, first, kernel=4, stride=2), ACTIVATIONS[recipe.activation]()]
    fan_in = first
    for stage, width in enumerate(recipe.widths):
        for block in range(recipe.depth):
            layers.append(Residual(recipe, fan_in, width, stride=2 if stage and not block else 1))
            fan_in = width
    layers.append(MeanPool())
    if recipe.dropout[-1]:
        layers.append(nn.Dropout(recipe.dropout[-1]))
    head = nn.Linear(fan_in, labels)
    nn.init.xavier_uniform_(head.weight)
    nn.init.zeros_(head.bias)
    return nn.Sequential(*layers, head).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _conv_norm(recipe: Recipe, fan_in: int, width: int, *, kernel: int, stride: int) -> list[nn.Module]:
    normed = recipe.norm == "batch"
    layer = nn.Conv2d(fan_in, width, kernel, stride, padding=(kernel - 1) // 2, bias=not normed)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return [layer, nn.BatchNorm2d(width, **CONV_BATCH_NORM)] if normed else [layer]  # type: ignore[arg-type]


def _each(values: tuple[float, ...], widths: tuple[int, ...]) -> tuple[float, ...]:
    return values * len(widths) if len(values) == 1 else values
