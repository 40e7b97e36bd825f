"""Watcher: new photographs of a folder, handed on once each when they are complete."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tagfit.watching.arrivals import Arrivals, State, state_of
from tagfit.watching.seen import Seen

AGAIN = 1.0  # seconds until what could not be dealt with is handed on again
RESCAN = 300.0  # seconds; what the file system did not report is found then
CHANGED, GONE, FOLDER = "changed", "gone", "folder"
Event = tuple[str, Path]
WAKE: Event = ("wake", Path())
# Gets complete photographs and returns those that it has dealt with; the others are tried again once they change.
Deal = Callable[[list[Path]], Collection[Path]]


class LaterError(Exception):
    """Photographs cannot be dealt with now; they are handed on again a little later."""


@dataclass
class Watcher:
    """What is new in a folder, out of events and of looking.

    A photograph is handed on once. What was there at the very first start is taken as known, unless ``everything``. A
    name that has gone and comes back is new. Hidden files and folders do not count.

    Attributes:
        folder: what is watched, at any depth.
        suffixes: what photographs end in, in lower case.
        seen: what has been dealt with.
        arrivals: what is not complete yet.
        deal: is called with complete photographs.
        everything: at the first start, also what is there already.
        events: from the file system, by any thread.
    """

    folder: Path
    suffixes: Collection[str]
    seen: Seen
    arrivals: Arrivals
    deal: Deal
    everything: bool = False
    events: queue.SimpleQueue[Event] = field(default_factory=queue.SimpleQueue)
    _failed: dict[Path, State | None] = field(default_factory=dict)

    def scan(self, now: float, folder: Path | None = None) -> None:
        """Look at all files of a folder, or of the whole one."""
        found = {self._name(path): path for path in self._pictures(folder or self.folder)}
        if folder is None:
            self.seen.drop(self.seen.gone(found))
            if self.seen.is_new:
                self.seen.begin([] if self.everything else found)
        for path in found.values():
            self._notice(path, now)

    def take(self, event: Event, now: float) -> None:
        """Take one event into account."""
        kind, path = event
        if kind == FOLDER:
            self.scan(now, path)
        elif not self._counts(path):
            return
        elif kind == GONE and not path.exists():
            self.arrivals.forget(path)
            self._failed.pop(path, None)
            self.seen.drop([self._name(path)])
        else:
            self._notice(path, now)

    def step(self, now: float) -> int:
        """Hand on what is complete by now; returns how many photographs that were."""
        ready = self.arrivals.ready(now)
        if ready:
            states = {path: state_of(path) for path in ready}
            try:
                done = set(self.deal(ready))
            except LaterError:
                for path in ready:
                    self.arrivals.notice(path, now + AGAIN)
                return 0
            self.seen.add([self._name(path) for path in ready if path in done])
            self._failed.update((path, states[path]) for path in ready if path not in done)
        return len(ready)

    def run(self, stop: threading.Event, clock: Callable[[], float] = time.monotonic) -> None:
        """Take events and hand on photographs until ``stop`` is set; WAKE among the events lets it look at once."""
        scanned = clock()
        self.scan(scanned)
        while not stop.is_set():
            now = clock()
            self.step(now)
            if now - scanned >= RESCAN:
                scanned = now
                self.scan(now)
            wait = self.arrivals.wait(now)
            until = RESCAN if wait is None else min(RESCAN, wait)
            try:
                self.take(self.events.get(timeout=until), clock())
                while True:
                    self.take(self.events.get_nowait(), clock())
            except queue.Empty:
                continue

    def _notice(self, path: Path, now: float) -> None:
        if self._name(path) in self.seen or (path in self._failed and self._failed[path] == state_of(path)):
            return
        try:
            age = max(0.0, time.time() - path.stat().st_mtime)
        except OSError:
            return
        self.arrivals.notice(path, now, min(age, self.arrivals.settle))

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _counts(self, path: Path) -> bool:
        try:
            parts = path.relative_to(self.folder).parts
        except ValueError:
            return False
        return path.suffix.lower() in self.suffixes and not any(part.startswith(".") for part in parts)

    def _pictures(self, folder: Path) -> Iterator[Path]:
        for place, inner, names in os.walk(folder):
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            for name in sorted(names):
                path = Path(place, name)
                if self._counts(path) and path.is_file():
                    yield path
