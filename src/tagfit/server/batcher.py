"""Batcher: one thread scores the pictures of many requests together, from a queue that has an end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tagfit.server.limits import Limits, RefusedError

if TYPE_CHECKING:
    from tagfit.tagger import Tagger

Scores = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Job:
    model: Tagger
    pixels: NDArray[np.uint8]
    scores: Future[Scores] = field(default_factory=Future)


class Place:
    """The place of one request in the queue."""

    def __init__(self, batcher: Batcher, pictures: int) -> None:
        self._batcher, self._coming = batcher, pictures

    def score(self, model: Tagger, pixels: NDArray[Any]) -> Future[Scores]:
        """Probabilities of (n, size, size, 3) uint8 pixels, later; a Future that is cancelled is not computed."""
        job = _Job(model, pixels)
        self._batcher._put(job, self._arrived())
        return job.scores

    def _arrived(self) -> int:
        coming, self._coming = self._coming, 0
        return coming


class Batcher:
    """Scores pictures, some at a time, in one thread.

    Args:
        limits: of the queue and of a batch.
        on_batch: called with the number of pictures of each batch, in that thread.
    """

    def __init__(self, limits: Limits, on_batch: Callable[[int], None] = lambda _: None) -> None:
        self.limits, self._on_batch = limits, on_batch
        self._changed = Condition()
        self._jobs: deque[_Job] = deque()
        self._held = 0  # pictures that were admitted and not answered
        self._coming = 0  # of these, the ones that are not decoded yet
        self._closed = False
        self._thread = Thread(target=self._work, name="tagfit-batcher", daemon=True)
        self._thread.start()

    @property
    def length(self) -> int:
        """How many pictures were admitted and are not answered."""
        return self._held

    @contextmanager
    def admitted(self, pictures: int) -> Iterator[Place]:
        """A place in the queue for so many pictures, until the block ends.

        Raises:
            RefusedError: the queue has no room for them (503).
        """
        with self._changed:
            if self._closed or self._held + pictures > self.limits.queue:
                raise RefusedError(503, f"the queue is full ({self.limits.queue} pictures); try again later")
            self._held += pictures
            self._coming += pictures
        place = Place(self, pictures)
        try:
            yield place
        finally:
            with self._changed:
                self._held -= pictures
                self._coming -= place._arrived()
                self._changed.notify_all()

    def close(self) -> None:
        """Score what is in the queue, and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _put(self, job: _Job, arrived: int) -> None:
        with self._changed:
            self._jobs.append(job)
            self._coming -= arrived
            self._changed.notify_all()

    def _work(self) -> None:
        while batch := self._next():
            model, pixels = batch[0].model, [job.pixels for job in batch]
            try:
                scores = model.probabilities(pixels[0] if len(batch) == 1 else np.concatenate(pixels))
            except Exception as error:  # noqa: BLE001 - the requests of this batch report it, the thread lives on
                for job in batch:
                    job.scores.set_exception(error)
                continue
            self._on_batch(len(scores))
            ends = np.cumsum([len(one) for one in pixels])[:-1]
            for job, part in zip(batch, np.split(scores, ends), strict=True):
                job.scores.set_result(part)

    def _next(self) -> list[_Job]:
        """The jobs of the next batch, all of one model; none once the batcher is closed and the queue is empty."""
        with self._changed:
            batch: list[_Job] = []
            while not batch:
                while not self._jobs and not self._closed:
                    self._changed.wait()
                if not self._jobs:
                    return []
                self._gather()
                batch = self._take()
            return batch

    def _gather(self) -> None:
        """Wait for more pictures, where some are being decoded and the batch has room for them."""
        until = time.monotonic() + self.limits.gather_seconds
        while self._coming and sum(len(job.pixels) for job in self._jobs) < self.limits.batch:
            if (left := until - time.monotonic()) <= 0:
                return
            self._changed.wait(left)

    def _take(self) -> list[_Job]:
        batch: list[_Job] = []
        room = self.limits.batch
        while self._jobs:
            first = self._jobs[0]
            if batch and (first.model is not batch[0].model or len(first.pixels) > room):
                break
            self._jobs.popleft()
            if first.scores.set_running_or_notify_cancel():
                batch.append(first)
                room -= len(first.pixels)
        return batch
