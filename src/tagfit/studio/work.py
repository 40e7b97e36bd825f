"""Work: what takes longer than a page may wait is computed once, outside the requests, and kept while it is used."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotDoneError
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

Result = TypeVar("Result")

KEPT = 32  # results
WORKERS = 3


class WaitingError(Exception):
    """A result is not there yet.

    Attributes:
        what: what is computed.
        seconds: for how long so far.
    """

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(what)
        self.what, self.seconds = what, seconds


@dataclass
class Work:
    """Results by key; the ones used longest ago are dropped."""

    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(WORKERS, "studio"))
    found: OrderedDict[Hashable, tuple[Future[Any], float]] = field(default_factory=OrderedDict)
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
                self.found[key] = (self.pool.submit(make), time.monotonic())
            self.found.move_to_end(key)
            future, began = self.found[key]
            while len(self.found) > KEPT:
                self.found.popitem(last=False)
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
