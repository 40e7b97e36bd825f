"""Ranks: the processes that train one net together, each on its share of every batch."""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn

from tagfit import launch
from tagfit.errors import InputError
from tagfit.training.batches import Batches
from tagfit.training.score import probabilities

# One process may read a source for hours while the others wait. One that ends is noticed at once.
PATIENCE = timedelta(days=2)


@dataclass(frozen=True)
class Ranks:
    """This process and those that it trains with.

    Attributes:
        rank: its number; 0 writes and reports.
        count: how many there are.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes the run."""
        return self.rank == 0

    def share(self, size: int) -> slice:
        """Which of ``size`` rows are this process's."""
        return slice(size * self.rank // self.count, size * (self.rank + 1) // self.count)

    def sum(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over all processes, in one exchange."""
        if self.count == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with _while_all_live():
            dist.all_reduce(flat)
        parts = flat.split([tensor.numel() for tensor in tensors])  # type: ignore[no-untyped-call]
        for tensor, total in zip(tensors, parts, strict=True):
            tensor.copy_(total.view_as(tensor))

    def agreed(self, value: Any) -> Any:
        """The value of the first process, in all of them; those that wait for it wait here."""
        if self.count == 1:
            return value
        values = [value]
        with _while_all_live():
            dist.broadcast_object_list(values, src=0)
        return values[0]

    def gathered(self, value: Any) -> list[Any]:
        """The values of all processes, in their order."""
        found: list[Any] = [value] * self.count
        if self.count > 1:
            with _while_all_live():
                dist.all_gather_object(found, value)
        return found

    def refuse_different(self, value: str, what: str) -> None:
        """Raise an InputError in all processes unless ``value`` is the same in all."""
        if len(set(self.gathered(value))) > 1:
            raise InputError(f"the processes have different {what}", instead="the same command, data and versions")

    def probabilities(self, net: nn.Module, rows: Batches) -> NDArray[np.float32]:
        """Probabilities (N, L) of all rows, of which each process scores its share."""
        if self.count == 1:
            return probabilities(net, rows)
        return np.concatenate(self.gathered(probabilities(net, rows, share=self.share(len(rows)))))


ALONE = Ranks()


def joined(device: str) -> Ranks:
    """The processes of the launcher that started this one, once they have found one another; ALONE without one.

    Args:
        device: of the training; each process takes the GPU of its number.
    """
    if launch.count() > 1 and not dist.is_initialized():
        if device == "cuda":
            torch.cuda.set_device(launch.local_rank())
        backend = "cpu:gloo,cuda:nccl" if device == "cuda" else "gloo"
        with _while_all_live():
            dist.init_process_group(backend, timeout=PATIENCE)
        atexit.register(dist.destroy_process_group)
    return Ranks(dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else ALONE


@contextmanager
def _while_all_live() -> Iterator[None]:
    """Around an exchange: where another process is gone, an InputError says so."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"another process of this training ended: {str(error).splitlines()[0][:120]}",
            instead="torchrun --max-restarts=3 starts them again from the last checkpoint",
        ) from None
