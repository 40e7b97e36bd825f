"""HEIF, AVIF and CR3: the items and boxes that hold XMP and Exif."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tagfit.photos.unreadable import MAX_BLOCK, Bytes, Memory, UnreadableError

XMP_TYPE = b"application/rdf+xml"
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # where Canon's CR3 keeps it
MAX_BOXES = 10_000


@dataclass
class Items:
    """XMP packets, and the Exif block without its prefix."""

    xmp: list[bytes] = field(default_factory=list)
    exif: bytes = b""


def items(data: Bytes) -> Items:
    """The metadata of a file of boxes.

    Raises:
        UnreadableError: the boxes do not fit into the file.
    """
    found = Items()
    for kind, start, end in _boxes(data, 0, data.size):
        if kind == b"meta":
            _read_meta(data, start, end, found)
        elif kind == b"uuid" and end - start > 16 and data.at(start, 16) == XMP_UUID:
            found.xmp.append(data.at(start + 16, end - start - 16))
    return found


def _boxes(data: Bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes between two places: kind, start and end of what is inside."""
    for _ in range(MAX_BOXES):
        if at + 8 > end:
            return
        head = data.at(at, 8)
        size, kind, start = int.from_bytes(head[:4], "big"), head[4:], at + 8
        if size == 1:
            size, start = int.from_bytes(data.at(at + 8, 8), "big"), at + 16
        elif size == 0:
            size = end - at
        if size < start - at or at + size > end:
            raise UnreadableError(f"the box {kind!r} does not fit into the file")
        yield kind, start, at + size
        at += size


def _read_meta(data: Bytes, start: int, end: int, found: Items) -> None:
    inner = {kind: (inside, stop) for kind, inside, stop in _boxes(data, start + 4, end)}
    if b"iinf" not in inner or b"iloc" not in inner:
        return
    wanted = _wanted(data, *inner[b"iinf"])
    if not wanted:
        return
    where = inner[b"iloc"]
    places = _Locations(data.at(where[0], where[1] - where[0])).places()
    for number, kind in wanted.items():
        content = b""
        for method, offset, length in places.get(number, ()):
            if len(content) + length > MAX_BLOCK:
                raise UnreadableError("an item is too large")
            if method == 1 and b"idat" in inner:
                offset += inner[b"idat"][0]
            elif method != 0:
                continue
            content += data.at(offset, length)
        if kind == "xmp" and content:
            found.xmp.append(content)
        elif kind == "exif" and len(content) > 4:
            found.exif = content[4 + int.from_bytes(content[:4], "big") :].removeprefix(b"Exif\0\0")


def _wanted(data: Bytes, start: int, end: int) -> dict[int, str]:
    """Items that are XMP or Exif, by their number."""
    version = data.at(start, 1)[0]
    found: dict[int, str] = {}
    for kind, inside, stop in _boxes(data, start + (6 if version == 0 else 8), end):
        if kind != b"infe":
            continue
        entry = data.at(inside, stop - inside)
        if len(entry) < 12 or entry[0] < 2:
            continue
        width = 2 if entry[0] == 2 else 4
        number = int.from_bytes(entry[4 : 4 + width], "big")
        item_type, rest = entry[6 + width : 10 + width], entry[10 + width :]
        if item_type == b"Exif":
            found[number] = "exif"
        elif item_type == b"mime" and rest.partition(b"\0")[2].split(b"\0")[0] == XMP_TYPE:
            found[number] = "xmp"
    return found


class _Locations:
    """The box ``iloc``, read number by number."""

    def __init__(self, box: bytes) -> None:
        self._box = Memory(box)
        self._at = 4
        self._version = self._box.at(0, 1)[0]

    def places(self) -> dict[int, list[tuple[int, int, int]]]:
        """For each item its extents: construction method, offset, length."""
        sizes = self._number(2)
        offset_size, length_size, base_size = sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15
        index_size = sizes & 15 if self._version in (1, 2) else 0
        found: dict[int, list[tuple[int, int, int]]] = {}
        for _ in range(self._number(4 if self._version == 2 else 2)):
            number = self._number(4 if self._version == 2 else 2)
            method = self._number(2) & 15 if self._version in (1, 2) else 0
            self._number(2)
            base = self._number(base_size)
            extents = found.setdefault(number, [])
            for _ in range(self._number(2)):
                self._number(index_size)
                offset = base + self._number(offset_size)
                extents.append((method, offset, self._number(length_size)))
        return found

    def _number(self, width: int) -> int:
        value = int.from_bytes(self._box.at(self._at, width), "big") if width else 0
        self._at += width
        return value
