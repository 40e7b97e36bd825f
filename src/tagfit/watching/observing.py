"""The file system's own events, by watchdog."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tagfit.errors import InputError, MissingExtraError
from tagfit.watching.watcher import CHANGED, FOLDER, GONE, Event

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent

# Not what reading a file causes: looking at a photograph must not make it new.
KINDS = ("created", "modified", "closed", "moved", "deleted")


def events_of(event: FileSystemEvent) -> Iterator[Event]:
    """What an event of watchdog means for photographs."""
    if event.event_type not in KINDS:
        return
    source, target = (Path(os.fsdecode(path)) if path else None for path in (event.src_path, event.dest_path))
    arrived = target if event.event_type == "moved" else None if event.event_type == "deleted" else source
    if event.event_type in ("moved", "deleted") and source is not None and not event.is_directory:
        yield GONE, source
    if arrived is not None and event.is_directory:
        if event.event_type in ("created", "moved"):
            yield FOLDER, arrived
    elif arrived is not None:
        yield CHANGED, arrived


@contextmanager
def observed(folder: Path, events: queue.SimpleQueue[Event]) -> Iterator[None]:
    """Put the events of a folder, at any depth, into a queue for the duration of a block.

    Raises:
        MissingExtraError: watchdog is not installed.
        InputError: the file system cannot be watched.
    """
    try:
        from watchdog.events import FileSystemEventHandler
        from watchdog.observers import Observer
    except ImportError:
        raise MissingExtraError("watch", "watching a folder") from None

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            for one in events_of(event):
                events.put(one)

    observer = Observer()
    observer.schedule(Handler(), os.fspath(folder), recursive=True)
    try:
        observer.start()
    except OSError as error:
        raise InputError(f"{folder} cannot be watched: {error.strerror or error}", instead="--once, repeated") from None
    try:
        yield
    finally:
        observer.stop()
        observer.join()
