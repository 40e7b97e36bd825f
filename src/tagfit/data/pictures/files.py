"""The picture files that a table names: found, kept inside their folder, and their headers looked at."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, UnidentifiedImageError

# Raster formats only: others start programs (EPS calls Ghostscript) or draw what they fetch.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
OUTSIDE = "outside: "
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})


@dataclass
class Locator:
    """Finds the files that a table names, relative to its folder and then to ``images/`` beside it.

    Folders are listed once, so that a million names cost one look-up each and no system call.

    Attributes:
        folder: where the table lies.
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
        """The folders that ``head`` may mean: beside the table, then in ``images/``."""
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


def unreadable(path: str | Path) -> str:
    """Why the header of a picture cannot be used, or '' where it can; pixels are not decoded.

    Pillow may warn of what it sees; the caller silences that once, around all files: filters belong to the process.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            return "" if image.width and image.height else f"a picture of {image.width} x {image.height} pixels"
    except Exception as error:  # noqa: BLE001 - a broken file makes the decoders raise nearly anything
        return why_not(path, error)


def why_not(path: str | Path, error: Exception) -> str:
    """The reason in words: what the file holds says more than the decoder's exception."""
    if isinstance(error, Image.DecompressionBombError):
        return "a picture with more pixels than can be meant (a decompression bomb?)"
    try:
        with open(path, "rb") as file:
            start = file.read(256)
    except OSError as failure:
        return f"cannot be opened: {failure.strerror}"
    if not start:
        return "an empty file, 0 bytes"
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<svg", b"<head")):
        return "a web page or XML, not a picture"
    if isinstance(error, UnidentifiedImageError):
        return f"not a picture in a format that is read here ({', '.join(FORMATS)})"
    return f"not readable as a picture: {error}"


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
