"""JPEG: the segments before the picture data that hold XMP, IPTC and Exif."""

from __future__ import annotations

from dataclasses import dataclass, field

from tagfit.photos import properties, xmp
from tagfit.photos.unreadable import Bytes, UnreadableError

XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
PHOTOSHOP = b"Photoshop 3.0\0"
EXIF = b"Exif\0\0"
MAX_PACKET = 65502
APP0, APP1, APP2, APP11, APP13, SOS, EOI = 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xDA, 0xD9
NOTE = ("http://ns.adobe.com/xmp/note/", "HasExtendedXMP")


@dataclass
class Segments:
    """What stands before the picture data.

    Attributes:
        xmp: (offset of the marker, end, packet) of each standard XMP segment.
        extended: chunks of extended XMP.
        photoshop: payloads of APP13.
        exif: the TIFF structure.
        insert_at: where a new XMP segment belongs.
        scan_at: where the picture data begins (the marker SOS).
        others: what makes writing unsafe.
    """

    xmp: list[tuple[int, int, bytes]] = field(default_factory=list)
    extended: list[bytes] = field(default_factory=list)
    photoshop: list[bytes] = field(default_factory=list)
    exif: bytes = b""
    insert_at: int = 2
    scan_at: int = 0
    others: list[str] = field(default_factory=list)


def segments(data: Bytes) -> Segments:
    """The segments up to the picture data.

    Raises:
        UnreadableError: they end before it.
    """
    found = Segments()
    at = 2
    while True:
        start = at
        marker = data.at(at, 2)
        if marker[0] != 0xFF:
            raise UnreadableError(f"no JPEG marker at byte {at}")
        while marker[1] == 0xFF:
            at += 1
            marker = data.at(at, 2)
        code = marker[1]
        at += 2
        if code in (SOS, EOI):
            found.scan_at = start
            if code == EOI:
                found.others.append("it has no picture data")
            return found
        if code == 1 or 0xD0 <= code <= 0xD7:
            continue
        size = int.from_bytes(data.at(at, 2), "big")
        if size < 2:
            raise UnreadableError(f"a JPEG segment of length {size} at byte {at}")
        if APP0 <= code <= APP13 and code in (APP0, APP1, APP2, APP11, APP13):
            _take(found, code, start, at + size, data.at(at + 2, size - 2))
        elif at + size > data.size:
            raise UnreadableError("a JPEG segment is cut off")
        at += size


def _take(found: Segments, code: int, start: int, end: int, payload: bytes) -> None:
    if code == APP0:
        found.insert_at = end
    elif code == APP1 and payload.startswith(XMP):
        found.xmp.append((start, end, payload.removeprefix(XMP)))
    elif code == APP1 and payload.startswith(EXTENDED):
        found.extended.append(payload.removeprefix(EXTENDED))
    elif code == APP1 and payload.startswith(EXIF):
        found.exif = found.exif or payload.removeprefix(EXIF)
        found.insert_at = end
    elif code == APP2 and payload.startswith(b"MPF\0"):
        found.others.append("it holds several pictures (MPF), whose places in the file would change")
    elif code == APP11 and b"c2pa" in payload:
        found.others.append("it holds signed content credentials (C2PA)")
    elif code == APP13 and payload.startswith(PHOTOSHOP):
        found.photoshop.append(payload.removeprefix(PHOTOSHOP))


def packets(found: Segments) -> list[bytes]:
    """The XMP packets, with the extended one that the main packet names, if all of it is there."""
    main = [packet for _, _, packet in found.xmp]
    if not found.extended or not main:
        return main
    guid = _guid(main[0])
    parts = {}
    total = 0
    for chunk in found.extended:
        if len(chunk) >= 40 and chunk[:32] == guid:
            total = int.from_bytes(chunk[32:36], "big")
            parts[int.from_bytes(chunk[36:40], "big")] = chunk[40:]
    whole = b""
    for offset in sorted(parts):
        if offset != len(whole):
            break
        whole += parts[offset]
    return [*main, whole] if whole and len(whole) == total else main


def refusal(found: Segments) -> str:
    """Why keywords cannot be written into the file; '' where they can."""
    if found.extended:
        return "ExtendedXMP"
    if len(found.xmp) > 1:
        return "more than one XMP packet"
    return found.others[0] if found.others else ""


def _guid(packet: bytes) -> bytes:
    try:
        document = xmp.parse(packet)
    except UnreadableError:
        return b""
    for node in properties.descriptions(document):
        child = node.find(NOTE)
        value = node.attributes.get(NOTE) or (child.text.strip() if child is not None else "")
        if value:
            return value.encode("ascii", "replace")
    return b""
