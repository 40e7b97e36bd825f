"""Keras nets with convolutions to the fields of a conv recipe, the closest residual net that tagfit has."""

from __future__ import annotations

from collections import Counter

from tagfit.translate.keras_dense import Block, dropped, read_head
from tagfit.translate.keras_graph import Layer, Net
from tagfit.translate.keras_layers import (
    ACTIVATING,
    COMMON,
    CONVOLVING,
    DROPPING,
    PICTURES,
    POOLING,
    Reading,
    activation_of,
    check_batch_norm,
    check_weights,
    leave_out,
    one_activation,
    refuse_unknown,
    window,
)
from tagfit.translate.keras_values import whole

NEARLY = (
    "tagfit's conv net is a small residual net of its own (a strided 4 x 4 stem, pairs of 3 x 3 convolutions with a "
    "shortcut, mean pooling): the recipe keeps the channels of each stage, not the layers"
)
BETWEEN = "dropped: a conv recipe has one dropout before its head, and no other layer there or between its stages"
# Where PyTorch's momentum is 0.1, Keras' is 0.9.
CONV_BATCH_NORM = {"momentum": 0.9, "epsilon": 1e-5}
BLOCK = 2  # convolutions of a residual block


def read_conv(net: Net, reading: Reading) -> None:
    """Put stages, depth, activation, norm and dropout into ``reading.fields``."""
    refuse_unknown(net.layers, (*COMMON, *PICTURES), reading)
    if reading.faults:
        return
    reading.note(NEARLY)
    _read_stages(net.layers, reading)
    layers = leave_out(net.layers, reading, moves=True)
    last = max((index for index, layer in enumerate(layers) if layer.kind == "Dense"), default=len(layers))
    for layer in layers[last:]:
        if layer.kind in CONVOLVING:
            reading.refuse(layer, ": a convolution after the last Dense layer")
    read_head(Block(layers[last], layers[last + 1 :]) if last < len(layers) else None, reading)
    first = min((index for index, layer in enumerate(layers) if layer.kind == "Dense"), default=len(layers))
    _read_convolved(layers[:first], reading)
    _read_between(layers[:last], first, reading)


def _read_stages(layers: list[Layer], reading: Reading) -> None:
    """The stages. A stage lies between two downsamplings; its width is that of its last convolution."""
    shrunk = {0: 1}
    stages: dict[int, list[Layer]] = {}
    for layer in layers:
        steps = window(layer, "strides") if layer.kind in (*CONVOLVING, *POOLING) else 1
        shrunk[layer.position] = steps * max([shrunk.get(source, 1) for source in layer.inputs], default=1)
        if layer.kind in CONVOLVING:
            if whole(layer.config, "filters") is None:
                reading.refuse(layer, ": its number of filters is missing")
            stages.setdefault(shrunk[layer.position], []).append(layer)
            check_weights(layer, reading)
        if layer.kind == "SeparableConv2D":
            reading.note("plain convolutions instead of separable ones", layer)
    in_order = [stages[factor] for factor in sorted(stages)]
    deep = [max(1, sum(window(layer, "kernel_size") > 1 for layer in stage) // BLOCK) for stage in in_order]
    ((depth, _),) = Counter(deep).most_common(1)
    if any(one != depth for one in deep):
        reading.note(
            f"depth = {depth} for all stages; by their convolutions the stages have {', '.join(map(str, deep))} blocks"
        )
    reading.fields |= {
        "architecture": "conv",
        "widths": [whole(stage[-1].config, "filters") for stage in in_order],
        "depth": depth,
    }


def _read_convolved(layers: list[Layer], reading: Reading) -> None:
    """Activation and norm of the layers before the first Dense layer."""
    found = [(activation_of(layer, reading), layer) for layer in layers if layer.kind in (*CONVOLVING, *ACTIVATING)]
    one_activation([(name, layer) for name, layer in found if name], reading)
    normed = [layer for layer in layers if layer.kind == "BatchNormalization"]
    for layer in normed:
        check_batch_norm(layer, reading, CONV_BATCH_NORM)
    convolutions = sum(layer.kind in CONVOLVING for layer in layers)
    if not normed:
        return
    chosen = "batch" if 2 * len(normed) >= convolutions else "none"
    reading.fields["norm"] = chosen
    if chosen == "none" or len(normed) < convolutions:
        count = f"the model has {len(normed)} batch norms for {convolutions} convolutions"
        reading.note(f"norm = {chosen!r} for all convolutions; {count}")


def _read_between(layers: list[Layer], first: int, reading: Reading) -> None:
    """Dropout, of which a conv recipe has one before its head; hidden Dense layers are refused or noted."""
    drops = []
    deepest = max((index for index, layer in enumerate(layers) if layer.kind in CONVOLVING), default=0)
    for index, layer in enumerate(layers):
        if layer.kind in DROPPING and index > deepest:
            drops.append(layer)
        elif layer.kind in DROPPING or layer.kind == "Dense" or (layer.kind == "BatchNormalization" and index > first):
            reading.note(BETWEEN, layer)
    if drops:
        reading.fields["dropout"] = [dropped(drops[-1], reading)]
        if drops[:-1]:
            reading.note(BETWEEN, *drops[:-1])
