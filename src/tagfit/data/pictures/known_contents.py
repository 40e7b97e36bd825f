"""The contents that remote pictures had when they were last read, so that none is fetched twice."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from tagfit.data.pictures.sources import Member, Place, any_remote, is_remote

DIGEST_BYTES = 32
RECORD_BYTES = 2 * DIGEST_BYTES  # a digest of address and version, then the digest of the content


class KnownContents:
    """A file of records that only grows. A version is a hint of the store's: it finds pixels, the content is their key.

    A file without a version is remembered as long as this object lives, and not beyond.
    """

    def __init__(self, path: Path, places: Sequence[Place]) -> None:
        self._path = path
        self._known: dict[bytes, bytes] = {}
        self._new = bytearray()
        if any_remote(places):
            self._load()

    def get(self, place: Place) -> bytes | None:
        """The digest of the content of a remote file, None where it is not known."""
        return self._known.get(_key(place)) if is_remote(place) else None

    def add(self, place: Place, digest: bytes) -> None:
        """Remember the content of a remote file; of any other nothing."""
        if is_remote(place):
            key = _key(place)
            if _version(place) and key not in self._known:
                self._new += key + digest
            self._known[key] = digest

    def save(self) -> None:
        """Append what is new to the file, in one write."""
        if self._new:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.seek(0, os.SEEK_END)
                torn = file.tell() % RECORD_BYTES  # left by a process that was killed while it wrote
                file.write(bytes(-torn % RECORD_BYTES) + self._new)
            self._new.clear()

    def _load(self) -> None:
        try:
            content = self._path.read_bytes()
        except OSError:
            return  # there is none yet, or it cannot be read: pictures are fetched again
        for start in range(0, len(content) - RECORD_BYTES + 1, RECORD_BYTES):
            middle = start + DIGEST_BYTES
            self._known[content[start:middle]] = content[middle : start + RECORD_BYTES]


def _version(place: Place) -> str:
    return place.store.version(place.inside) if isinstance(place, Member) else ""


def _key(place: Place) -> bytes:
    return blake2b(f"{place}\n{_version(place)}".encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
