"""A TaggedSet under a vocabulary: synonyms become one column, implied labels are on, contradictions are warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, listed
from tagfit.vocabulary import Vocabulary

SHOWN = 5


def applied(data: TaggedSet, vocabulary: Vocabulary) -> TaggedSet:
    """The rows with the labels of a vocabulary.

    A label is present where any of its words is, and absent where all are. What a present label implies is present.
    Where tags are listed (``unlisted`` is absent), an unknown label makes what it implies unknown; where each label has
    a column of its own, what is absent makes absent what implies it. What a present label excludes is not unknown but
    absent. Rows whose tags contradict the vocabulary stay as they are tagged, and are reported.
    """
    columns = _Columns(data, vocabulary)
    columns.imply()
    columns.exclude()
    return replace(
        data,
        truth=columns.truth,
        known=columns.known,
        labels=tuple(columns.labels),
        notes=(*data.notes, *columns.notes),
        warnings=(*data.warnings, *columns.warnings),
        vocabulary=vocabulary,
    )


class _Columns:
    """The columns of a set while a vocabulary is applied."""

    def __init__(self, data: TaggedSet, vocabulary: Vocabulary) -> None:
        self.vocabulary, self.ids, self.unlisted = vocabulary, data.ids, data.unlisted
        self.notes: list[str] = []
        self.warnings: list[Fault] = []
        counts = dict(zip(data.labels, data.truth.sum(axis=0, dtype=np.int64).tolist(), strict=True))
        words: dict[str, list[int]] = {}
        for column, label in enumerate(vocabulary.renamed(counts).values()):
            words.setdefault(label, []).append(column)
        only_implied = [one for label in words for one in vocabulary.implied.get(label, ()) if one not in words]
        self.labels = [*words, *dict.fromkeys(only_implied)]
        self._at = {label: column for column, label in enumerate(self.labels)}
        self.truth = np.zeros((len(data), len(self.labels)), dtype=np.uint8)
        self.known = np.zeros(self.truth.shape, dtype=bool)
        for label, columns in words.items():
            present = data.truth[:, columns].any(axis=1)
            self.truth[:, self._at[label]] = present
            self.known[:, self._at[label]] = present | data.known[:, columns].all(axis=1)
        if data.unlisted == "absent":  # rows of which it is known that they lack something lack what is not listed
            listing = data.known.all(axis=1) | (data.known & (data.truth == 0)).any(axis=1)
            self.known[:, len(words) :] = listing[:, None]
        for label, columns in words.items():
            names = [data.labels[column] for column in columns]
            if names != [label]:
                others = [name for name in names if name != label]
                verb = "is" if len(others) == 1 else "are"
                self.notes.append(f"vocabulary: {listed(others)} {verb} read as {label!r}")

        absent = [word for word in dict.fromkeys(vocabulary.named()) if word not in self._at]
        if absent:
            self.notes.append(f"vocabulary: no tag is, or becomes, {listed(absent)}")

    def imply(self) -> None:
        """What a present label implies is present."""
        pairs = [
            (label, implied)
            for label, every in self.vocabulary.implied.items()
            if label in self._at
            for implied in every
        ]
        before = self.truth.copy()
        absent = self.known & (self.truth == 0)
        for label, implied in pairs:
            rows = before[:, self._at[label]] == 1
            if self.unlisted == "unknown":
                against = rows & absent[:, self._at[implied]]
                self._warn(against, f"rows that have {label!r} lack {implied!r}, which it implies")
            self._set(rows, implied, present=True)
        for label, implied in pairs:
            unknown, lacking = ~self.known[:, self._at[label]], self._is_absent(implied)
            if self.unlisted == "unknown":
                self._set(unknown & lacking, label, present=False)
            else:
                self.known[unknown & lacking, self._at[implied]] = False
        added = (self.truth > before).sum(axis=0)
        if added.any():
            said = (f"{self.labels[at]} ({added[at]})" for at in np.flatnonzero(added))
            self.notes.append(f"vocabulary: tags that others imply, added: {', '.join(said)}")

    def exclude(self) -> None:
        """What a present label excludes, and what implies that, is absent where it was unknown."""
        for name, labels in zip(self.vocabulary.exclusive, self.vocabulary.groups, strict=True):
            there = [label for label in labels if label in self._at]
            for one, other in combinations(there, 2):
                both = (self.truth[:, self._at[one]] & self.truth[:, self._at[other]]) == 1
                self._warn(both, f"rows have both {one!r} and {other!r}, which exclude each other ({name})")
        of = {label: {label, *self.vocabulary.implied.get(label, ())} for label in self.labels}
        for label in self.labels:
            rivals = self.vocabulary.rivals(label)
            for other in self.labels if rivals else ():
                if of[other] & rivals:
                    rows = (self.truth[:, self._at[label]] == 1) & ~self.known[:, self._at[other]]
                    self._set(rows, other, present=False)

    def _is_absent(self, label: str) -> NDArray[np.bool_]:
        at = self._at[label]
        found: NDArray[np.bool_] = self.known[:, at] & (self.truth[:, at] == 0)
        return found

    def _set(self, rows: NDArray[np.bool_], label: str, *, present: bool) -> None:
        at = self._at[label]
        self.truth[rows, at] = present
        self.known[rows, at] = True

    def _warn(self, rows: NDArray[np.bool_], what: str) -> None:
        ids: Sequence[str] = self.ids[rows].tolist()
        if ids:
            more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
            self.warnings.append(Fault(f"{len(ids)} {what}: {listed(ids[:SHOWN])}{more}"))
