"""The picture files that a table names: found, and kept inside their folder."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

OUTSIDE = "outside: "


@dataclass
class Locator:
    """Finds the files that a table names, relative to its folder and then to ``images/`` in it.

    Folders are listed once, so that a million names cost one look-up each and no system call.

    Attributes:
        folder: where the table lies, or where the user says that the pictures lie.
        allow_outside: whether a path may leave ``folder`` (``..``, an absolute path, a link).
    """

    folder: Path
    allow_outside: bool = False
    _places: dict[str, list[_Place]] = field(default_factory=dict)

    def find(self, name: str) -> tuple[str | None, str]:
        """(path, '') of the file that ``name`` means, or (None, reason).

        The reason starts with OUTSIDE where the path leaves the folder.
        """
        head, _, last = name.rpartition("/")
        if name.startswith("/") and not head:
            head = "/"
        if last in ("", ".", ".."):
            return None, f"the path {name!r} is a folder"
        places = self._places.get(head)
        if places is None:
            places = self._places[head] = self._look(head)
        reason = ""
        for place in places:
            if place.outside:
                return None, f"{OUTSIDE}the path {name!r} leaves the folder {self.folder}"
            is_link = place.listing.get(last)
            if is_link is None:
                continue
            path = place.prefix + last
            if is_link and not self.allow_outside and not _within(os.path.realpath(path), self._home()):
                return None, f"{OUTSIDE}{name!r} is a link that leaves the folder {self.folder}"
            if not is_link or os.path.isfile(path):
                return path, ""
            reason = f"{name!r} is a link that leads to no file"
        return None, reason or self._not_there(name)

    def _look(self, head: str) -> list[_Place]:
        """The folders that ``head`` may mean: next to the table, then in ``images/``."""
        if "\0" in head:
            return []
        places = []
        for base in (self.folder, self.folder / "images"):
            folder = os.path.normpath(os.path.join(base, head))
            outside = not self.allow_outside and not _within(os.path.realpath(folder), self._home())
            places.append(_Place(os.path.join(folder, ""), outside, {} if outside else _listing(folder)))
        return places

    def _home(self) -> str:
        return os.path.realpath(self.folder)

    @staticmethod
    def _not_there(name: str) -> str:
        if "\0" in name:
            return f"the path {name!r} holds a NUL byte"
        return f"there is no file {name!r}" + (", paths are written with /" if "\\" in name else "")


@dataclass(frozen=True)
class _Place:
    """A folder in which names are looked up; ``listing`` says of each file in it whether it is a link."""

    prefix: str
    outside: bool
    listing: dict[str, bool]


def _listing(folder: str) -> dict[str, bool]:
    found: dict[str, bool] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_symlink():
                    found[entry.name] = True
                elif entry.is_file(follow_symlinks=False):
                    found[entry.name] = False
    except OSError:
        return {}  # a folder that is not there holds no files
    return found


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
