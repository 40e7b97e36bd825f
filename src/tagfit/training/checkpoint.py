"""Checkpoints and weights on disk: safetensors only, so that loading one cannot run code; each file whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from tagfit.errors import InputError
from tagfit.files import written_whole
from tagfit.training.optimise import trained

Tensors = dict[str, Tensor]


def save_tensors(path: Path, tensors: Tensors, about: dict[str, Any] | None = None) -> None:
    """Write named tensors, and ``about`` as JSON in the same file, so that the two can never disagree."""
    # Copied, because safetensors refuses tensors that share memory, such as tied weights.
    ready = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()
    }
    with written_whole(path) as file:
        file.write(save(ready, metadata={"tagfit": json.dumps(about or {})}))


def load_tensors(path: Path) -> tuple[Tensors, dict[str, Any]]:
    """Read what :func:`save_tensors` wrote.

    Raises:
        InputError: no such file, or not one of ours.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get("tagfit", "{}"))
            return {name: file.get_tensor(name) for name in file.keys()}, about  # noqa: SIM118
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except (SafetensorError, json.JSONDecodeError) as error:
        raise InputError(f"{path} cannot be read as safetensors: {error}") from None


def prefixed(prefix: str, tensors: Tensors) -> Tensors:
    """The same tensors under ``prefix.name``."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def under(prefix: str, tensors: Tensors) -> Tensors:
    """The tensors whose name starts with ``prefix.``, without it."""
    return {name.removeprefix(f"{prefix}."): value for name, value in tensors.items() if name.startswith(f"{prefix}.")}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> Tensors:
    """The state of an optimiser as flat named tensors."""
    state = optimiser.state_dict()["state"]
    return {f"{index}.{name}": value for index, values in state.items() for name, value in values.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Tensors) -> None:
    """Restore what :func:`optimiser_tensors` returned; the learning rate is set at every step anyway."""
    parameters = trained(optimiser)
    state: dict[int, Tensors] = {}
    for name, value in tensors.items():
        index, _, field = name.partition(".")
        parameter = parameters[int(index)]
        if value.shape == parameter.shape:
            # In the memory layout of its weight: fused optimisers go through both in memory order.
            value = torch.empty_like(parameter).copy_(value)
        state.setdefault(int(index), {})[field] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def load_weights(net: nn.Module, path: Path) -> None:
    """Load the weights of a file into ``net``.

    Raises:
        InputError: weights of another net.
    """
    tensors, _ = load_tensors(path)
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(f"{path} holds the weights of another net: {str(error).splitlines()[0]}") from None
