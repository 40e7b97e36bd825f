"""Work: what takes longer than a page may wait is computed once, outside the requests, and kept while it is used."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotDoneError
from dataclasses import dataclass, field, fields, is_dataclass
from mmap import mmap
from threading import Lock
from typing import Any, TypeVar

import numpy as np

from tagfit.studio.workspace import WaitingError

Result = TypeVar("Result")

KEPT = 256  # results
LARGEST = 2 * 2**30  # bytes of their arrays together
WORKERS = 3


@dataclass
class Work:
    """Results by key; the ones used longest ago are dropped."""

    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(WORKERS, "studio"))
    found: OrderedDict[Hashable, tuple[Future[Any], float]] = field(default_factory=OrderedDict)
    sizes: dict[Hashable, int] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def get(self, key: Hashable, what: str, make: Callable[[], Result], patience: float) -> Result:
        """The result of ``make`` under ``key``, computed at most once.

        Args:
            key: changes with everything that the result depends on.
            what: for the page that waits.
            make: must not itself wait for work of this object.
            patience: seconds.

        Raises:
            WaitingError: it is not there within ``patience``.
        """
        with self.lock:
            if key not in self.found:
                self.found[key] = (self.pool.submit(self._made, key, make), time.monotonic())
            self.found.move_to_end(key)
            future, began = self.found[key]
            self._forget()
        try:
            result: Result = future.result(timeout=patience)
        except NotDoneError:
            if future.done():
                raise
            raise WaitingError(what, time.monotonic() - began) from None
        except Exception:
            with self.lock:  # the next request tries again
                self.found.pop(key, None)
            raise
        return result

    def _made(self, key: Hashable, make: Callable[[], Result]) -> Result:
        result = make()
        with self.lock:
            self.sizes[key] = size_of(result)
            self._forget()
        return result

    def _forget(self) -> None:
        """Drop the results that were used longest ago, until the others are few and small enough."""
        while len(self.found) > 1 and (len(self.found) > KEPT or sum(self.sizes.values()) > LARGEST):
            gone, _ = self.found.popitem(last=False)
            self.sizes.pop(gone, None)
        for key in self.sizes.keys() - self.found.keys():  # dropped while it was computed
            del self.sizes[key]


def size_of(value: Any, depth: int = 3) -> int:
    """The bytes of the arrays in a result, its records and lists; what is mapped from a file is not in memory."""
    if isinstance(value, np.ndarray):
        mapped = isinstance(value, np.memmap) or isinstance(value.base, np.memmap | mmap)
        return 0 if mapped else int(value.nbytes)
    if depth == 0:
        return 0
    if is_dataclass(value) and not isinstance(value, type):
        return sum(size_of(getattr(value, one.name), depth - 1) for one in fields(value))
    if isinstance(value, dict):
        return sum(size_of(one, depth - 1) for one in value.values())
    if isinstance(value, list | tuple):
        first = value[0] if value else None
        return sum(size_of(one, depth - 1) for one in value) if isinstance(first, np.ndarray) else 64 * len(value)
    return 0
