"""Feature files: the features or maps of a set of pictures on disk, and those of its pictures that other sets have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.files import written_whole

BLOCK = 256  # pictures whose features are copied at a time


@dataclass(frozen=True, eq=False)
class Kept:
    """Where the features of each row of a set are.

    Attributes:
        sources: arrays of features, memory-mapped.
        source: (N,) which of them has the row's; -1 where none has.
        at: (N,) the row in it.
    """

    sources: list[NDArray[Any]]
    source: NDArray[np.int64]
    at: NDArray[np.int64]

    @property
    def missing(self) -> NDArray[np.int64]:
        """The rows whose features are nowhere."""
        return np.flatnonzero(self.source < 0)

    def add(self, features: NDArray[Any], rows: NDArray[np.int64], at: NDArray[np.int64]) -> None:
        """``features[at]`` are those of ``rows``."""
        self.source[rows], self.at[rows] = len(self.sources), at
        self.sources.append(features)

    def block(self, rows: slice) -> NDArray[Any]:
        """The features of ``rows``, none of which is missing."""
        source, at = self.source[rows], self.at[rows]
        found = np.empty((len(source), *self.sources[0].shape[1:]), dtype=self.sources[0].dtype)
        for number in np.unique(source):
            chosen = source == number
            found[chosen] = self.sources[number][at[chosen]]
        return found


@dataclass(frozen=True, eq=False)
class Entry:
    """The features of a set, in two files: ``<maker>-<key>.npy`` and ``<maker>-<key>.digests.npy``, written first.

    Attributes:
        folder: of all entries.
        maker: what extracted the features, with a hash of everything that can change them.
        digests: (N,) of the contents of the pictures, as bytes.
    """

    folder: Path
    maker: str
    digests: NDArray[np.bytes_]

    @property
    def path(self) -> Path:
        """The file of the features; where it is, it is whole."""
        return self.folder / f"{self.maker}-{_key(self.digests)}.npy"

    def unfinished(self, missing: NDArray[np.int64]) -> Path:
        """The file in which the features of the rows ``missing`` grow."""
        return self.folder / f"{self.maker}-{_key(self.digests[missing])}.part"

    def kept(self, shape: tuple[int, ...], kind: np.dtype[Any]) -> Kept:
        """Where other entries have features of this set's pictures."""
        kept = Kept([], np.full(len(self.digests), -1), np.zeros(len(self.digests), dtype=np.int64))
        for digests, features in self._others():
            if not len(missing := kept.missing):
                break
            if features.shape[1:] != shape or features.dtype != kind:
                continue
            order = np.argsort(digests, kind="stable")
            wanted = self.digests[missing]
            at = order[np.minimum(np.searchsorted(digests, wanted, sorter=order), len(digests) - 1)]
            there = digests[at] == wanted
            kept.add(features, missing[there], at[there])
        return kept

    def write(self, kept: Kept, shape: tuple[int, ...], kind: np.dtype[Any]) -> None:
        """Both files, the features a block at a time, since the maps of many pictures do not fit into memory.

        Args:
            kept: where the features of all rows are.
        """
        with written_whole(self.path.with_suffix(".digests.npy")) as file:
            np.save(file, self.digests)
        header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False}
        with written_whole(self.path) as file:
            np.lib.format.write_array_header_1_0(file, {**header, "shape": (len(self.digests), *shape)})
            for start in range(0, len(self.digests), BLOCK):
                file.write(kept.block(slice(start, start + BLOCK)).tobytes())

    def _others(self) -> Iterator[tuple[NDArray[np.bytes_], NDArray[Any]]]:
        """The entries of the same maker that have rows."""
        for path in sorted(self.folder.glob(f"{self.maker}-*.digests.npy")):
            try:
                digests = np.load(path)
                features = np.load(path.with_name(path.name.replace(".digests.npy", ".npy")), mmap_mode="r")
            except (OSError, ValueError, EOFError):
                continue  # not finished, or damaged from outside: as if it were not there
            if len(digests) and len(digests) == len(features):
                yield digests, features


def _key(digests: NDArray[np.bytes_]) -> str:
    return blake2b(b"\n".join(digests.tolist()), digest_size=16).hexdigest()
