"""Problem: everything that stays fixed while a model is improved, with the fingerprints that prove it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.pictures.square import SQUASH, Fit
from tagfit.data.tagged import SHOWN_NOTES, TaggedSet
from tagfit.display import Shown, few

SAID: dict[Fit, str] = {"squash": "squashed", "crop": "cropped", "pad": "padded"}


@dataclass(frozen=True)
class Preprocessing:
    """How a row becomes the input of a net: a decoded size, and a shift and scale fitted on train.

    Attributes:
        size: pictures are decoded to size x size pixels; None for feature rows.
        mean: one value a colour channel (in 0..255) or a feature.
        std: likewise, positive.
        fit: how pictures became squares; of no meaning for feature rows and for pictures that are squares.
    """

    size: int | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fit: Fit = SQUASH

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preprocessing:
        """What :meth:`to_dict` gave, or an earlier release, which squashed every picture."""
        return cls(values["size"], tuple(values["mean"]), tuple(values["std"]), values.get("fit", SQUASH))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        said = {"size": self.size, "mean": list(self.mean), "std": list(self.std)}
        return said if self.fit == SQUASH else {**said, "fit": self.fit}

    @property
    def shape(self) -> str:
        """Of a row, in words."""
        if self.size is None:
            return f"{len(self.mean)} features"
        how = "" if self.fit == SQUASH else f", {SAID[self.fit]}"
        return f"pictures of {self.size} x {self.size}{how}"


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of one split; their inputs stay where they are, at ``rows`` of ``Problem.inputs``.

    Attributes:
        rows: n indices into the rows of the Problem.
        ids, truth, known, groups, weights: as in TaggedSet, for these rows.
    """

    rows: NDArray[np.int64]
    ids: NDArray[np.str_]
    truth: NDArray[np.uint8]
    known: NDArray[np.bool_]
    groups: NDArray[np.str_] | None
    weights: NDArray[np.float64] | None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False, repr=False)
class Problem(Shown):
    """Data, splits, labels and their order, and preprocessing: everything a cure must leave alone.

    Attributes:
        data: the rows of all splits.
        split: N names out of SPLITS, one per row.
        preprocessing: decoded size and the statistics of train.
        inputs: (N, size, size, 3) uint8 pixels, perhaps memory-mapped, or (N, D) float32 features;
            not yet shifted and scaled.
        fingerprint: ``{"data": hex, "preprocessing": hex}``: equal exactly when nothing that matters has changed.
        source: how to read it again (paths and options), plain JSON values; empty where it came from arrays.
        notes: how the splits were made, for the user to see.
        digests: N hex digests of the rows' contents, which the fingerprint rests on; None where nobody made them.
    """

    data: TaggedSet
    split: NDArray[np.str_]
    preprocessing: Preprocessing
    inputs: NDArray[Any]
    fingerprint: dict[str, str]
    source: dict[str, Any]
    notes: tuple[str, ...] = ()
    digests: NDArray[np.str_] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels, in the order of the columns."""
        return self.data.labels

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have rows, in the order train, validation, test."""
        return tuple(name for name in ("train", "validation", "test") if (self.split == name).any())

    def prevalence(self) -> NDArray[np.float64]:
        """(L,): the weighted share of positives among the known entries of train; NaN where a label has none."""
        train = self.part("train")
        if train.weights is None:
            known, positives = train.known.sum(axis=0), train.truth.sum(axis=0)
        else:
            known, positives = train.weights @ train.known, train.weights @ train.truth
        return np.where(known > 0, positives / np.where(known > 0, known, 1.0), np.nan)

    def to_dict(self) -> dict[str, Any]:
        """What ``problem.json`` keeps: plain JSON values, enough to recognise the Problem and to read it again.

        The pictures themselves are not in it; ``ids`` name them, split by split.
        """
        vocabulary = {} if self.data.vocabulary is None else {"vocabulary": self.data.vocabulary.to_dict()}
        return {
            "labels": list(self.labels),
            **vocabulary,
            "ids": {name: self.data.ids[self.split == name].tolist() for name in self.splits},
            "preprocessing": self.preprocessing.to_dict(),
            "fingerprint": dict(self.fingerprint),
            "prevalence": {
                label: None if np.isnan(value) else float(value)
                for label, value in zip(self.labels, self.prevalence(), strict=True)
            },
            "quarantined": [str(fault) for fault in self.data.quarantined],
            "source": self.source,
            "notes": list(self.notes),
        }

    def lines(self) -> list[str]:
        """The Problem in a few lines."""
        counts = ", ".join(f"{name} {int((self.split == name).sum())}" for name in self.splits)
        return [
            f"Problem: {len(self.data)} rows ({counts}), {len(self.labels)} labels, {self.preprocessing.shape}",
            f"  labels: {few(self.labels)}",
            f"  fingerprint: {', '.join(f'{name} {value[:12]}' for name, value in self.fingerprint.items())}",
            *(f"  {note}" for note in self.notes[:SHOWN_NOTES]),
        ]

    def part(self, split: str) -> Part:
        """The rows of one split, in the order of the data."""
        rows = np.flatnonzero(self.split == split)
        data = self.data
        groups = None if data.groups is None else data.groups[rows]
        weights = None if data.weights is None else data.weights[rows]
        return Part(rows, data.ids[rows], data.truth[rows], data.known[rows], groups, weights)
