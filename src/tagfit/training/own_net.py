"""Own net: a user's function that makes a torch module in place of a named architecture, and the checks of its net."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from tagfit.errors import InputError

NetFactory = Callable[[tuple[int, ...], int], nn.Module]

PROBE_ROWS = 2
RIGHT_FORM = "a function of (input_shape, labels) that returns a torch.nn.Module giving logits of shape (n, labels)"

# What torch raises when a batch does not fit a layer.
MISFITS = (RuntimeError, ValueError, TypeError, IndexError, AttributeError, NotImplementedError)


def build(factory: NetFactory, input_shape: tuple[int, ...], labels: int) -> nn.Module:
    """The net that ``factory`` makes, tested once with random rows.

    Args:
        factory: called with ``input_shape`` and ``labels``; it draws its weights from torch's global generator.
        input_shape: of one row as passed to the net: (D,), (H, W, 3), or (3, H, W) under ``architecture = "conv"``.
        labels: number of logits.

    Raises:
        InputError: the result is not a module, has no weights to train, or does not return finite logits (n, labels).
    """
    called = name(factory)
    if not callable(factory):
        raise InputError(f"net is of type {type(factory).__name__}", instead=RIGHT_FORM)
    net = factory(input_shape, labels)
    if not isinstance(net, nn.Module):
        raise InputError(f"the net factory {called} returned {type(net).__name__}", instead=RIGHT_FORM)
    batch = (PROBE_ROWS, *input_shape)
    try:
        with torch.no_grad():
            logits = net.eval()(torch.randn(batch))
    except MISFITS as error:
        raise InputError(f"the net of {called} cannot take a batch of shape {batch}: {error}") from error
    _check_logits(called, logits, (PROBE_ROWS, labels), batch)
    if not any(weight.requires_grad for weight in net.parameters()):
        raise InputError(f"the net of {called} has no weights to train")
    loose = [key for key, value in net.state_dict().items() if not isinstance(value, Tensor)]
    if loose:
        raise InputError(
            f"the net of {called} keeps {loose[0]!r} in its state, which is not a tensor and cannot be saved"
        )
    return net.train()


def _check_logits(called: str, logits: Any, expected: tuple[int, int], batch: tuple[int, ...]) -> None:
    if not isinstance(logits, Tensor):
        raise InputError(f"the net of {called} gives {type(logits).__name__}", instead=f"logits of shape {expected}")
    if tuple(logits.shape) != expected:
        raise InputError(
            f"the net of {called} gives shape {tuple(logits.shape)} for a batch of shape {batch}",
            instead=f"logits of shape {expected}, one per label",
        )
    if not logits.is_floating_point() or not bool(logits.isfinite().all()):
        raise InputError(f"the net of {called} gives values that are not finite", instead="finite float logits")


def name(factory: Any) -> str:
    """``module:qualified name`` of a function or class; of the one inside, where it is a partial."""
    while isinstance(factory, partial):
        factory = factory.func
    named = factory if hasattr(factory, "__qualname__") else type(factory)
    return f"{named.__module__}:{named.__qualname__}"


def refuse_another(recorded: str | None, factory: NetFactory | None, run: str) -> None:
    """Raise an InputError unless ``factory`` is the one that the run was trained with; its module may differ."""
    given = None if factory is None else name(factory)
    if (recorded or "").rpartition(":")[2] == (given or "").rpartition(":")[2]:
        return
    if given is None:
        raise InputError(f"{run} was trained with a custom net, {recorded}", instead="pass the same factory as net")
    was = f"with the net {recorded}" if recorded else "with an architecture of tagfit's own"
    raise InputError(f"{run} was trained {was}, but net is {given}", instead="the net that it was trained with")
