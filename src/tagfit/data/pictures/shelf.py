"""Shelf: the entries of the picture cache on disk, and a new one that appears when it is whole."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tagfit.data.pictures.accepted import shown
from tagfit.errors import Fault, InputError
from tagfit.files import written_whole

DIGEST_BYTES = 32
FULL = (errno.ENOSPC, errno.EDQUOT)
ABANDONED_AFTER = 3600.0  # seconds without a write after which an unfinished file has lost its writer


def size_of(n: int, size: int) -> int:
    """The bytes on disk that ``n`` pictures of ``size`` x ``size`` pixels take in the cache."""
    return n * (size * size * 3 + DIGEST_BYTES)


class Shelf:
    """The finished entries of one preprocessing: which pictures they hold, and where.

    An entry is two files, ``<key>.npy`` (pixels) and ``<key>.digests.npy``, written in this order; it is there when
    both are and agree. The key is a hash of the digests, in order.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self.size = size
        self._places: dict[bytes, tuple[NDArray[np.uint8], int]] = {}
        self.keys: set[str] = set()
        for path in sorted(folder.glob("*.digests.npy")):
            self._take_in(path)

    def _take_in(self, digests_path: Path) -> None:
        key = digests_path.name.removesuffix(".digests.npy")
        try:
            digests = np.load(digests_path)
            pixels = np.load(self.path(key), mmap_mode="r")
        except (OSError, ValueError, EOFError):
            return  # damaged or removed from outside: as if it were not there
        if pixels.shape != (len(digests), self.size, self.size, 3) or pixels.dtype != np.uint8:
            return
        self.keys.add(key)
        for row, digest in enumerate(digests):
            self._places.setdefault(digest.tobytes(), (pixels, row))

    def path(self, key: str) -> Path:
        return self.folder / f"{key}.npy"

    def digests_path(self, key: str) -> Path:
        return self.folder / f"{key}.digests.npy"

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._places

    def pixels(self, digest: bytes) -> NDArray[np.uint8]:
        entry, row = self._places[digest]
        pixels: NDArray[np.uint8] = entry[row]
        return pixels


class NewEntry:
    """An entry that grows picture by picture, and is begun on disk only when the shelf lacks one of them.

    Written by ``write`` and never through a memory map: on a full disk a write fails with an error, a map with a crash.
    """

    def __init__(self, shelf: Shelf, n: int) -> None:
        self._shelf = shelf
        self._n = n
        self._file: BinaryIO | None = None
        self._temporary = Path()
        self.digests: list[bytes] = []

    def add(self, digest: bytes, pixels: NDArray[np.uint8] | None) -> None:
        if pixels is not None and self._file is None:
            self._begin()
        if self._file is not None:
            self._write(self._shelf.pixels(digest) if pixels is None else pixels)
        self.digests.append(digest)

    def finish(self) -> Path:
        """The entry under its key, whole, whether it had to be made or was there."""
        key = blake2b(b"".join(self.digests), digest_size=16).hexdigest()
        path = self._shelf.path(key)
        if key in self._shelf.keys:
            return path
        if self._file is None:
            self._begin()
        assert self._file is not None
        with disk_faults(self._shelf.folder, self._needed()):
            self._file.seek(0)
            self._write_header(len(self.digests))
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            os.replace(self._temporary, path)
            with written_whole(self._shelf.digests_path(key)) as file:
                np.save(file, np.frombuffer(b"".join(self.digests), np.uint8).reshape(-1, DIGEST_BYTES))
        return path

    def abandon(self) -> None:
        """Leave nothing behind; harmless after ``finish``."""
        if self._file is not None:
            with suppress(OSError):  # what a full disk did not take when it was written, it does not take now
                self._file.close()
            self._temporary.unlink(missing_ok=True)

    def _begin(self) -> None:
        folder, needed = self._shelf.folder, self._needed()
        with disk_faults(folder, needed):
            folder.mkdir(parents=True, exist_ok=True)
            _sweep(folder)
            refuse_without_space(folder, needed)
            handle, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
            self._temporary = Path(name)
            self._file = os.fdopen(handle, "wb")
            self._write_header(self._n)
        for digest in self.digests:
            self._write(self._shelf.pixels(digest))

    def _write(self, pixels: NDArray[np.uint8]) -> None:
        assert self._file is not None
        with disk_faults(self._shelf.folder, self._needed()):
            self._file.write(pixels.tobytes())

    def _write_header(self, rows: int) -> None:
        # NumPy leaves room in the header for the first axis to grow, so this one takes the same place for any count.
        assert self._file is not None
        shape = (rows, self._shelf.size, self._shelf.size, 3)
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)

    def _needed(self) -> int:
        return size_of(self._n, self._shelf.size)


def _sweep(folder: Path) -> None:
    """Remove what killed writers left: unfinished files that nobody has written to for long."""
    for path in folder.glob(".*.part"):
        try:
            if time.time() - path.stat().st_mtime > ABANDONED_AFTER:
                path.unlink()
        except FileNotFoundError:
            continue


@contextmanager
def disk_faults(folder: Path, needed: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise InputError(_no_space(folder, needed)) from None
        what = f"the picture cache cannot be written: {error.strerror or error}"
        raise InputError(Fault(what, shown(folder), "--cache-dir moves it")) from None


def refuse_without_space(folder: Path, needed: int) -> None:
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())
    if needed > shutil.disk_usage(there).free:
        raise InputError(_no_space(folder, needed))


def _no_space(folder: Path, needed: int) -> Fault:
    what = f"no space for the picture cache, which takes up to {needed / 1e6:,.1f} MB"
    return Fault(what, shown(folder), "make room, move it with --cache-dir, or take a smaller --size")
