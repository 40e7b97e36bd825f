"""A Keras model's configuration as a recipe, with notes on all that a recipe does not say as the model does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tagfit.errors import InputError
from tagfit.recipe import Recipe, parse
from tagfit.translate.keras_conv import read_conv
from tagfit.translate.keras_dense import read_dense
from tagfit.translate.keras_file import read_config
from tagfit.translate.keras_graph import Net, read_net
from tagfit.translate.keras_layers import CONVOLVING, Reading
from tagfit.translate.keras_training import read_training


@dataclass(frozen=True)
class FromKeras:
    """What a Keras model became.

    Attributes:
        recipe: the nearest that a recipe gets.
        notes: every way in which it is not the same.
    """

    recipe: Recipe
    notes: tuple[str, ...]


def from_keras(path: Path) -> FromKeras:
    """Read ``MODEL.keras``, or a file with the text of ``model.to_json()``, of Keras 3 or 2.

    Only the configuration is read; no code is run, and Keras is not needed.

    Raises:
        InputError: no model in it, layers that a recipe cannot say (all of them at once), values out of range.
    """
    config = read_config(path)
    net = read_net(config, str(path))
    if net.faults:
        raise InputError(net.faults)
    if not net.layers:
        raise InputError(f"{path}: the model has no layers")
    reading = Reading()
    if any(layer.kind in CONVOLVING for layer in net.layers):
        read_conv(net, reading)
    else:
        read_dense(net, reading)
    if reading.faults:
        raise InputError(reading.faults, what=f"{path}: no recipe can say this")
    _note_input(net, reading)
    read_training(config.get("compile_config"), reading)
    return FromKeras(parse(reading.fields, where=str(path)), reading.lines())


def _note_input(net: Net, reading: Reading) -> None:
    """What the Problem decides, and the model said otherwise or in its own words."""
    shape = net.input_shape
    if shape is None or len(shape) != 3 or None in shape:
        return
    height, width, colours = shape
    if height == width and colours == 3:
        reading.note(f"its pictures are {height} x {width}: train with --size {height}")
    else:
        reading.note(f"its inputs have the shape {shape}; tagfit's pictures are squares of three colours")
