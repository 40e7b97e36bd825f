"""Machine: the device, the number of threads and the number format that a run is trained with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch

from tagfit import processors
from tagfit.errors import InputError
from tagfit.recipe import Recipe

MOST_THREADS = 1024


@dataclass(frozen=True)
class Machine:
    """What the bits of a run depend on besides its seed; stored in the run and used again when it is resumed.

    Attributes:
        device: "cpu", "cuda" or "mps".
        threads: number of CPU threads; different numbers give different bits, the same number the same.
        number_format: of training; scoring is always float32.
        processes: how many train together; different numbers give different bits, and nearly the same weights.
    """

    device: str
    threads: int
    number_format: Literal["float32", "bfloat16"]
    processes: int = 1

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Set the threads and deterministic kernels for the block, and restore the previous settings after it."""
        threads = torch.get_num_threads()
        cudnn = (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark)
        torch.set_num_threads(self.threads)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        try:
            with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if self.device == "cuda" else ()):
                yield
        finally:
            torch.set_num_threads(threads)
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn

    def autocast(self) -> AbstractContextManager[None]:
        """The context for the forward pass of a training step."""
        return nullcontext() if self.number_format == "float32" else torch.autocast(self.device, torch.bfloat16)


def choose(recipe: Recipe, device: str | None = None, threads: int | None = None) -> Machine:
    """The fastest way to train ``recipe`` on this machine.

    Args:
        device: "cpu", "cuda" or "mps"; None takes a GPU if there is one.
        threads: None takes one for dense nets, whose steps are too small to split up, and all for nets of pictures.

    Raises:
        InputError: a device that this machine does not have.
    """
    chosen = device_of(device)
    if threads is None:
        threads = processors.for_computing() if recipe.channels_first else 1
    if not 1 <= threads <= MOST_THREADS:
        raise InputError(f"threads = {threads}", instead=f"from 1 to {MOST_THREADS}")
    # On a processor the depthwise convolutions of a backbone take four to six times as long in bfloat16.
    fast = recipe.channels_first and not (recipe.tuned and chosen == "cpu") and _bfloat16_is_fast(chosen)
    return Machine(chosen, threads, "bfloat16" if fast else "float32")


def device_of(wanted: str | None) -> str:
    """The device that is meant; None is a GPU if there is one.

    Raises:
        InputError: one that this machine does not have.
    """
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted is None:
        return "cuda" if here["cuda"] else "cpu"
    if not here.get(wanted, False):
        raise InputError(
            f"this machine has no device {wanted!r}", instead=" or ".join(name for name, found in here.items() if found)
        )
    return wanted


def _bfloat16_is_fast(device: str) -> bool:
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device == "cpu":
        return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())
    return False
