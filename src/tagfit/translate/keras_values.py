"""Values of a Keras configuration: untrusted input, converted to the expected type or ignored."""

from __future__ import annotations

import math
from typing import Any

MOVED = "tagfit>Moved"  # the layer that printed code augments with
OF_KERAS = ("keras", "builtins", "tensorflow.keras", "tf_keras")


def named(value: Any) -> tuple[str, dict[str, Any]]:
    """The name and settings of a layer, loss, activation and so on, given as a string or as a Keras object."""
    if isinstance(value, str):
        return value, {}
    if not isinstance(value, dict):
        return "", {}
    name, config = value.get("class_name"), value.get("config")
    if name == "function" and isinstance(config, str):
        return config, {}
    return (name if isinstance(name, str) else ""), (config if isinstance(config, dict) else {})


def is_foreign(value: Any) -> bool:
    """Whether an object is of a class outside Keras."""
    if not isinstance(value, dict):
        return False
    module, registered = value.get("module"), value.get("registered_name")
    if registered == MOVED:
        return False
    if isinstance(module, str) and module.split(".")[0] not in OF_KERAS and not module.startswith("tensorflow.keras"):
        return True
    return isinstance(registered, str) and ">" in registered and registered.split(">")[0] not in OF_KERAS


def plain(name: str) -> str:
    """One spelling for ``BinaryCrossentropy`` and ``binary_crossentropy``."""
    return name.replace("_", "").lower()


def number(config: dict[str, Any], key: str, default: float) -> float:
    """A finite number, rounded to what float32 resolves; Keras stores 0.001 as 0.0010000000474974513."""
    value = config.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return default
    try:
        return float(f"{value:.7g}") if math.isfinite(value) else default
    except OverflowError:
        return default


def whole(config: dict[str, Any], key: str) -> int | None:
    """A whole number, or None."""
    value = config.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def items(value: Any) -> list[Any]:
    """A list; empty if the value is not one."""
    return value if isinstance(value, list) else []


def shape_of(value: Any) -> tuple[int | None, ...] | None:
    """A shape without its batch axis, or None if there is none."""
    if not isinstance(value, list) or len(value) < 2 or isinstance(value[0], list):
        return None
    return tuple(size if isinstance(size, int) and not isinstance(size, bool) else None for size in value[1:])
