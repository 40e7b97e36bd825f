"""Keras layers in terms of a recipe: which are known, which are dropped, their activation and weight decay."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tagfit.errors import Fault
from tagfit.translate.keras_graph import Layer
from tagfit.translate.keras_values import items, named, number, plain

# Names of activations in Keras to names in a recipe.
ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "silu": "silu", "swish": "silu", "tanh": "tanh"}
NEAREST = {
    "leakyrelu": "relu", "relu6": "relu", "prelu": "relu", "elu": "relu", "selu": "relu", "celu": "relu",
    "softplus": "relu", "hardsilu": "silu", "hardswish": "silu", "mish": "silu", "sigmoid": "tanh",
    "hardsigmoid": "tanh", "softsign": "tanh", "hardtanh": "tanh",
}  # fmt: skip
ACTIVATING = ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax")
DROPPING = ("Dropout", "AlphaDropout", "GaussianDropout", "SpatialDropout2D")
SCALING = ("Rescaling", "Normalization", "Resizing", "CenterCrop")
NOISE = ("GaussianNoise", "ActivityRegularization")
COMMON = ("Dense", "BatchNormalization", "Flatten", "Identity", *ACTIVATING, *DROPPING, *SCALING, *NOISE)
CONVOLVING = ("Conv2D", "SeparableConv2D")
POOLING = ("MaxPooling2D", "AveragePooling2D")
OVERALL = ("GlobalAveragePooling2D", "GlobalMaxPooling2D")
PICTURES = (*CONVOLVING, *POOLING, *OVERALL, "ZeroPadding2D", "Add")
KERAS_BATCH_NORM = {"momentum": 0.99, "epsilon": 1e-3}
STARTS = {"Dense": ("glorotuniform",), "Conv2D": ("glorotuniform", "henormal", "heuniform")}


@dataclass
class Reading:
    """The state of a translation.

    Attributes:
        fields: the fields of the recipe.
        faults: layers that cannot be translated.
        notes: differences between recipe and model, each with the layers it concerns.
        l2: L2 penalties of the layers' weights.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)
    l2: list[float] = field(default_factory=list)

    def note(self, text: str, *layers: Layer) -> None:
        """Add a note, or add layers to a note that exists."""
        self.notes.setdefault(text, []).extend(map(str, layers))

    def refuse(self, layer: Layer, why: str = "") -> None:
        """Report a layer that cannot be translated."""
        self.faults.append(Fault(f"{layer} ({layer.kind or 'no class'}){why}"))

    def lines(self) -> tuple[str, ...]:
        """The notes as texts."""
        return tuple(f"{text} ({', '.join(layers)})" if layers else text for text, layers in self.notes.items())


def is_random(layer: Layer) -> bool:
    """Whether a layer augments training pictures at random."""
    return layer.kind.startswith(("Random", "RandAugment", "Moved"))


def refuse_unknown(layers: list[Layer], known: tuple[str, ...], reading: Reading) -> None:
    """Report every layer that is not in ``known``."""
    for layer in layers:
        if layer.kind == "Lambda":
            reading.refuse(layer, ": it contains code, and code from a file is never run")
        elif layer.foreign:
            reading.refuse(layer, ": a custom class")
        elif layer.kind not in known and not is_random(layer):
            reading.refuse(layer)


def leave_out(layers: list[Layer], reading: Reading, *, moves: bool) -> list[Layer]:
    """Return the layers of the net itself; preprocessing, noise and augmentation are noted and dropped.

    Args:
        layers: all layers.
        reading: receives the notes.
        moves: whether the recipe can augment pictures.
    """
    kept = []
    for layer in layers:
        if layer.kind in SCALING:
            reading.note("dropped: preprocessing is not part of a recipe; tagfit standardises by the training rows and"
                         " resizes with --size", layer)  # fmt: skip
        elif layer.kind in NOISE:
            reading.note("dropped: a recipe has no such layer", layer)
        elif is_random(layer):
            if moves:
                reading.fields["augment"] = True
                reading.note(
                    "augment = true instead: tagfit flips, rotates, zooms and shifts by its own amounts", layer
                )
            else:
                reading.note("dropped: a dense recipe does not augment", layer)
        elif layer.kind not in ("Flatten", "Identity", "ZeroPadding2D"):
            kept.append(layer)
    return kept


def activation_of(layer: Layer, reading: Reading) -> str:
    """The recipe's activation for a layer; "" if it has none or no similar one exists in a recipe."""
    if layer.kind == "Activation" or layer.kind not in ACTIVATING:
        called, config = named(layer.config.get("activation"))
    else:
        called, config = layer.kind, layer.config
    word = plain(called)
    if word in ("", "linear"):
        return ""
    if word == "relu" and any(number(config, key, 0.0) for key in ("max_value", "negative_slope", "threshold")):
        reading.note("activation = 'relu' instead of one with a slope, a maximum or a threshold", layer)
    elif word in NEAREST:
        reading.note(f"activation = {NEAREST[word]!r} instead of {called}, the closest that a recipe has", layer)
    elif word not in ACTIVATIONS:
        reading.refuse(layer, f": a recipe has no activation similar to {called}")
    return ACTIVATIONS.get(word) or NEAREST.get(word, "")


def one_activation(found: list[tuple[str, Layer]], reading: Reading) -> None:
    """A recipe has one activation for all layers: take the most common."""
    if not found:
        return
    ((chosen, _),) = Counter(name for name, _ in found).most_common(1)
    reading.fields["activation"] = chosen
    for name, layer in found:
        if name != chosen:
            reading.note(f"activation = {chosen!r} for all layers; the model has {name} here", layer)


def one_norm(normed: list[Layer], bare: list[Layer], reading: Reading) -> None:
    """A recipe has batch norm after every hidden layer or after none: do as most layers do."""
    if normed and len(normed) >= len(bare):
        reading.fields["norm"] = "batch"
        if bare:
            reading.note("norm = 'batch' for all hidden layers; the model has none here", *bare)
    elif normed:
        reading.note("norm = 'none' for all hidden layers; the model has batch norm here", *normed)


def check_batch_norm(layer: Layer, reading: Reading, usual: dict[str, float]) -> None:
    """Note settings of batch norm that are not ``usual``, which is what tagfit's net has."""
    given = {key: number(layer.config, key, KERAS_BATCH_NORM[key]) for key in usual}
    unusual = [f"{key} {value:g}" for key, value in given.items() if value != usual[key]]
    unusual += [f"{key} False" for key in ("center", "scale") if layer.config.get(key) is False]
    if unusual:
        reading.note(f"batch norm uses tagfit's settings, not {', '.join(unusual)}", layer)


def check_weights(layer: Layer, reading: Reading) -> None:
    """Note settings of a layer's weights that a recipe does not have; collect its L2 penalty."""
    config = layer.config
    start, _ = named(config.get("kernel_initializer"))
    if start and plain(start) not in STARTS.get(layer.kind, STARTS["Conv2D"]):
        reading.note(f"weights are initialised as in tagfit, not by {start}", layer)
    if config.get("use_bias") is False and layer.kind == "Dense":
        reading.note("dense layers in tagfit have a bias", layer)
    if any(
        config.get(key) for key in ("kernel_constraint", "bias_constraint", "bias_regularizer", "activity_regularizer")
    ):
        reading.note("dropped: constraints, and penalties on biases or activities", layer)
    called, penalty = named(config.get("kernel_regularizer"))
    l1, l2 = number(penalty, "l1", 0.0), number(penalty, "l2", 0.01 if plain(called) == "l2" else 0.0)
    if called and (l1 or not l2):
        reading.note(f"dropped: the penalty {called}, of which a recipe has only the L2 part", layer)
    reading.l2.append(max(l2, 0.0))


def window(layer: Layer, key: str) -> int:
    """The larger of the two steps of a convolution or pooling."""
    value = layer.config.get(key)
    sizes = [size for size in (items(value) or [value]) if isinstance(size, int) and not isinstance(size, bool)]
    return max([1, *sizes])
