"""Pictures of annotations that are not where they are named: found by a nearly equal name, or with what is there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tagfit.data.pictures.finding import OUTSIDE
from tagfit.data.pictures.near_misses import NearMisses, nearly_named
from tagfit.data.pictures.sources import Member, Place
from tagfit.errors import Fault


@dataclass(frozen=True)
class _Lost:
    name: str
    fault: Fault
    folders: tuple[Place, ...]


@dataclass
class LostPictures:
    """Gathers the rows without a picture, and looks once more when all that have one are known.

    Attributes:
        home: where all pictures of the source lie, at any depth.
    """

    home: Place
    _lost: dict[int, _Lost] = field(default_factory=dict)
    _near: dict[Place, NearMisses] = field(default_factory=dict)

    def __iter__(self) -> Iterator[int]:
        """The rows without a picture."""
        return iter(self._lost)

    def add(self, row: int, name: str, fault: Fault, folders: Sequence[Place]) -> None:
        """A row whose picture is in none of ``folders``, and why."""
        self._lost[row] = _Lost(name, fault, tuple(dict.fromkeys(folders)))

    def find(self, found: Iterable[Place], notes: list[str]) -> tuple[dict[int, Place], dict[int, Fault]]:
        """The pictures that are nearly named, each by one row; and the faults of the rows that are left.

        Args:
            found: the pictures of the other rows.
            notes: gets how the names differ.
        """
        named = {_path_of(place) for place in found} if self._lost else set()
        files: dict[int, Place] = {}
        faults = {row: lost.fault for row, lost in self._lost.items()}
        reasons: dict[int, str] = {}
        by_folders: dict[tuple[Place, ...], dict[int, str]] = {}
        for row, lost in self._lost.items():
            if lost.fault.where != OUTSIDE or not _is_anywhere(lost):
                by_folders.setdefault(lost.folders, {})[row] = lost.name
        for folders, names in by_folders.items():
            for folder in dict.fromkeys((*(one for one in folders if one != self.home), self.home)):
                pending = {row: name for row, name in names.items() if row not in files and not reasons.get(row)}
                near = self._near.setdefault(folder, NearMisses(folder))
                nearly = nearly_named(near, pending, named.copy)
                notes += nearly.notes
                reasons |= nearly.reasons
                named |= set(nearly.files.values())
                files |= {row: near.place(path) for row, path in nearly.files.items()}
        left = {
            row: Fault(fault.what + reasons.get(row, ""), fault.where, fault.instead)
            for row, fault in faults.items()
            if row not in files
        }
        return files, left


def _path_of(place: Place) -> str:
    return place.inside if isinstance(place, Member) else os.path.normpath(place)


def _is_anywhere(lost: _Lost) -> bool:
    """Whether there is such a file on this machine, outside the folders: then it is meant, and refused."""
    local = [folder for folder in lost.folders if isinstance(folder, Path)]
    return any(os.path.lexists(os.path.join(folder, lost.name)) for folder in local)
