"""The picture that a name means, in the folders or stores where it may be, and whether its header can be used."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

from tagfit.data.pictures import files
from tagfit.data.pictures.accepted import SUFFIXES, opened, refusal
from tagfit.data.pictures.files import Locator
from tagfit.data.pictures.sources import Member, Place, start_of
from tagfit.errors import Fault, InputError

OUTSIDE = "outside"
START = 1 << 16
ALLOW_OUTSIDE = "--allow-outside permits it"


class Finder:
    """Looks a name up in several folders, each listed once."""

    def __init__(self, folders: Sequence[Place], allow_outside: bool = False) -> None:
        unique = dict.fromkeys(folders)
        self._look_ups = [
            _InStore(folder) if isinstance(folder, Member) else _InFolder(folder, allow_outside) for folder in unique
        ]

    def find(self, name: str) -> Place | Fault:
        """The picture that ``name`` means, with or without its ending, or why there is none.

        The ``where`` of the fault is OUTSIDE if the path leaves all folders.
        """
        found = self._find(name)
        if isinstance(found, Fault) and not found.where and posixpath.splitext(name)[1].lower() not in SUFFIXES:
            endings = [self._find(name + suffix) for suffix in sorted(SUFFIXES)]
            places = [place for place in endings if not isinstance(place, Fault)]
            if len(places) == 1:
                return places[0]
        return found

    def _find(self, name: str) -> Place | Fault:
        first: Fault | None = None
        for look_up in self._look_ups:
            found = look_up.find(name)
            if not isinstance(found, Fault):
                return found
            if first is None or (found.where and not first.where):
                first = found
        return first or Fault(f"there is no file {name!r}")


class _InFolder:
    def __init__(self, folder: Path, allow_outside: bool) -> None:
        self._locator = Locator(folder, allow_outside)

    def find(self, name: str) -> Place | Fault:
        file, reason = self._locator.find(name)
        if file is not None:
            return Path(file)
        if reason.startswith(files.OUTSIDE):
            return Fault(reason.removeprefix(files.OUTSIDE), OUTSIDE, ALLOW_OUTSIDE)
        return Fault(reason)


class _InStore:
    """Names in a store; what leaves it is not there, whatever is allowed."""

    def __init__(self, folder: Member) -> None:
        self._folder = folder

    def find(self, name: str) -> Place | Fault:
        path = posixpath.normpath(posixpath.join(self._folder.inside, name))
        if name.startswith("/") or path == ".." or path.startswith("../"):
            return Fault(f"the path {name!r} leaves {self._folder.store.address}", OUTSIDE)
        for place in (Member(self._folder.store, path), self._folder / "images" / name):
            if place.is_file():
                return place
        return Fault(f"there is no file {name!r} in {self._folder}")


def refused(place: Place) -> Fault | None:
    """Why the header of a picture cannot be used, or None where it can or is better looked at when it is decoded."""
    if isinstance(place, Path):
        return refusal(place)
    if not place.store.quick:
        return None
    try:
        with opened(start_of(place, START)):
            return None
    except InputError:  # perhaps only because the header goes on
        return refusal(place)
