"""A stand-in for keras that records what is built and compiled."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from keras_models import Config, functional, sequential


class Recorded:
    """What a class of Keras was made with; a layer that is called becomes a node of a graph."""

    order: tuple[str, ...] = ()

    def __init__(self, *values: Any, **config: Any) -> None:
        self.config = {**dict(zip(self.order, values, strict=False)), **config}
        self.weights: list[Any] = []

    def __call__(self, fed: Any) -> SimpleNamespace:
        sources = fed if isinstance(fed, list) else [fed]
        channels = self.config.get("filters", sources[0].shape[-1])
        return SimpleNamespace(layer=self, sources=sources, shape=(None, channels))

    def exclude_from_weight_decay(self, **_: Any) -> None:
        """As the optimisers of Keras."""

    def written(self) -> Any:
        """As Keras would serialise it."""
        config = {key: value.written() if isinstance(value, Recorded) else value for key, value in self.config.items()}
        return {"module": "keras.layers", "class_name": type(self).__name__, "config": config}


class Model:
    """A model that can be compiled and only pretends to be fitted."""

    def __init__(self, listed: list[Recorded], wires: dict[int, list[int]] | None = None) -> None:
        self.listed, self.wires, self.compiled, self.trainable_weights = listed, wires, {}, []

    def compile(self, **compiled: Any) -> None:
        """Remember what it is compiled with."""
        self.compiled = {
            key: compiled[key].written() for key in ("optimizer", "loss") if not callable_only(compiled[key])
        }

    def fit(self, *_: Any, **told: Any) -> None:
        """Remember how it is fitted."""
        self.told = told

    def config(self) -> Config:
        """What ``to_json()`` would say."""
        written = [(type(one).__name__, one.written()["config"]) for one in self.listed]
        model = sequential(written) if self.wires is None else functional(written, self.wires)
        return {**model, "compile_config": self.compiled}


def callable_only(value: Any) -> bool:
    """Whether a loss is a plain function."""
    return not isinstance(value, Recorded)


ORDERS = {
    "Dense": ("units",), "Dropout": ("rate",), "Activation": ("activation",),
    "Conv2D": ("filters", "kernel_size", "strides"),
    "AveragePooling2D": ("strides",),
    "Adam": ("learning_rate",), "AdamW": ("learning_rate",), "SGD": ("learning_rate",),
    "L2": ("l2",), "VarianceScaling": ("scale",),
}  # fmt: skip


class Classes(ModuleType):
    """A module in which every name with a capital is a class that records."""

    def __getattr__(self, name: str) -> Any:
        if not name[:1].isupper():
            raise AttributeError(name)
        return type(name, (Recorded,), {"order": ORDERS.get(name, ())})


def _sequential(layers: list[Any]) -> Model:
    return Model([one for one in layers if isinstance(one, Recorded)])


def _model(start: Any, end: Any) -> Model:
    """The graph that leads from ``end`` back to ``start``, each node behind those that feed it."""
    placed: dict[int, int] = {id(start): 0}
    listed: list[Recorded] = []
    wires: dict[int, list[int]] = {}

    def place(node: Any) -> int:
        if id(node) not in placed:
            fed = [place(source) for source in node.sources]
            listed.append(node.layer)
            placed[id(node)] = len(listed)
            wires[len(listed)] = fed
        return placed[id(node)]

    place(end)
    return Model(listed, wires)


def stand_in() -> dict[str, ModuleType]:
    """Modules to stand in for keras, as far as the printed code goes."""
    keras: Any = Classes("keras")
    keras.Sequential, keras.Model = _sequential, _model
    keras.Input = lambda shape: SimpleNamespace(shape=(None, *shape), sources=[])
    keras.utils = SimpleNamespace(set_random_seed=np.random.default_rng)
    for name in ("layers", "optimizers", "losses", "metrics", "regularizers", "initializers", "callbacks", "ops"):
        setattr(keras, name, Classes(f"keras.{name}"))
    keras.callbacks.Callback = object
    keras.layers.Layer = Recorded
    keras.random = Classes("keras.random")
    keras.saving = SimpleNamespace(register_keras_serializable=lambda _: lambda made: made)
    return {"keras": keras, "keras.layers": keras.layers, "keras.ops": keras.ops}
