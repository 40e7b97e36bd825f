"""Layers of a Keras configuration in order, with the inputs of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tagfit.errors import Fault, InputError
from tagfit.translate.keras_values import is_foreign, items, named, shape_of

MODELS = ("Sequential", "Functional", "Model")
DEEPEST = 8  # models within models


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        position: counted from 1, in the order of the file; inputs are not counted.
        name: its own.
        kind: its class.
        config: its settings.
        inputs: positions of the layers that feed it; 0 is the input of the net.
        foreign: whether its class is not one of Keras'.
    """

    position: int
    name: str
    kind: str
    config: dict[str, Any]
    inputs: tuple[int, ...]
    foreign: bool = False

    def __str__(self) -> str:
        return f"layer {self.position} {self.name!r}"


@dataclass
class Net:
    """All layers of a model; nested models are flattened.

    Attributes:
        layers: in topological order.
        input_shape: of one row, or None if the file does not say.
        faults: why the model cannot be read as a sequence of layers.
    """

    layers: list[Layer] = field(default_factory=list)
    input_shape: tuple[int | None, ...] | None = None
    faults: list[Fault] = field(default_factory=list)


def read_net(config: dict[str, Any], where: str) -> Net:
    """Read the layers from a model's configuration.

    Raises:
        InputError: there are none, as in a subclassed model.
    """
    kind, _ = named(config)
    if kind not in MODELS or is_foreign(config):
        raise InputError(
            Fault(f"the model is a {kind or 'class without a name'}, whose layers are defined in its own code", where,
                  instead="a Sequential or Functional model")
        )  # fmt: skip
    net = Net()
    _walk(net, config, source=0, depth=1, where=where)
    return net


def _walk(net: Net, model: dict[str, Any], source: int, depth: int, where: str) -> int:
    """Add the layers of ``model``, which is fed by ``source``; returns the position of the last."""
    kind, config = named(model)
    listed = model["config"] if isinstance(model.get("config"), list) else items(config.get("layers"))
    if depth > DEEPEST:
        net.faults.append(Fault(f"models are nested more than {DEEPEST} deep", where))
        return source
    if depth == 1:
        net.input_shape = shape_of(config.get("build_input_shape"))
    known: dict[str, int] = {}
    last = source
    for entry in listed:
        layer_kind, layer_config = named(entry)
        name = _name(entry, layer_config)
        if depth == 1:
            stated = layer_config.get("batch_shape") or layer_config.get("batch_input_shape")
            net.input_shape = shape_of(stated) or net.input_shape
        if kind == "Sequential":
            inputs: tuple[int, ...] = (last,)
        else:
            inputs = _inputs(net, entry, layer_kind, name, known, where)
        if layer_kind == "InputLayer":
            known[name] = source
            continue
        if layer_kind in MODELS and not is_foreign(entry) and isinstance(entry, dict):
            last = _walk(net, entry, inputs[0] if inputs else source, depth + 1, where)
        else:
            last = len(net.layers) + 1
            net.layers.append(Layer(last, name, layer_kind, layer_config, inputs, is_foreign(entry)))
        known[name] = last
    return last if kind == "Sequential" else _end(net, config, known, last, where)


def _end(net: Net, config: dict[str, Any], known: dict[str, int], last: int, where: str) -> int:
    """The position of the output of a Functional model."""
    for ends in ("input_layers", "output_layers"):
        if len(_references(config.get(ends))) > 1:
            several = f"the model has several {ends.replace('_layers', 's')}"
            net.faults.append(Fault(several, where, "a net with one"))
    outputs = _references(config.get("output_layers"))
    return known.get(outputs[0], last) if outputs else last


def _name(entry: Any, config: dict[str, Any]) -> str:
    for place in (config, entry):
        if isinstance(place, dict) and isinstance(place.get("name"), str):
            return str(place["name"])
    return ""


def _inputs(net: Net, entry: Any, kind: str, name: str, known: dict[str, int], where: str) -> tuple[int, ...]:
    """The positions that feed a layer of a Functional model."""
    nodes = items(entry.get("inbound_nodes")) if isinstance(entry, dict) else []
    if len(nodes) > 1:
        net.faults.append(
            Fault(f"{name!r} ({kind}) is used {len(nodes)} times", where, "a net that uses each layer once")
        )
    found = []
    for reference in _references(nodes[:1]):
        if reference in known:
            found.append(known[reference])
        else:
            net.faults.append(Fault(f"{name!r} is fed by {reference!r}, which does not come before it", where))
    return tuple(found)


def _references(value: Any) -> list[str]:
    """The layers that part of the configuration refers to: ``keras_history`` in Keras 3, lists in Keras 2."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            waiting.extend(reversed(here.values()))
        elif isinstance(here, list):
            if len(here) >= 3 and isinstance(here[0], str) and isinstance(here[1], int):
                found.append(here[0])
            else:
                waiting.extend(reversed(here))
    return found
