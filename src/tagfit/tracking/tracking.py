"""Tracking: trainings sent to a tracker by a thread of its own, so that neither its failure nor its wait is theirs."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any

from tagfit.errors import printable
from tagfit.files import to_json
from tagfit.history import Epoch, History
from tagfit.recipe import Recipe
from tagfit.runs.run import Run
from tagfit.tracking.trackers import TRACKERS, Tracker

# How long the end of a training waits for what was not sent yet, in seconds: MLflow takes a minute to create its first
# database on a busy machine, and must not be cut off in it. A wait that is longer than SILENT is announced.
PATIENCE = 180.0
SILENT = 3.0


class Tracking:
    """Sends trainings to a tracker, one after the other. The first failure is reported once, and ends the sending.

    Use it as a context; an exception marks the training as not done. Methods return at once and raise nothing.

    Args:
        tracker: a name in ``TRACKERS``.
        warn: called with a line from the thread that trains, at most once for a failure and once for a wait.
        patience: how long the end waits for what was not sent yet, in seconds.
    """

    def __init__(self, tracker: str, warn: Callable[[str], None], patience: float = PATIENCE) -> None:
        self._name, self._warn, self._patience = tracker, warn, patience
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._tracker: Tracker | None = None
        self._failure = ""
        self._warned = self._open = False
        self._thread = threading.Thread(target=self._send, name="tracking", daemon=True)
        self._thread.start()
        self._put(self._create)

    def __enter__(self) -> Tracking:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            self.finish({}, done=kind is None)
        self._calls.put(None)
        self._thread.join(min(SILENT, self._patience))
        if self._thread.is_alive() and self._patience > SILENT:
            self._warn(f"waiting for {self._name}, for {self._patience:g} s at most; Ctrl-C ends it")
            self._thread.join(self._patience)
        if self._thread.is_alive():
            self._failure = self._failure or f"no answer within {self._patience:g} s"
        self._report()

    def start(self, name: str, settings: Mapping[str, Any], folder: Path) -> None:
        """Begin a training; one that was not finished is.

        Args:
            name: of the run in the tracker.
            settings: plain values; lists and None are written as JSON.
            folder: where trackers that write files put them.
        """
        if self._open:
            self.finish({})
        plain = {key: value if isinstance(value, str | int | float) else to_json(value, indent=None)
                 for key, value in settings.items()}  # fmt: skip
        self._open = True
        self._put(lambda: self._live.start(name, plain, folder))

    def epoch(self, epoch: Epoch) -> None:
        """Send what an epoch left behind."""
        values = finite({name: value for name, value in asdict(epoch).items() if name != "epoch"})
        self._put(lambda: self._live.log(values, epoch.epoch))

    def finish(self, values: Mapping[str, float], done: bool = True) -> None:
        """End the training with its results.

        Args:
            values: such as ``validation.mAP``; those that are not finite are left out.
            done: False for one that was interrupted or failed.
        """
        self._open, kept = False, finite(values)
        self._put(lambda: self._live.finish(kept, done))

    def _create(self) -> None:
        self._tracker = TRACKERS[self._name]()

    @property
    def _live(self) -> Tracker:
        assert self._tracker is not None
        return self._tracker

    def _put(self, call: Callable[[], None]) -> None:
        self._report()
        if not self._failure:
            self._calls.put(call)

    def _report(self) -> None:
        if self._failure and not self._warned:
            self._warned = True
            self._warn(f"warning: {self._name} is no longer sent to: {self._failure}")

    def _send(self) -> None:
        """The thread: one call after the other, until the first that fails."""
        while (call := self._calls.get()) is not None:
            try:
                call()
            except BaseException as error:  # noqa: BLE001 - whatever a library does, the training goes on
                said = str(error).strip().split("\n")[0] or type(error).__name__
                self._failure = printable(f"{type(error).__name__}: {said}"[:200])
                return


class EpochTracking:
    """A callback of epochs: each training that begins becomes a run of its own in the tracker.

    Args:
        tracking: what sends.
        name: of the training number n (from 1).
        folder: where trackers that write files put them.
        settings: of all of them, besides the recipe.
        earlier: epochs of the first training from before it was interrupted.
    """

    def __init__(
        self,
        tracking: Tracking,
        name: Callable[[int], str],
        folder: Path,
        settings: Mapping[str, Any],
        earlier: History = (),
    ) -> None:
        self._tracking, self._name, self._folder = tracking, name, folder
        self._settings, self._earlier = settings, earlier
        self._count = 0
        self._last: tuple[int, Recipe] | None = None

    def __call__(self, epoch: Epoch, recipe: Recipe) -> None:
        """After each epoch."""
        if self._last is None or epoch.epoch <= self._last[0] or recipe != self._last[1]:
            self._count += 1
            settings = {**recipe.model_dump(mode="json"), **self._settings}
            self._tracking.start(self._name(self._count), settings, self._folder)
            for one in self._earlier:
                if one.epoch < epoch.epoch:
                    self._tracking.epoch(one)
            self._earlier = ()
        self._last = epoch.epoch, recipe
        self._tracking.epoch(epoch)

    def judged(self, recipe: Recipe, epochs: int, values: Mapping[str, float], done: bool) -> None:
        """Finish the present training with its results, unless they are those of another one.

        Args:
            recipe, epochs: of the training that was judged.
            values: such as ``validation.mAP``.
            done: False for one that was stopped.
        """
        if self._last == (epochs, recipe):
            self._tracking.finish(values, done)
            self._last = None


def send_run(tracking: Tracking, run: Run, results: Mapping[str, float]) -> None:
    """Send a run that was trained before, with its results.

    Args:
        tracking: what sends.
        run: with its history.
        results: such as ``validation.mAP``.
    """
    tracking.start(run.name, {**run.recipe.model_dump(mode="json"), **settings_of(run)}, run.folder.parent)
    for epoch in run.history:
        tracking.epoch(epoch)
    tracking.finish(results, done=run.state == "done")


def settings_of(run: Run) -> dict[str, Any]:
    """What a tracker shows of a run besides its recipe: seed, name of the recipe, fingerprint of the data."""
    return {"seed": run.info["seed"], "recipe": run.info["recipe"], "data": run.problem["fingerprint"]["data"]}


def finite(values: Mapping[str, float | None]) -> dict[str, float]:
    """The values that a tracker can show."""
    return {name: float(value) for name, value in values.items() if value is not None and math.isfinite(value)}
