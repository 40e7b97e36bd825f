"""Progress: one local file with a JSON line per event; nothing is sent anywhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tagfit.errors import InputError
from tagfit.files import disk_faults, to_json, write_text
from tagfit.lesson.events import typed
from tagfit.photos.journal import state_folder

FILE = "learn.jsonl"
START = '{"at": "'  # of every line that ``append`` writes
SECONDS = 10.0  # for the lock of the file


@dataclass(frozen=True)
class Record:
    """What a file holds.

    Attributes:
        events: oldest first.
        cut: numbers of the lines, from 1, that a crash or a full disk cut short; they are left out.
    """

    events: tuple[dict[str, Any], ...]
    cut: tuple[int, ...]


def default_path() -> Path:
    """``learn.jsonl`` in the state folder of tagfit."""
    return state_folder() / FILE


def append(path: Path, event: Mapping[str, Any]) -> dict[str, Any]:
    """Add one event, with the time under "at"; the event as it was written.

    The line is on the disk when this returns. Processes that append at the same time wait for each other.

    Raises:
        InputError: the disk refuses, or another process does not let go of the file.
    """
    written = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **event}
    line = to_json(written, indent=None).encode("utf-8", "backslashreplace") + b"\n"
    with _alone(path), disk_faults(path), path.open("ab") as file:
        file.write(line if _ends_a_line(path) else b"\n" + line)
        file.flush()
        os.fsync(file.fileno())
    return written


def read(path: Path) -> list[dict[str, Any]]:
    """All events, oldest first, without lines that were cut short.

    Raises:
        InputError: a line that is not an event.
    """
    return list(record(path).events)


def record(path: Path) -> Record:
    """All events, and the numbers of the lines that were cut short.

    Raises:
        InputError: a line that is not an event, or the file cannot be read.
    """
    if not path.exists():
        return Record((), ())
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    events, cut = [], []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            event = json.loads(line)
            typed(event)
        except (ValueError, RecursionError, AttributeError) as error:
            if isinstance(error, json.JSONDecodeError) and START.startswith(line[: len(START)]):
                cut.append(number)
                continue
            raise InputError(f"line {number} of {path} is not an event of the course: {line[:80]!r}") from None
        events.append(event)
    return Record(tuple(events), tuple(cut))


def export(path: Path, to: Path) -> int:
    """Write the events, without lines that were cut short, to another file; how many there are.

    Raises:
        InputError: as with ``read``, or the disk refuses.
    """
    events = read(path)
    write_text(to, "".join(to_json(event, indent=None) + "\n" for event in events))
    return len(events)


def erase(path: Path) -> None:
    """Delete the file, and its lock.

    Raises:
        InputError: there is none, or the disk refuses.
    """
    with _alone(path), disk_faults(path):
        path.unlink()
    _lock(path).unlink(missing_ok=True)


def _ends_a_line(path: Path) -> bool:
    """Whether the next line can be written right here: a line that was cut short has to be ended first."""
    if not path.stat().st_size:
        return True
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _lock(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with disk_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(_lock(path), timeout=SECONDS)
        try:
            lock.acquire()
        except Timeout:
            raise InputError(f"another process has {path} open", instead="try again when it has ended") from None
    try:
        yield
    finally:
        lock.release()
