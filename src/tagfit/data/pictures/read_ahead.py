"""Read ahead: threads work on the next pictures while the caller uses those before, in order, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeVar

from tagfit import processors
from tagfit.data.pictures.sources import Place, any_remote

Result = TypeVar("Result")

AT_ONCE = 16  # pictures per task: enough to make the cost of handing out tasks vanish
PLACES_AHEAD = 64  # pictures per processor that are in work or wait for the caller: bounds the memory
FETCHES = 16  # remote pictures at once: most of the time of each is waiting


def pool_for(places: Sequence[Place], threads: int | None = None) -> ThreadPoolExecutor:
    """Threads that read these places: one per processor unless given, as more only contend for Python's global lock.

    Remote pictures get more threads, which wait most of the time.
    """
    return ThreadPoolExecutor(threads or (FETCHES if any_remote(places) else processors.usable()))


def read_ahead(
    places: Sequence[Place], work: Callable[[Place], Result], pool: Executor, *, ahead: int = 0
) -> Generator[Result]:
    """The result of ``work`` for each place, in their order.

    Args:
        places: of pictures.
        work: reads one; what it raises is raised here.
        pool: of threads; it is left to its owner to shut it down.
        ahead: places that the caller uses at a time: at least as many are in work meanwhile.
    """
    at_once = 1 if any_remote(places) else AT_ONCE
    tasks = -(-max(PLACES_AHEAD * processors.usable(), ahead) // at_once)

    def some(start: int) -> list[Result]:
        return [work(place) for place in places[start : start + at_once]]

    waiting: deque[Future[list[Result]]] = deque()
    try:
        for start in range(0, len(places), at_once):
            waiting.append(pool.submit(some, start))
            if len(waiting) > tasks:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        for task in waiting:
            task.cancel()
