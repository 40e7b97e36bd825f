"""Progress: one local file with a JSON line per event; nothing is sent anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tagfit.errors import InputError
from tagfit.files import disk_faults, to_json
from tagfit.photos.journal import state_folder

FILE = "learn.jsonl"


def default_path() -> Path:
    """``learn.jsonl`` in the state folder of tagfit."""
    return state_folder() / FILE


def append(path: Path, event: Mapping[str, Any]) -> dict[str, Any]:
    """Add one event, with the time under "at"; the event as it was written."""
    written = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **event}
    with disk_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(to_json(written, indent=None) + "\n")
    return written


def read(path: Path) -> list[dict[str, Any]]:
    """All events, oldest first; a last line cut short by a crash is dropped.

    Raises:
        InputError: a line that is not an event.
    """
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    events = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            event = json.loads(line)
            event["kind"]
        except (ValueError, RecursionError, KeyError, TypeError):
            if number == len(lines):
                break
            raise InputError(f"line {number} of {path} is not an event of the course: {line[:80]!r}") from None
        events.append(event)
    return events
