"""Containers: the blocks of metadata in picture files, found by their headers; no pixel is decoded."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tagfit.photos import heif, iptc, jpeg, tiff
from tagfit.photos.unreadable import MAX_BLOCK, Bytes, Memory, Opened, UnreadableError

PNG = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = b"XML:com.adobe.xmp"


@dataclass
class Blocks:
    """What a picture file holds.

    Attributes:
        kind: ``jpeg``, ``png``, ``tiff``, ``webp``, ``heif`` or '' for a file without metadata that is read.
        packets: XMP packets, the first is the main one.
        iptc: IIM record.
        exif: a TIFF structure.
        refused: why keywords cannot be written into the file; '' where they can.
        warnings: what is odd.
    """

    kind: str
    packets: list[bytes] = field(default_factory=list)
    iptc: bytes = b""
    xp_keywords: bytes = b""
    refused: str = "embedding not supported for this type"
    warnings: list[str] = field(default_factory=list)


def blocks_of(path: Path) -> Blocks:
    """The metadata of a picture file.

    Raises:
        UnreadableError: it cannot be opened, or its headers are broken.
    """
    try:
        with path.open("rb") as file:
            return _blocks(Opened(file, os.fstat(file.fileno()).st_size))
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None


def blocks_in(data: bytes) -> Blocks:
    """As :func:`blocks_of`, of a file in memory."""
    return _blocks(Memory(data))


def _blocks(data: Bytes) -> Blocks:
    start = data.at(0, min(data.size, 16))
    if not start:
        raise UnreadableError("empty file")
    if start.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if start.startswith(PNG):
        return _png(data)
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"IIRO", b"IIRS", b"IIU\0", b"MMOR"):
        return _tiff(Blocks("tiff"), data)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return _webp(data)
    if start[4:8] == b"ftyp":
        return _heif(data)
    return Blocks("")


def _jpeg(data: Bytes) -> Blocks:
    found = jpeg.segments(data)
    blocks = Blocks("jpeg", refused=jpeg.refusal(found))
    blocks.packets = jpeg.packets(found)
    if len(found.xmp) > 1:
        blocks.warnings.append("more than one XMP packet")
    if found.photoshop:
        blocks.iptc = iptc.record_in(b"".join(found.photoshop))
    if found.exif:
        _exif(blocks, found.exif)
    return blocks


def _exif(blocks: Blocks, exif: bytes) -> None:
    """Windows' keywords; Exif data that is broken is reported and left alone, since nothing else depends on it."""
    try:
        blocks.xp_keywords = tiff.values(Memory(exif), (tiff.XP_KEYWORDS,)).get(tiff.XP_KEYWORDS, b"")
    except UnreadableError as error:
        blocks.warnings.append(f"Exif cannot be read: {error}")


def _tiff(blocks: Blocks, data: Bytes) -> Blocks:
    found = tiff.values(data, (tiff.XMP, tiff.IPTC, tiff.PHOTOSHOP, tiff.XP_KEYWORDS))
    if found.get(tiff.XMP):
        blocks.packets.append(found[tiff.XMP])
    blocks.iptc = found.get(tiff.IPTC, b"") or iptc.record_in(found.get(tiff.PHOTOSHOP, b""))
    blocks.xp_keywords = found.get(tiff.XP_KEYWORDS, b"")
    return blocks


def _png(data: Bytes) -> Blocks:
    blocks = Blocks("png", refused="")
    profiles: list[bytes] = []
    for name, at, size in png_chunks(data):
        if name == b"iTXt":
            packet = _itxt(data.at(at, size))
            blocks.packets += [] if packet is None else [packet]
        elif name in (b"zTXt", b"tEXt"):
            keyword, _, rest = data.at(at, size).partition(b"\0")
            if keyword in (b"Raw profile type xmp", b"Raw profile type iptc"):
                profile = _raw_profile(_inflated(rest[1:]) if name == b"zTXt" else rest)
                if keyword.endswith(b"xmp"):
                    profiles.append(profile)
                else:
                    blocks.iptc = iptc.record_in(profile)
        elif name == b"eXIf":
            _exif(blocks, data.at(at, size).removeprefix(b"Exif\0\0"))
        elif name == b"caBX":
            blocks.refused = "it holds signed content credentials (C2PA)"
    if profiles:
        blocks.refused = "XMP is in a Raw profile chunk"
        blocks.packets = blocks.packets or profiles
    if len(blocks.packets) > 1:
        blocks.warnings.append("more than one XMP packet")
        blocks.refused = "more than one XMP packet"
    return blocks


def png_chunks(data: Bytes) -> Iterator[tuple[bytes, int, int]]:
    """The chunks of a PNG: name, offset and length of what is inside.

    Raises:
        UnreadableError: a chunk is cut off, or there is no end.
    """
    at = len(PNG)
    while at < data.size:
        head = data.at(at, 8)
        size, name = int.from_bytes(head[:4], "big"), head[4:]
        if size > 0x7FFFFFFF or at + 12 + size > data.size:
            raise UnreadableError(f"the PNG chunk {name!r} is cut off")
        yield name, at + 8, size
        if name == b"IEND":
            return
        at += 12 + size
    raise UnreadableError("the PNG has no end")


def _itxt(chunk: bytes) -> bytes | None:
    """The text of an iTXt chunk if it is XMP."""
    keyword, _, rest = chunk.partition(b"\0")
    if keyword != XMP_KEYWORD or len(rest) < 2:
        return None
    _, _, text = rest[2:].partition(b"\0")
    _, _, text = text.partition(b"\0")
    return _inflated(text) if rest[0] else text


def _inflated(packed: bytes) -> bytes:
    engine = zlib.decompressobj()
    try:
        text = engine.decompress(packed, MAX_BLOCK)
    except zlib.error as error:
        raise UnreadableError(f"a compressed text cannot be read: {error}") from None
    if not engine.eof:
        raise UnreadableError("a compressed text is cut off or too long")
    return text


def _raw_profile(text: bytes) -> bytes:
    """ImageMagick's profile in hexadecimal: a name, a length, the digits."""
    parts = text.split(None, 2)
    try:
        return bytes.fromhex(parts[2].decode("ascii"))
    except (IndexError, ValueError):
        raise UnreadableError("a Raw profile is not hexadecimal") from None


def _webp(data: Bytes) -> Blocks:
    blocks = Blocks("webp")
    at, end = 12, min(data.size, 8 + int.from_bytes(data.at(4, 4), "little"))
    while at + 8 <= end:
        head = data.at(at, 8)
        size = int.from_bytes(head[4:], "little")
        if head[:4] == b"XMP ":
            blocks.packets.append(data.at(at + 8, size))
        elif head[:4] == b"EXIF":
            _exif(blocks, data.at(at + 8, size).removeprefix(b"Exif\0\0"))
        elif at + 8 + size > data.size:
            raise UnreadableError("a WebP chunk is cut off")
        at += 8 + size + size % 2
    return blocks


def _heif(data: Bytes) -> Blocks:
    blocks = Blocks("heif")
    found = heif.items(data)
    blocks.packets = found.xmp
    if found.exif:
        _exif(blocks, found.exif)
    return blocks
