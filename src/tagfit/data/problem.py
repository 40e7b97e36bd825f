"""Problem: what may not change while a model is being improved, with the fingerprints that prove it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.tagged import TaggedSet


@dataclass(frozen=True)
class Preprocessing:
    """How a row becomes the input of a net: a decoded size, and a shift and scale fitted on train.

    Attributes:
        size: pictures are decoded to size x size pixels; None for feature rows.
        mean: one value a colour channel (in 0..255) or a feature.
        std: likewise, positive.
    """

    size: int | None
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of one split, ready for a net.

    Attributes:
        ids, truth, known, groups, weights: as in TaggedSet, for these rows.
        inputs: (n, size, size, 3) uint8 pixels or (n, D) float32 features, before ``Preprocessing`` shifts and scales.
    """

    ids: NDArray[np.str_]
    inputs: NDArray[Any]
    truth: NDArray[np.uint8]
    known: NDArray[np.bool_]
    groups: NDArray[np.str_] | None
    weights: NDArray[np.float64] | None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Problem:
    """Data, splits, labels and their order, and preprocessing: everything a cure must leave alone.

    Attributes:
        data: the rows of all splits.
        split: N names out of SPLITS, one a row.
        preprocessing: decoded size and the statistics of train.
        inputs: the decoded pictures or features of all rows, (N, ...), perhaps memory-mapped.
        fingerprint: ``{"data": hex, "preprocessing": hex}``: equal exactly when nothing that matters has changed.
        source: how to read it again (paths and options), plain JSON values; empty where it came from arrays.
        notes: how the splits were made, for the user to see.
    """

    data: TaggedSet
    split: NDArray[np.str_]
    preprocessing: Preprocessing
    inputs: NDArray[Any]
    fingerprint: dict[str, str]
    source: dict[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels, in the order of the columns."""
        return self.data.labels

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have rows, in the order train, validation, test."""
        return tuple(name for name in ("train", "validation", "test") if (self.split == name).any())

    def part(self, split: str) -> Part:
        """The rows of one split, in the order of the data."""
        rows = np.flatnonzero(self.split == split)
        data = self.data.take(rows)
        return Part(data.ids, self.inputs[rows], data.truth, data.known, data.groups, data.weights)
