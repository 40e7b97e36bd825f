"""The pictures of a set as bytes with names that any file system and format can hold, and the values of each row."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any

from tagfit.data.pictures import decode
from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError

ENDINGS = (
    (0, b"\xff\xd8\xff", ".jpg"), (0, b"\x89PNG", ".png"), (0, b"GIF8", ".gif"), (8, b"WEBP", ".webp"),
    (0, b"BM", ".bmp"), (0, b"II*\0", ".tif"), (0, b"MM\0*", ".tif"), (4, b"ftypavif", ".avif"), (4, b"ftyp", ".heic"),
    (4, b"jP  ", ".jp2"), (0, b"P", ".ppm"),
)  # fmt: skip
FOLDER = "images"  # where pictures are written; no name begins with it, which would be ambiguous
_ODD = re.compile(r"[^\w.()+=@ -]")
NAME_LENGTH = 50  # characters, of up to four bytes; file systems allow 255 bytes


def digest(content: bytes) -> bytes:
    """A hash of a picture file."""
    return blake2b(content, digest_size=16).hexdigest().encode()


class Pictures:
    """The pictures of a set, one after another.

    Attributes:
        digests: of the pictures that were given out so far, see :func:`digest`.
    """

    def __init__(self, data: TaggedSet, on_written: Callable[[int, int], None] | None = None) -> None:
        self._data = data
        self._on_written = on_written
        self.digests: list[bytes] = []

    def each(self, *, dots: bool = True) -> Iterator[tuple[int, str, bytes]]:
        """(row, name, bytes) of each picture. Names are unique regardless of case.

        Args:
            dots: whether a name may contain dots before its ending.

        Raises:
            InputError: a picture cannot be read.
        """
        taken: set[str] = set()
        files = self._data.files or ()
        for row, (name, file) in enumerate(zip(self._data.ids.tolist(), files, strict=True)):
            content = decode.read(file)
            self.digests.append(digest(content))
            yield row, _unique(_safe(name, content, dots), taken), content
            if self._on_written is not None:
                self._on_written(row + 1, len(files))


def describe_row(data: TaggedSet, row: int) -> dict[str, Any]:
    """Split, group, weight and fold of a row, as far as the set has them."""
    found: dict[str, Any] = {}
    if data.split is not None and data.split[row]:
        found["split"] = str(data.split[row])
    if data.groups is not None and data.groups[row]:
        found["group"] = str(data.groups[row])
    if data.weights is not None:
        found["weight"] = float(data.weights[row])
    if data.fold is not None:
        found["fold"] = int(data.fold[row])
    return found


def label_lines(labels: tuple[str, ...]) -> str:
    """The labels as a text with one name per line.

    Raises:
        InputError: a label holds a line break.
    """
    odd = [label for label in labels if label.splitlines() != [label] or label.strip() != label]
    if odd:
        raise InputError(
            f"the label {odd[0]!r} does not fit on one line",
            instead="labels without line breaks and surrounding spaces",
        )
    return "".join(f"{label}\n" for label in labels)


def _safe(name: str, content: bytes, dots: bool) -> str:
    named = [part for part in name.split("/") if part not in ("", ".", "..")] or ["picture"]
    while len(named) > 1 and named[0] == FOLDER:
        del named[0]
    parts = [_ODD.sub("_", part)[-NAME_LENGTH:] for part in named]
    stem, ending = posixpath.splitext(parts[-1])
    if ending.lower() not in SUFFIXES:
        stem = parts[-1]
        ending = next((one for at, mark, one in ENDINGS if content[at : at + len(mark)] == mark), ".jpg")
    stem = stem.strip(". ") or "picture"
    folders = [part.strip(". ").replace(".", "_") or "_" for part in parts[:-1]]  # without dots, none looks like a file
    if not dots:
        stem = stem.replace(".", "_")
    return "/".join([*folders, stem + ending.lower()])


def _unique(name: str, taken: set[str]) -> str:
    stem, ending = posixpath.splitext(name)
    number, found = 1, stem
    while found.casefold() in taken:
        number += 1
        found = f"{stem}_{number}"
    taken.add(found.casefold())
    return found + ending
