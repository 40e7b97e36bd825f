"""TaggedSet: pictures or feature rows with their multi-hot truth, what is known of it, and the names of the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit import multihot
from tagfit.arguments import checked
from tagfit.data.pictures.sources import Place
from tagfit.display import Shown, few
from tagfit.errors import Fault, InputError
from tagfit.vocabulary import Vocabulary

SHOWN_NOTES = 10
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class ColumnRole:
    """What a column of a table was taken for.

    Attributes:
        name: as the header has it.
        role: ``picture``, ``tags``, ``label``, ``split``, ``fold``, ``group``, ``weight``, ``confidence``, ``ignored``.
        why: the reason.
    """

    name: str
    role: str
    why: str


def described(columns: Sequence[ColumnRole]) -> str:
    """Every column with its role and the reason, in one line; neighbours of one role and reason stand together."""
    runs: list[list[ColumnRole]] = []
    for column in columns:
        if runs and (runs[-1][0].role, runs[-1][0].why) == (column.role, column.why):
            runs[-1].append(column)
        else:
            runs.append([column])
    parts = []
    for run in runs:
        names = ", ".join(repr(column.name) for column in run)
        if len(run) > 3:
            names = f"{run[0].name!r} to {run[-1].name!r} ({len(run)} columns)"
        parts.append(f"{names}: {run[0].role} ({run[0].why})")
    return f"columns: {'; '.join(parts)}"


@dataclass(frozen=True, eq=False, repr=False)
class TaggedSet(Shown):
    """N rows, each a picture (a file, or an array of pixels) or a row of features.

    Exactly one of ``files`` and ``arrays`` is set.

    Attributes:
        ids: N row ids, unique: the path as the source spells it, or the row's number.
        truth: uint8 of shape (N, L): 1 present, 0 absent or unknown.
        known: bool of shape (N, L).
        labels: L names, in the order of the columns.
        files: N picture files, or None.
        arrays: (N, D) float32 features or (N, H, W, C) uint8 pixels, or None.
        groups: N group names ('' where a row stands alone), or None; a group stays on one side of a split.
        weights: N non-negative weights, or None.
        split: N names out of SPLITS, '' where the source says nothing, or None.
        fold: N fold numbers, or None.
        quarantined: rows that were left out because they cannot be used, each with its reason.
        notes: what the reader found out and the user should see (the separator, labels left out ...).
        warnings: what is suspicious in the source and was read anyway, each with its place.
        unlisted: what a label that the source does not name at all is on every row: ``absent`` where the source
            lists the tags of a picture, ``unknown`` where it has a column a label.
        absent_by: options of reading, such as ``--blank absent``, that take as absent what is unknown here.
        source: how ``read`` was asked for exactly these rows (``data`` and its options), plain JSON values; None where
            they came from arrays or are a part of what was read.
        columns: the columns of the table it was read from, each with its role.
        vocabulary: that the labels follow, or None; it is part of the fingerprint of a Problem.
        owners: columns that nothing was taken from and whose values repeat, such as ``Patient ID``: N values each. Rows
            of one value may show the same thing, and a split that tears them apart is reported.
    """

    ids: NDArray[np.str_]
    truth: NDArray[np.uint8]
    known: NDArray[np.bool_]
    labels: tuple[str, ...]
    files: tuple[Place, ...] | None = None
    arrays: NDArray[Any] | None = None
    groups: NDArray[np.str_] | None = None
    weights: NDArray[np.float64] | None = None
    split: NDArray[np.str_] | None = None
    fold: NDArray[np.int64] | None = None
    quarantined: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[Fault, ...] = field(default=())
    unlisted: str = "unknown"
    absent_by: tuple[str, ...] = ()
    source: dict[str, Any] | None = None
    columns: tuple[ColumnRole, ...] = ()
    vocabulary: Vocabulary | None = None
    owners: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.files is None) == (self.arrays is None):
            raise InputError(
                "a TaggedSet holds files or arrays", instead="tagfit.read(...) or tagfit.from_arrays(X, Y)"
            )
        shape = (len(self.ids), len(self.labels))
        if not np.shape(self.truth) == np.shape(self.known) == shape:
            raise InputError(f"truth and known of shape {np.shape(self.truth)}", instead=f"{shape}, rows by labels")

    def __len__(self) -> int:
        return len(self.ids)

    def lines(self) -> list[str]:
        """The set in a few lines."""
        kind = (
            "pictures"
            if self.holds_pictures
            else f"rows of {0 if self.arrays is None else self.arrays.shape[1]} features"
        )
        present, tags = self.truth.sum(axis=0).tolist(), self.truth.sum() / max(len(self), 1)
        left_out = [f"{len(self.quarantined)} left out: {self.quarantined[0]}"] if self.quarantined else []
        return [
            f"TaggedSet: {len(self)} {kind}, {len(self.labels)} labels, {tags:.2f} per row",
            f"  labels: {few(f'{label} ({count})' for label, count in zip(self.labels, present, strict=True))}",
            *(f"  {line}" for line in left_out),
            *(f"  {note}" for note in self.notes[:SHOWN_NOTES]),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values about the set: how many rows, labels and positives; not the rows themselves."""
        return {
            "rows": len(self),
            "pictures": self.holds_pictures,
            "labels": dict(zip(self.labels, self.truth.sum(axis=0).tolist(), strict=True)),
            "unknown": int((~self.known).sum()),
            "quarantined": [str(fault) for fault in self.quarantined],
            "notes": list(self.notes),
            "source": self.source,
        }

    @property
    def holds_pictures(self) -> bool:
        """Whether the rows are pictures (files or pixels) rather than features."""
        return self.arrays is None or self.arrays.ndim == 4

    @checked()
    def tags(self, row: int) -> tuple[str, ...]:
        """The labels that are on row ``row``."""
        if not 0 <= row < len(self):
            raise InputError(f"row {row} of {len(self)}", instead=f"0 to {len(self) - 1}")
        return multihot.decode(self.truth[row : row + 1], self.labels)[0]

    @checked(rows="a list of row numbers, or a mask of one bool per row")
    def take(self, rows: Sequence[int] | NDArray[np.integer[Any]] | NDArray[np.bool_]) -> TaggedSet:
        """The given rows (indices, or a mask of length N), in that order."""
        index = np.asarray(rows)
        if index.dtype == bool and index.shape == (len(self),):
            index = np.flatnonzero(index)
        whole = index.ndim == 1 and (index.dtype.kind in "iu" or not len(index))
        if not whole or (len(index) and not -len(self) <= index.min() <= index.max() < len(self)):
            raise InputError(
                f"rows of type {index.dtype} and shape {index.shape} of a set of {len(self)}",
                instead="row numbers, or a mask of one bool per row",
            )
        index = index.astype(np.int64)

        def pick(values: NDArray[Any] | None) -> Any:
            return None if values is None else values[index]

        return replace(
            self,
            ids=self.ids[index],
            truth=self.truth[index],
            known=self.known[index],
            files=None if self.files is None else tuple(self.files[i] for i in index),
            arrays=pick(self.arrays),
            groups=pick(self.groups),
            weights=pick(self.weights),
            split=pick(self.split),
            fold=pick(self.fold),
            source=None,
            owners={name: values[index] for name, values in self.owners.items()},
        )
