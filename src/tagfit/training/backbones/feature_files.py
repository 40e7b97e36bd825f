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

    def kept(self, shape: tuple[int, ...], kind: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """(N, *shape) features, filled where another entry has the picture, and the rows where none has it."""
        values = np.zeros((len(self.digests), *shape), dtype=kind)
        missing = np.arange(len(self.digests))
        for digests, features in self._others():
            if not len(missing):
                break
            order = np.argsort(digests, kind="stable")
            wanted = self.digests[missing]
            at = order[np.minimum(np.searchsorted(digests, wanted, sorter=order), len(digests) - 1)]
            there = digests[at] == wanted
            if features.shape[1:] == shape and features.dtype == kind:
                values[missing[there]] = features[at[there]]
                missing = missing[~there]
        return values, missing

    def write(self, values: NDArray[Any]) -> None:
        """Both files."""
        with written_whole(self.path.with_suffix(".digests.npy")) as file:
            np.save(file, self.digests)
        with written_whole(self.path) as file:
            np.save(file, values)

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
