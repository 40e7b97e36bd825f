"""Keras model to recipe, with a note for every difference."""

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
    """The result of translating a Keras model.

    Attributes:
        recipe: the closest recipe.
        notes: every difference between recipe and model.
    """

    recipe: Recipe
    notes: tuple[str, ...]


def from_keras(path: Path) -> FromKeras:
    """Read ``MODEL.keras``, or a file with the text of ``model.to_json()``, of Keras 3 or 2.

    Only the configuration is read; no code is run, and Keras is not needed.

    Raises:
        InputError: the file has no model, layers that a recipe cannot express (all are listed), or values out of range.
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
        raise InputError(reading.faults, what=f"{path}: a recipe cannot express these layers")
    _note_input(net, reading)
    read_training(config.get("compile_config"), reading)
    return FromKeras(parse(reading.fields, where=str(path)), reading.lines())


def _note_input(net: Net, reading: Reading) -> None:
    """Note the input shape, which belongs to the Problem rather than to the recipe."""
    shape = net.input_shape
    if shape is None or len(shape) != 3 or None in shape:
        return
    height, width, colours = shape
    if height == width and colours == 3:
        reading.note(f"the model takes {height} x {width} pictures: train with --size {height}")
    else:
        reading.note(
            f"the model takes inputs of shape {shape}; pictures in tagfit are squares with three colour channels"
        )
