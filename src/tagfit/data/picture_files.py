"""The picture files that a table names: found, kept inside their folder, and their headers looked at."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, UnidentifiedImageError

# Raster formats only: others start programs (EPS calls Ghostscript) or draw what they fetch.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
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
    _listings: dict[str, dict[str, bool]] = field(default_factory=dict)
    _real: dict[str, str] = field(default_factory=dict)

    def find(self, name: str) -> tuple[str | None, str]:
        """(path, '') of the file that ``name`` means, or (None, reason).

        The reason starts with ``outside`` where the path leaves the folder.
        """
        if "\0" in name:
            return None, f"the path {name!r} holds a NUL byte"
        reason = f"there is no file {name!r}"
        for base in (self.folder, self.folder / "images"):
            path = os.path.normpath(os.path.join(base, name))
            parent, last = os.path.split(path)
            if not self.allow_outside and not self._inside(parent):
                return None, f"outside: the path {name!r} leaves the folder {self.folder}"
            is_link = self._listing(parent).get(last)
            if is_link is None:
                continue
            if is_link:
                target = os.path.realpath(path)
                if not self.allow_outside and not _within(target, self._real_path(str(self.folder))):
                    return None, f"outside: {name!r} is a link that leaves the folder {self.folder}"
            if not is_link or os.path.isfile(path):
                return path, ""
            reason = f"{name!r} is a link that leads to no file"
        if "\\" in name:
            reason += ", paths are written with /"
        return None, reason

    def _inside(self, parent: str) -> bool:
        return _within(self._real_path(parent), self._real_path(str(self.folder)))

    def _real_path(self, folder: str) -> str:
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        return self._real[folder]

    def _listing(self, folder: str) -> dict[str, bool]:
        """Name -> whether it is a link, of every file and link in ``folder``."""
        if folder not in self._listings:
            found: dict[str, bool] = {}
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.is_symlink():
                            found[entry.name] = True
                        elif entry.is_file(follow_symlinks=False):
                            found[entry.name] = False
            except (OSError, ValueError):
                pass  # a folder that is not there holds no files
            self._listings[folder] = found
        return self._listings[folder]


def unreadable(path: str | Path) -> str:
    """Why the header of a picture cannot be used, or '' where it can; pixels are not decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                if image.width < 1 or image.height < 1:
                    return f"a picture of {image.width} x {image.height} pixels"
    except Image.DecompressionBombError:
        return "a picture with more pixels than can be meant (a decompression bomb?)"
    except Exception as error:  # noqa: BLE001 - a broken file makes the decoders raise nearly anything
        return _why_not(path, error)
    return ""


def _why_not(path: str | Path, error: Exception) -> str:
    """The reason in words: what the file holds says more than the decoder's exception."""
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
