"""Picture paths: the picture files named by a user, singly or by folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.errors import Fault, InputError


def list_pictures(places: Iterable[str | Path]) -> list[Path]:
    """Files as given, and the pictures of folders in the order of their names.

    Raises:
        InputError: places that do not exist, or nothing at all.
    """
    files: list[Path] = []
    missing = []
    for place in (Path(place) for place in places):
        if place.is_dir():
            files += sorted(path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        elif place.exists():
            files.append(place)
        else:
            missing.append(Fault(f"there is no picture or folder {place}"))
    if missing:
        raise InputError(missing)
    if not files:
        raise InputError("there are no pictures to tag", instead="picture files, or folders that hold some")
    return files
