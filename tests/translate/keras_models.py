"""Keras configurations as Keras 3 and 2 write them, made by hand."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

Config = dict[str, Any]
LESSON = [
    ("Dense", {"units": 128, "activation": "relu"}),
    ("BatchNormalization", {}),
    ("Dropout", {"rate": 0.4}),
    ("Dense", {"units": 64, "activation": "relu"}),
    ("BatchNormalization", {}),
    ("Dropout", {"rate": 0.3}),
    ("Dense", {"units": 6, "activation": "sigmoid"}),
]
HEAD = ("Dense", {"units": 6, "activation": "sigmoid"})
HIDDEN = ("Dense", {"units": 8, "activation": "relu"})
BARE = ("Dense", {"units": 8, "activation": "linear"})
NORM: tuple[str, dict[str, Any]] = ("BatchNormalization", {})
BCE = {"loss": "binary_crossentropy"}
CNN = [
    ("Rescaling", {"scale": 1 / 255}),
    ("RandomFlip", {"mode": "horizontal"}),
    ("Conv2D", {"filters": 32, "kernel_size": [3, 3], "strides": [1, 1], "activation": "relu"}),
    ("MaxPooling2D", {"strides": [2, 2]}),
    ("Conv2D", {"filters": 48, "kernel_size": [3, 3], "strides": [1, 1], "activation": "relu"}),
    ("Conv2D", {"filters": 64, "kernel_size": [3, 3], "strides": [1, 1], "activation": "relu"}),
    ("MaxPooling2D", {"strides": [2, 2]}),
    ("Flatten", {}),
    ("Dense", {"units": 128, "activation": "relu"}),
    ("Dropout", {"rate": 0.5}),
    ("Dense", {"units": 5, "activation": "softmax"}),
]
L2 = {"class_name": "L2", "config": {"l2": 0.0010000000474974513}}
SOFT = {"units": 8, "activation": "relu", "kernel_regularizer": L2}
FOCAL = {"gamma": 1.5, "alpha": 0.3, "apply_class_balancing": True}


def layer(kind: str, config: Config, number: int) -> Config:
    """One layer, named after its kind and number."""
    named = {"name": f"{kind.lower()}_{number}", **config}
    return {"module": "keras.layers", "class_name": kind, "config": named, "registered_name": None}


def sequential(layers: list[tuple[str, Config]], shape: tuple[int, ...] = (294,), **compiled: Any) -> Config:
    """A Sequential model of Keras 3."""
    listed = [layer("InputLayer", {"batch_shape": [None, *shape]}, 0)]
    listed += [layer(kind, config, number) for number, (kind, config) in enumerate(layers, 1)]
    model = {"module": "keras", "class_name": "Sequential", "config": {"name": "sequential", "layers": listed}}
    return model | ({"compile_config": compiled} if compiled else {})


def keras_2(layers: list[tuple[str, Config]], shape: tuple[int, ...] = (294,)) -> Config:
    """The same as Keras 2 writes it: no modules, the input's shape in the first layer."""
    first, *others = layers
    listed = [layer(first[0], {"batch_input_shape": [None, *shape], **first[1]}, 1)]
    listed += [layer(kind, config, number) for number, (kind, config) in enumerate(others, 2)]
    plain = [{"class_name": one["class_name"], "config": one["config"]} for one in listed]
    return {"class_name": "Sequential", "config": {"name": "s", "layers": plain}, "keras_version": "2.15.0"}


def functional(
    layers: list[tuple[str, Config]], wires: dict[int, list[int]] | None = None, *, version: int = 3
) -> Config:
    """A Functional model; ``wires`` says what feeds a layer where it is not the one before it. Layer 0 is the input."""
    listed = [{**layer("InputLayer", {"batch_shape": [None, 64, 64, 3]}, 0), "inbound_nodes": []}]
    for number, (kind, config) in enumerate(layers, 1):
        fed = [listed[source]["config"]["name"] for source in (wires or {}).get(number, [number - 1])]
        listed.append({**layer(kind, config, number), "inbound_nodes": [_node(fed, version)]})
    for one in listed:
        one["name"] = one["config"]["name"]
    ends = [[listed[0]["name"], 0, 0]], [[listed[-1]["name"], 0, 0]]
    config = {"name": "functional", "layers": listed, "input_layers": ends[0], "output_layers": ends[1]}
    return {"module": "keras", "class_name": "Functional", "config": config, "registered_name": "Functional"}


def _node(fed: list[str], version: int) -> Any:
    if version == 2:
        return [[name, 0, 0, {}] for name in fed]
    tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}} for name in fed]
    return {"args": tensors if len(fed) == 1 else [tensors], "kwargs": {}}


def optimiser(kind: str, **settings: Any) -> dict[str, Any]:
    return {"module": "keras.optimizers", "class_name": kind, "config": settings, "registered_name": None}


def loss(kind: str, **settings: Any) -> dict[str, Any]:
    return {"module": "keras.losses", "class_name": kind, "config": settings, "registered_name": None}


def pace(kind: str, **settings: Any) -> dict[str, Any]:
    return {"module": "keras.optimizers.schedules", "class_name": kind, "config": settings, "registered_name": None}


def falling(kind: str, **settings: Any) -> dict[str, Any]:
    return optimiser("Adam", learning_rate=pace(kind, **settings))


def write(path: Path, model: Any) -> Path:
    """As the text of ``to_json()``, or as a .keras archive, by the name."""
    if path.suffix != ".keras":
        path.write_text(json.dumps(model), encoding="utf-8")
        return path
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("config.json", json.dumps(model))
        archive.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n")
    return path
