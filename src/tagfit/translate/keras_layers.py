"""What Keras' layers are to a recipe: which it knows, which it leaves out, what they say of activation and decay."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tagfit.errors import Fault
from tagfit.translate.keras_graph import Layer
from tagfit.translate.keras_values import items, named, number, plain

# Activations as Keras calls them, to a recipe's.
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
    """What has been made of a model so far.

    Attributes:
        fields: of the recipe.
        faults: what cannot be made anything of.
        notes: what the recipe does not say as the model does, each with the layers that it is about.
        l2: penalties of the layers' weights.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)
    l2: list[float] = field(default_factory=list)

    def note(self, text: str, *layers: Layer) -> None:
        """Tell a deviation; one that was told before gets more layers."""
        self.notes.setdefault(text, []).extend(map(str, layers))

    def refuse(self, layer: Layer, why: str = "") -> None:
        """Name a layer that nothing can be made of."""
        self.faults.append(Fault(f"{layer} ({layer.kind or 'no class'}){why}"))

    def lines(self) -> tuple[str, ...]:
        """The notes as texts."""
        return tuple(f"{text} ({', '.join(layers)})" if layers else text for text, layers in self.notes.items())


def is_random(layer: Layer) -> bool:
    """Whether a layer moves or colours training pictures by chance."""
    return layer.kind.startswith(("Random", "RandAugment", "Moved"))


def refuse_unknown(layers: list[Layer], known: tuple[str, ...], reading: Reading) -> None:
    """Name every layer that is none of ``known``."""
    for layer in layers:
        if layer.kind == "Lambda":
            reading.refuse(layer, ": it holds code, and code of a file is never run")
        elif layer.foreign:
            reading.refuse(layer, ": a class of somebody's own")
        elif layer.kind not in known and not is_random(layer):
            reading.refuse(layer)


def leave_out(layers: list[Layer], reading: Reading, *, moves: bool) -> list[Layer]:
    """The layers that are part of the net proper; what prepares or disturbs its input is noted.

    Args:
        layers: all of them.
        reading: where the notes go.
        moves: whether the recipe can augment pictures.
    """
    kept = []
    for layer in layers:
        if layer.kind in SCALING:
            reading.note("left out: preprocessing is no part of a recipe; tagfit shifts and scales by the training rows"
                         " and resizes with --size", layer)  # fmt: skip
        elif layer.kind in NOISE:
            reading.note("left out: a recipe has no such layer", layer)
        elif is_random(layer):
            if moves:
                reading.fields["augment"] = True
                reading.note(
                    "augment = true instead: tagfit flips, turns, zooms and shifts by amounts of its own", layer
                )
            else:
                reading.note("left out: a dense recipe does not augment", layer)
        elif layer.kind not in ("Flatten", "Identity", "ZeroPadding2D"):
            kept.append(layer)
    return kept


def activation_of(layer: Layer, reading: Reading) -> str:
    """The recipe's activation for what a layer applies; "" for none, and for one with nothing near it in a recipe."""
    if layer.kind == "Activation" or layer.kind not in ACTIVATING:
        called, config = named(layer.config.get("activation"))
    else:
        called, config = layer.kind, layer.config
    word = plain(called)
    if word in ("", "linear"):
        return ""
    if word == "relu" and any(number(config, key, 0.0) for key in ("max_value", "negative_slope", "threshold")):
        reading.note("activation = 'relu' instead of one with a slope, a bound or a threshold", layer)
    elif word in NEAREST:
        reading.note(f"activation = {NEAREST[word]!r} instead of {called}, the nearest that a recipe has", layer)
    elif word not in ACTIVATIONS:
        reading.refuse(layer, f": the activation {called} has nothing near it in a recipe")
    return ACTIVATIONS.get(word) or NEAREST.get(word, "")


def one_activation(found: list[tuple[str, Layer]], reading: Reading) -> None:
    """A recipe has one activation for all layers: the commonest."""
    if not found:
        return
    ((chosen, _),) = Counter(name for name, _ in found).most_common(1)
    reading.fields["activation"] = chosen
    for name, layer in found:
        if name != chosen:
            reading.note(f"activation = {chosen!r} for all layers; here it was {name}", layer)


def one_norm(normed: list[Layer], bare: list[Layer], reading: Reading) -> None:
    """A recipe has batch norm behind every hidden layer, or behind none: as most layers have it."""
    if normed and len(normed) >= len(bare):
        reading.fields["norm"] = "batch"
        if bare:
            reading.note("norm = 'batch' for all hidden layers; here there was none", *bare)
    elif normed:
        reading.note("norm = 'none' for all hidden layers; here there was batch norm", *normed)


def check_batch_norm(layer: Layer, reading: Reading, usual: dict[str, float]) -> None:
    """Note settings of batch norm that are not ``usual``, which is what tagfit's net has."""
    given = {key: number(layer.config, key, KERAS_BATCH_NORM[key]) for key in usual}
    unusual = [f"{key} {value:g}" for key, value in given.items() if value != usual[key]]
    unusual += [f"{key} False" for key in ("center", "scale") if layer.config.get(key) is False]
    if unusual:
        reading.note(f"batch norm has tagfit's own settings, not {', '.join(unusual)}", layer)


def check_weights(layer: Layer, reading: Reading) -> None:
    """Note what a layer says of its weights that a recipe does not; gather its L2 penalty."""
    config = layer.config
    start, _ = named(config.get("kernel_initializer"))
    if start and plain(start) not in STARTS.get(layer.kind, STARTS["Conv2D"]):
        reading.note(f"weights start as tagfit starts them, not as {start}", layer)
    if config.get("use_bias") is False and layer.kind == "Dense":
        reading.note("a dense layer of tagfit has a bias", layer)
    if any(
        config.get(key) for key in ("kernel_constraint", "bias_constraint", "bias_regularizer", "activity_regularizer")
    ):
        reading.note("left out: constraints, and penalties on biases or activities", layer)
    called, penalty = named(config.get("kernel_regularizer"))
    l1, l2 = number(penalty, "l1", 0.0), number(penalty, "l2", 0.01 if plain(called) == "l2" else 0.0)
    if called and (l1 or not l2):
        reading.note(f"left out: the penalty {called}, of which a recipe has only the L2 part", layer)
    reading.l2.append(max(l2, 0.0))


def window(layer: Layer, key: str) -> int:
    """The larger of the two steps of a convolution or pooling."""
    value = layer.config.get(key)
    sizes = [size for size in (items(value) or [value]) if isinstance(size, int) and not isinstance(size, bool)]
    return max([1, *sizes])
