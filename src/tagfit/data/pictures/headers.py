"""The size of a plain PNG or JPEG by its first bytes, in a tenth of the time that opening the picture takes.

Only what is certain is answered. Anything unusual or damaged is left to the decoder, which knows the reason.
"""

from __future__ import annotations

import zlib
from typing import BinaryIO

PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
PNG_HEADER = 33  # signature, and the chunk IHDR with its checksum
PNG_KINDS = frozenset(((0, 1), (0, 2), (0, 4), (0, 8), (2, 8), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (6, 8)))
CHUNK_HEADER = 8

SOI, SOS = b"\xff\xd8", 0xDA
FRAMES = frozenset((0xC0, 0xC1, 0xC2))  # baseline, extended and progressive, all with Huffman coding
SKIPPED = frozenset((0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)))  # DHT, DQT, DRI, COM, APP0 to APP15
SEGMENTS = 100  # a picture has about ten before its pixels


def plain_size(file: BinaryIO) -> tuple[int, int] | None:
    """(width, height) of a PNG of at most 8 bits or a JPEG of 8 bits, up to whose pixels nothing is damaged.

    Args:
        file: a file that can be searched, at its start.

    Returns:
        The size in pixels; None where only a decoder can say what the file is.
    """
    start = file.read(PNG_HEADER)
    if start.startswith(SOI):
        return _jpeg_size(file)
    return _png_size(start, file) if start.startswith(PNG_START) else None


def _png_size(start: bytes, file: BinaryIO) -> tuple[int, int] | None:
    header = start[12:29]
    if len(start) < PNG_HEADER or zlib.crc32(header) != int.from_bytes(start[29:33], "big"):
        return None
    if (start[25], start[24]) not in PNG_KINDS or any(start[26:28]) or start[28] > 1:
        return None
    for _ in range(SEGMENTS):
        chunk = file.read(CHUNK_HEADER)
        if chunk[4:] == b"IDAT":
            return _positive(int.from_bytes(start[16:20], "big"), int.from_bytes(start[20:24], "big"))
        if len(chunk) < CHUNK_HEADER or not chunk[4:].isalpha():
            return None
        file.seek(int.from_bytes(chunk[:4], "big") + 4, 1)
    return None


def _jpeg_size(file: BinaryIO) -> tuple[int, int] | None:
    size = None
    file.seek(len(SOI))
    for _ in range(SEGMENTS):
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF:
            return None
        marker, length = head[1], int.from_bytes(head[2:], "big") - 2
        if marker == SOS:
            return size
        if marker in FRAMES and size is None:
            frame = file.read(length)
            if len(frame) < 6 or frame[0] != 8 or len(frame) != 6 + 3 * frame[5] or frame[5] not in (1, 3, 4):
                return None
            size = _positive(int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big"))
        elif marker in SKIPPED and length >= 0:
            file.seek(length, 1)
        else:
            return None
    return None


def _positive(width: int, height: int) -> tuple[int, int] | None:
    return (width, height) if width > 0 and height > 0 else None
