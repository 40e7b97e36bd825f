"""TIFF: values of the first directory, in a file or in an Exif block."""

from __future__ import annotations

import struct
from collections.abc import Collection

from tagfit.photos.unreadable import MAX_BLOCK, Bytes, UnreadableError

XMP, IPTC, PHOTOSHOP, XP_KEYWORDS = 700, 33723, 34377, 40094
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
MAGIC = (42, 0x4F52, 0x5352, 0x55)  # TIFF, and Olympus' and Panasonic's raw files
BIG = 43
MAX_ENTRIES = 4096


def values(data: Bytes, wanted: Collection[int], start: int = 0) -> dict[int, bytes]:
    """The raw bytes of tags of the first directory.

    Args:
        data: holds a TIFF structure.
        wanted: tag numbers.
        start: where the structure begins.

    Raises:
        UnreadableError: no TIFF, or cut off.
    """
    order = {b"II": "<", b"MM": ">"}.get(data.at(start, 2))
    if order is None:
        raise UnreadableError("no TIFF header")
    (magic,) = struct.unpack(f"{order}H", data.at(start + 2, 2))
    if magic == BIG:
        (directory,) = struct.unpack(f"{order}Q", data.at(start + 8, 8))
        count_form, entry_form, inline = "Q", "HHQ8s", 8
    elif magic in MAGIC:
        (directory,) = struct.unpack(f"{order}I", data.at(start + 4, 4))
        count_form, entry_form, inline = "H", "HHI4s", 4
    else:
        raise UnreadableError(f"no TIFF header (number {magic})")
    width = struct.calcsize(f"{order}{count_form}")
    (count,) = struct.unpack(f"{order}{count_form}", data.at(start + directory, width))
    if count > MAX_ENTRIES:
        raise UnreadableError(f"a TIFF directory of {count} entries")
    size = struct.calcsize(f"{order}{entry_form}")
    entries = data.at(start + directory + width, count * size)
    found: dict[int, bytes] = {}
    for number in range(count):
        tag, kind, many, value = struct.unpack_from(f"{order}{entry_form}", entries, number * size)
        if tag not in wanted or kind not in SIZES:
            continue
        length = many * SIZES[kind]
        if length > MAX_BLOCK:
            raise UnreadableError(f"tag {tag} of {length} bytes")
        if length <= inline:
            found[tag] = value[:length]
        else:
            (offset,) = struct.unpack(f"{order}{'Q' if inline == 8 else 'I'}", value)
            found[tag] = data.at(start + offset, length)
    return found


def xp_keywords(value: bytes) -> list[str]:
    """Windows' keywords out of a tag: UTF-16LE, ended by NUL, separated by ``;``."""
    text = value[: len(value) // 2 * 2].decode("utf-16-le", "replace").split("\0")[0]
    return [word for word in text.split(";") if word.strip()]
