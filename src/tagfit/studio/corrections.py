"""Corrections: an append-only log of corrected tags, with undo; the user's own files are never rewritten."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from tagfit.errors import InputError
from tagfit.files import disk_faults, to_json

PRESENT, ABSENT, UNKNOWN = "present", "absent", "unknown"
VALUES = (PRESENT, ABSENT, UNKNOWN)
DIGITS = 16  # of the fingerprint in the name of the log
SECONDS = 10.0  # for the lock of the log


@dataclass(frozen=True)
class Correction:
    """One entry of the log.

    Attributes:
        name: of the entry.
        at: when it was made, UTC.
        picture, label: what was corrected.
        was, now: one of VALUES.
        undoes: the name of the entry that this one takes back; empty for a correction.
        batch: shared by corrections that were made, and are taken back, together; empty for one alone.
    """

    name: str
    at: str
    picture: str
    label: str
    was: str
    now: str
    undoes: str = ""
    batch: str = ""


@dataclass(frozen=True)
class Corrections:
    """The log of one set of data, in a file that every tab and every server appends to."""

    path: Path

    @classmethod
    def of_data(cls, folder: Path, fingerprint: str) -> Corrections:
        """The log of the data with a fingerprint; its name holds hexadecimal digits only, whatever a run says."""
        digits = "".join(sign for sign in fingerprint.lower() if sign in "0123456789abcdef")[:DIGITS]
        return cls(folder / f"corrections-{digits or 'none'}.jsonl")

    def entries(self) -> list[Correction]:
        """All entries, the first one first; lines that are no entries are left out."""
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        return [entry for line in lines if line and (entry := _entry(line)) is not None]

    def standing(self) -> list[Correction]:
        """The corrections that were not taken back, the first one first."""
        entries = self.entries()
        undone = {entry.undoes for entry in entries if entry.undoes}
        return [entry for entry in entries if not entry.undoes and entry.name not in undone]

    def values(self) -> dict[tuple[str, str], str]:
        """What holds for each corrected (picture, label): the last correction that stands."""
        return {(entry.picture, entry.label): entry.now for entry in self.standing()}

    def add(self, picture: str, label: str, was: str, now: str) -> Correction:
        """Append a correction.

        Raises:
            InputError: a value that is none of VALUES, or a disk that refuses.
        """
        _check(now)
        with self._alone():
            return self._append(picture, label, was, now)

    def add_together(self, picture: str, changes: Sequence[tuple[str, str, str]]) -> None:
        """Append corrections (label, was, now) of one picture, which one undo takes back.

        Raises:
            InputError: as of :meth:`add`; nothing is appended then.
        """
        for _, _, now in changes:
            _check(now)
        batch = secrets.token_hex(6)
        with self._alone():
            for label, was, now in changes:
                self._append(picture, label, was, now, batch=batch)

    def undo(self, name: str = "") -> Correction | None:
        """Take back a correction, the last one where none is named, with all that were made together with it.

        Returns:
            The entry that was appended last; None where there is nothing to take back.
        """
        with self._alone():
            standing = self.standing()
            named = [entry for entry in standing if name in ("", entry.name)]
            if not named:
                return None
            last, done = named[-1], None
            together = [one for one in standing if one is last or (one.batch and one.batch == last.batch)]
            for one in reversed(together):
                done = self._append(one.picture, one.label, one.now, one.was, one.name)
            return done

    def _append(self, picture: str, label: str, was: str, now: str, undoes: str = "", batch: str = "") -> Correction:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        entry = Correction(secrets.token_hex(6), at, picture, label, was, now, undoes, batch)
        line = to_json(asdict(entry), indent=None) + "\n"
        with disk_faults(self.path), self.path.open("ab") as file:
            file.write(line.encode("utf-8", "backslashreplace"))
        return entry

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with disk_faults(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_suffix(".lock"), timeout=SECONDS):
            yield


def _check(now: str) -> None:
    if now not in VALUES:
        raise InputError(f"a tag cannot be {now!r}", instead=", ".join(VALUES))


def _entry(line: str) -> Correction | None:
    try:
        values: dict[str, Any] = json.loads(line)
        values = {"batch": "", **values}  # logs of earlier versions have none
        return Correction(**{name: str(values[name]) for name in Correction.__dataclass_fields__})
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
