"""Seen: which photographs of a folder have been dealt with, in a file that outlives an interruption."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from filelock import FileLock, Timeout

from tagfit.errors import InputError
from tagfit.files import disk_faults, write_text

DIGEST_BYTES = 8


class Seen:
    """The names of photographs below a folder that need no proposal any more.

    Attributes:
        path: one line for each name that came (``+``) or went (``-``); a line that a kill has cut is left out.
        is_new: whether the folder is watched for the first time.
    """

    def __init__(self, folder: Path, state_folder: Path) -> None:
        self.folder = folder
        self.path = _file_of(folder, state_folder)
        self._names: set[str] = set()
        self.is_new = not self.path.exists()
        if not self.is_new:
            with disk_faults(self.path):
                lines = self.path.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
            for line in lines[1:]:
                self._take(line)

    def _take(self, line: str) -> None:
        try:
            sign, name = json.loads(line)
        except (ValueError, TypeError):
            return
        if sign == "+":
            self._names.add(name)
        else:
            self._names.discard(name)

    def begin(self, names: Iterable[str]) -> None:
        """Take what is there at the first start as dealt with."""
        self._names = set(names)
        self.is_new = False
        lines = (json.dumps(["+", name]) for name in sorted(self._names))
        first = json.dumps({"folder": os.path.realpath(self.folder)})
        write_text(self.path, "\n".join([first, *lines]))

    def add(self, names: Collection[str]) -> None:
        """These have been dealt with."""
        self._append("+", [name for name in names if name not in self._names])
        self._names.update(names)

    def drop(self, names: Collection[str]) -> None:
        """These are gone: another photograph may come under the same name."""
        self._append("-", [name for name in names if name in self._names])
        self._names.difference_update(names)

    def _append(self, sign: str, names: Collection[str]) -> None:
        if names:
            with disk_faults(self.path), self.path.open("a", encoding="ascii") as file:
                # The line end comes first, so that a line which a kill has cut spoils no other one.
                file.writelines("\n" + json.dumps([sign, name]) for name in names)
                file.flush()
                os.fsync(file.fileno())

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def gone(self, present: Collection[str]) -> list[str]:
        """Names that were dealt with and are not among those present."""
        return sorted(self._names - set(present))


@contextmanager
def alone(folder: Path, state_folder: Path) -> Iterator[None]:
    """Watch a folder in one process only.

    Raises:
        InputError: another one watches it.
    """
    path = _file_of(folder, state_folder)
    with disk_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(f"{folder} is watched by another tagfit", instead="end that one first") from None
    try:
        yield
    finally:
        lock.release()


def _file_of(folder: Path, state_folder: Path) -> Path:
    digest = blake2b(os.fsencode(os.path.realpath(folder)), digest_size=DIGEST_BYTES).hexdigest()
    return state_folder / "watch" / f"{digest}.jsonl"
