"""IPTC: the keywords of an IIM record, and the Photoshop resources that hold one."""

from __future__ import annotations

from tagfit.photos.unreadable import UnreadableError

IPTC_RESOURCE = 0x0404
CHARACTER_SET, KEYWORDS = (1, 90), (2, 25)
UTF8 = b"\x1b%G"


def record_in(resources: bytes) -> bytes:
    """The IIM record in Photoshop's resources (8BIM); empty where there is none.

    Raises:
        UnreadableError: a resource is longer than what is there.
    """
    at = 0
    while at + 12 <= len(resources):
        if resources[at : at + 4] not in (b"8BIM", b"PHUT", b"DCSR", b"AgHg", b"MeSa"):
            break
        number = int.from_bytes(resources[at + 4 : at + 6], "big")
        name = resources[at + 6] + 1
        at += 6 + name + name % 2
        size = int.from_bytes(resources[at : at + 4], "big")
        at += 4
        if at + size > len(resources):
            raise UnreadableError("a Photoshop resource is cut off")
        if number == IPTC_RESOURCE:
            return resources[at : at + size]
        at += size + size % 2
    return b""


def keywords_in(record: bytes) -> tuple[list[str], bool]:
    """The keywords of an IIM record, and whether their encoding had to be guessed.

    Raises:
        UnreadableError: a dataset is longer than what is there.
    """
    raw: list[bytes] = []
    is_utf8 = False
    at = 0
    while at + 5 <= len(record) and record[at] == 0x1C:
        dataset = (record[at + 1], record[at + 2])
        size = int.from_bytes(record[at + 3 : at + 5], "big")
        at += 5
        if size & 0x8000:
            count = size & 0x7FFF
            size = int.from_bytes(record[at : at + count], "big")
            at += count
        if at + size > len(record):
            raise UnreadableError("an IPTC dataset is cut off")
        value = record[at : at + size]
        at += size
        if dataset == CHARACTER_SET:
            is_utf8 = value == UTF8
        elif dataset == KEYWORDS:
            raw.append(value)
    return [_text(value) for value in raw], bool(raw) and not is_utf8 and not all(value.isascii() for value in raw)


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")
