"""Photographs and sidecars in the manners of several programs, written byte by byte."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import Image

NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
    "acdsee": "http://ns.acdsee.com/iptc/1.0/",
    "mediapro": "http://ns.iview-multimedia.com/mediapro/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "tagfit": "https://tagfit.invalid/ns/1.0/",
}
KINDS = {"digiKam:TagsList": "Seq"}
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def xmp(fields: Mapping[str, Sequence[str]], *, inside: str = "", newline: str = "\n") -> bytes:
    """A packet as Adobe's library writes it."""
    declared = "".join(f'\n    xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    blocks = []
    for name, values in fields.items():
        kind = KINDS.get(name, "Bag")
        items = "".join(f"\n     <rdf:li>{escape(value)}</rdf:li>" for value in values)
        blocks.append(f"\n   <{name}>\n    <rdf:{kind}>{items}\n    </rdf:{kind}>\n   </{name}>")
    text = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        f' <rdf:RDF xmlns:rdf="{RDF}">\n  <rdf:Description rdf:about=""{declared}>{"".join(blocks)}{inside}\n'
        '  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>'
    )
    return text.replace("\n", newline).encode()


def iptc(words: Sequence[bytes], *, utf8: bool = False) -> bytes:
    record = b"\x1c\x01\x5a\x00\x03\x1b%G" if utf8 else b""
    return record + b"".join(b"\x1c\x02\x19" + struct.pack(">H", len(word)) + word for word in words)


def photoshop(record: bytes) -> bytes:
    resource = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(record)) + record + b"\0" * (len(record) % 2)
    return b"8BIM\x04\x25\x00\x00" + struct.pack(">I", 16) + b"d" * 16 + resource


def exif(words: str) -> bytes:
    text = words.encode("utf-16-le") + b"\0\0"
    return b"II*\0" + struct.pack("<IHHHIII", 8, 1, 40094, 1, len(text), 26, 0) + text


def pixels(number: int = 0, kind: str = "JPEG", size: int = 8, **saved: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), (number * 37 % 256, number // 7 % 256, 90)).save(buffer, format=kind, **saved)
    return buffer.getvalue()


def segment(code: int, payload: bytes) -> bytes:
    return b"\xff" + bytes([code]) + struct.pack(">H", len(payload) + 2) + payload


def jpeg(packet: bytes = b"", *, record: bytes = b"", windows: str = "", number: int = 0, more: bytes = b"") -> bytes:
    picture = pixels(number)
    header = segment(0xE1, b"Exif\0\0" + exif(windows)) if windows else b""
    if packet:
        header += segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)
    if record:
        header += segment(0xED, b"Photoshop 3.0\0" + photoshop(record))
    return picture[:20] + header + more + picture[20:]


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(packet: bytes = b"", *, packed: bool = False, profile: bytes = b"", number: int = 0) -> bytes:
    picture = pixels(number, "PNG")
    extra = b""
    if packet:
        text = zlib.compress(packet) if packed else packet
        extra += chunk(b"iTXt", b"XML:com.adobe.xmp\0" + bytes([packed]) + b"\0\0\0" + text)
    if profile:
        text = b"\nxmp\n%8d\n" % len(profile) + profile.hex().encode() + b"\n"
        extra += chunk(b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(text))
    return picture[:33] + extra + picture[33:]


def tiff(packet: bytes, record: bytes = b"", order: str = "<") -> bytes:
    """A directory without a picture."""
    entries = [(700, 1, packet)] + ([(33723, 7, record)] if record else [])
    start = 8 + 2 + 12 * len(entries) + 4
    body, rows = b"", b""
    for tag, kind, value in entries:
        rows += struct.pack(f"{order}HHII", tag, kind, len(value), start + len(body))
        body += value
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(entries))
    return head + rows + b"\0\0\0\0" + body


def webp(packet: bytes) -> bytes:
    picture = pixels(0, "WEBP")
    body = picture[8:] + b"XMP " + struct.pack("<I", len(packet)) + packet + b"\0" * (len(packet) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + kind + data


def heic(packet: bytes) -> bytes:
    """The boxes of a HEIC with an XMP item, without a picture."""
    item = box(b"infe", b"\x02\0\0\0\0\x01\0\0mime\0application/rdf+xml\0")
    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")

    def meta(offset: int) -> bytes:
        place = b"\0\0\0\0" + struct.pack(">HHHHHII", 0x4400, 1, 1, 0, 1, offset, len(packet))
        return box(b"meta", b"\0\0\0\0" + box(b"iinf", b"\0\0\0\0\0\x01" + item) + box(b"iloc", place))

    return head + meta(len(head) + len(meta(0)) + 8) + box(b"mdat", packet)


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
