"""Embedding: a picture file with another XMP packet; its picture data and all other blocks stay as they are."""

from __future__ import annotations

import struct
import zlib

from tagfit.photos import jpeg
from tagfit.photos.containers import PNG, XMP_KEYWORD, blocks_in, png_chunks
from tagfit.photos.splice import RefusedError
from tagfit.photos.unreadable import Memory, UnreadableError


def with_packet(data: bytes, packet: bytes) -> bytes:
    """A JPEG or PNG with ``packet`` in place of its own, or as its first.

    Raises:
        RefusedError: it cannot be done without risk.
    """
    try:
        blocks = blocks_in(data)
        if blocks.refused:
            raise RefusedError(blocks.refused)
        result = _jpeg(data, packet) if blocks.kind == "jpeg" else _png(data, packet)
        after = blocks_in(result)
    except UnreadableError as error:
        raise RefusedError(str(error)) from None
    if after.packets != [packet] or (after.iptc, after.xp_keywords) != (blocks.iptc, blocks.xp_keywords):
        raise RefusedError("the result would not say the same")
    if picture_data(result) != picture_data(data):
        raise RefusedError("the picture data would change")
    return result


def picture_data(data: bytes) -> bytes:
    """What makes the pixels: from the first scan on, or all chunks but the texts."""
    if data.startswith(PNG):
        chunks = [(name, at, size) for name, at, size in png_chunks(Memory(data)) if name != b"iTXt"]
        return b"".join(name + data[at : at + size] for name, at, size in chunks)
    return data[jpeg.segments(Memory(data)).scan_at :]


def _jpeg(data: bytes, packet: bytes) -> bytes:
    if len(packet) > jpeg.MAX_PACKET:
        raise RefusedError(
            f"the packet would have {len(packet)} bytes, of which a JPEG segment holds {jpeg.MAX_PACKET}"
        )
    found = jpeg.segments(Memory(data))
    start, end = found.xmp[0][:2] if found.xmp else (found.insert_at, found.insert_at)
    payload = jpeg.XMP + packet
    segment = b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload
    return data[:start] + segment + data[end:]


def _png(data: bytes, packet: bytes) -> bytes:
    chunks = list(png_chunks(Memory(data)))
    if not chunks or chunks[0][0] != b"IHDR":
        raise RefusedError("the PNG does not begin with IHDR")
    start = end = chunks[0][1] + chunks[0][2] + 4
    for name, at, size in chunks:
        if name == b"iTXt" and data[at : at + size].startswith(XMP_KEYWORD + b"\0"):
            start, end = at - 8, at + size + 4
    text = XMP_KEYWORD + b"\0\0\0\0\0" + packet
    crc = struct.pack(">I", zlib.crc32(b"iTXt" + text))
    return data[:start] + struct.pack(">I", len(text)) + b"iTXt" + text + crc + data[end:]
