"""Dense layers of a Keras model to the fields of a dense recipe."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tagfit.translate.keras_graph import Layer, Net
from tagfit.translate.keras_layers import (
    ACTIVATING,
    COMMON,
    DROPPING,
    KERAS_BATCH_NORM,
    Reading,
    activation_of,
    check_batch_norm,
    check_weights,
    leave_out,
    one_activation,
    one_norm,
    refuse_unknown,
)
from tagfit.translate.keras_values import named, number, plain, whole

BEFORE = "dropped: a recipe has nothing before the first dense layer"


@dataclass
class Block:
    """A Dense layer and the layers up to the next one."""

    dense: Layer
    parts: list[Layer] = field(default_factory=list)


def read_dense(net: Net, reading: Reading) -> None:
    """Put widths, activation, norm and dropout into ``reading.fields``."""
    refuse_unknown(net.layers, COMMON, reading)
    refuse_branches(net.layers, reading)
    if reading.faults:
        return
    _refuse_dense_on_an_axis(net, reading)
    blocks: list[Block] = []
    for layer in leave_out(net.layers, reading, moves=False):
        if layer.kind == "Dense":
            blocks.append(Block(layer))
        elif blocks:
            blocks[-1].parts.append(layer)
        else:
            reading.note(BEFORE, layer)
    read_head(blocks.pop() if blocks else None, reading)
    _read_hidden(blocks, reading)


def refuse_branches(layers: list[Layer], reading: Reading) -> None:
    """Report the layers at which the net branches."""
    fed = [source for layer in layers for source in layer.inputs]
    for layer in layers:
        if len(layer.inputs) > 1:
            reading.refuse(layer, ": a dense recipe has no merging branches")
        elif fed.count(layer.position) > 1:
            reading.refuse(layer, ": a dense recipe has no branches, and one starts here")


def read_head(block: Block | None, reading: Reading) -> None:
    """Note how the last Dense layer differs from one sigmoid per label."""
    if block is None:
        reading.note("the model has no Dense layer: tagfit adds its own head, one sigmoid per label")
        return
    check_weights(block.dense, reading)
    called, _ = named(block.dense.config.get("activation"))
    for part in block.parts:
        if part.kind in ACTIVATING:
            called = named(part.config.get("activation"))[0] if part.kind == "Activation" else part.kind
        else:
            reading.note("dropped: it comes after the head", part)
    word = plain(called)
    if word == "softmax":
        reading.note(
            "tagfit's head has one sigmoid per label; a softmax makes the labels of a picture compete, so several can "
            "never be likely at once", block.dense
        )  # fmt: skip
    elif word in ("", "linear"):
        reading.note("tagfit's head ends in a sigmoid; the model's outputs are logits", block.dense)
    elif word != "sigmoid":
        reading.note(f"tagfit's head ends in a sigmoid, not in {called}", block.dense)


def dropped(layer: Layer, reading: Reading) -> float:
    """The share of units that a layer drops."""
    share = number(layer.config, "rate", 0.0)
    if layer.kind != "Dropout":
        reading.note(f"plain dropout instead of {layer.kind}", layer)
    return share


def _read_hidden(blocks: list[Block], reading: Reading) -> None:
    widths, drops = [], []
    activations: list[tuple[str, Layer]] = []
    normed: list[Layer] = []
    bare: list[Layer] = []
    for block in blocks:
        units = whole(block.dense.config, "units")
        if units is None:
            reading.refuse(block.dense, ": its number of units is missing")
        widths.append(units)
        check_weights(block.dense, reading)
        refused = len(reading.faults)
        applied, own_norms, kept = _read_block(block, reading)
        activations += applied
        if not applied and len(reading.faults) == refused:
            reading.refuse(block.dense, " has no activation, so it forms a single linear map with the next layer")
        (normed if own_norms else bare).append(block.dense)
        drops.append(float(f"{1 - kept:.6g}"))
    reading.fields |= {"architecture": "dense", "widths": widths}
    if any(drops):
        reading.fields["dropout"] = drops
    one_activation(activations, reading)
    one_norm(normed, bare, reading)


def _read_block(block: Block, reading: Reading) -> tuple[list[tuple[str, Layer]], list[Layer], float]:
    """Activations, batch norms and the share of units kept, with notes where the order differs from tagfit's."""
    applied = [(name, block.dense) for name in [activation_of(block.dense, reading)] if name]
    norms: list[Layer] = []
    drops: list[float] = []
    for part in block.parts:
        if part.kind in ACTIVATING:
            name = activation_of(part, reading)
            if name and applied:
                reading.refuse(part, f" is a second activation after {block.dense}")
            applied += [(name, part)] if name else []
            if name and norms:
                reading.note("batch norm comes before the activation here and after it in tagfit: not the same net",
                             *norms)  # fmt: skip
        elif part.kind in DROPPING:
            drops.append(dropped(part, reading))
        else:
            check_batch_norm(part, reading, KERAS_BATCH_NORM)
            norms.append(part)
            if drops:
                reading.note("dropout comes before batch norm here and after it in tagfit", part)
    if len(norms) > 1:
        reading.note("one batch norm replaces several", *norms)
    if len(drops) > 1:
        reading.note("one dropout replaces several, at their combined rate", block.dense)
    return applied, norms, math.prod(1 - share for share in drops)


def _refuse_dense_on_an_axis(net: Net, reading: Reading) -> None:
    if net.input_shape is None or len(net.input_shape) < 2:
        return
    for layer in net.layers:
        if layer.kind == "Flatten":
            return
        if layer.kind == "Dense":
            reading.refuse(layer, f" takes inputs of shape {net.input_shape}; put a Flatten before it")
            return
