"""What reading metadata raises, and how files are read at any place."""

from __future__ import annotations

from typing import BinaryIO, Protocol

MAX_BLOCK = 64 << 20


class UnreadableError(Exception):
    """A file's metadata cannot be read; the message is the reason. It concerns one file, never a whole run."""


class Bytes(Protocol):
    """Bytes that can be read at any place."""

    size: int

    def at(self, offset: int, size: int) -> bytes:
        """Exactly ``size`` bytes from ``offset``; raises UnreadableError where there are fewer."""


class Memory:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def at(self, offset: int, size: int) -> bytes:
        """As :class:`Bytes` says."""
        return _whole(self.data[offset : offset + size] if offset >= 0 and size >= 0 else b"", size)


class Opened:
    """An open file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size

    def at(self, offset: int, size: int) -> bytes:
        """As :class:`Bytes` says."""
        if offset < 0 or size < 0 or offset + size > self.size:
            return _whole(b"", size if size else 1)
        self._file.seek(offset)
        return _whole(self._file.read(size), size)


def _whole(found: bytes, size: int) -> bytes:
    if len(found) != size or size > MAX_BLOCK:
        raise UnreadableError("cut off" if size <= MAX_BLOCK else f"a block of {size} bytes")
    return found
