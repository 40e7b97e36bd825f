"""Annotations of any format: pictures, labels and what is said of each pair of them, until all become a TaggedSet."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.labels import listed
from tagfit.data.pictures.finding import OUTSIDE, Finder, refused
from tagfit.data.pictures.sources import Place
from tagfit.data.readers.label_columns import decided
from tagfit.data.readers.lost_pictures import LostPictures
from tagfit.data.readers.options import TableOptions
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError

# In ascending order of strength: of two statements about one entry the stronger one holds.
ABSENT, UNKNOWN, PRESENT = 1, 2, 3
SAME_PICTURE_SHOWN = 6


class Annotations:
    """Gathers what a format says, finds the pictures, and makes the TaggedSet.

    Faults of form go to ``faults`` and stop the reading, all at once. Rows without a usable picture are quarantined.

    Attributes:
        format: the name of the format in messages, such as ``COCO``.
        place: the file or folder that is read.
        options: how the user wants it read.
        unlisted: what an entry is that nothing is said about, ``absent`` or ``unknown``.
        lists_labels: whether labels are listed; False where each picture says something of each label.
        absent_by: the options under which entries that are unknown now would be absent.
        ids: the pictures, as the source names them.
        labels: the labels, in the order in which they were declared or first seen.
        faults, warnings, notes: as in TaggedSet.
    """

    def __init__(self, format: str, place: Place, options: TableOptions) -> None:  # noqa: A002
        self.format = format
        self.place = place
        self.options = options
        self.unlisted = options.unlisted or "absent"
        self.lists_labels = True
        self.absent_by: list[str] = []
        self.ids: list[str] = []
        self.labels: dict[str, int] = {}
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        self.notes: list[str] = []
        home = options.images or (place if place.is_dir() else place.parent)
        self._lost = LostPictures(home)
        self.look_in([home])
        self._files: list[Place] = []
        self._wheres: list[str] = []
        self._splits: list[str] = []
        self._groups: dict[int, str] = {}
        self._weights: dict[int, float] = {}
        self._folds: dict[int, int] = {}
        self._unusable: dict[int, Fault] = {}
        self._rows, self._columns, self._states = array("q"), array("q"), array("b")
        self._unknown_rows: list[int] = []
        self._named_after_all: set[int] = set()

    def look_in(self, folders: Sequence[Place]) -> None:
        """Find the pictures that follow in these folders, the first that has one; ``--images`` overrides them."""
        images = self.options.images
        self._folders = folders if images is None else [images]
        self._finder = Finder(self._folders, self.options.allow_outside)

    def first_found(self, names: Sequence[str]) -> tuple[str, Place | None]:
        """The first of several names that a picture is found by, and the picture; the last name if there is none."""
        for name in names:
            found = self._finder.find(name)
            if not isinstance(found, Fault):
                return name, found
        return names[-1], None

    def picture(self, name: str, where: str, split: str = "", file: Place | None = None) -> int:
        """A new row; returns its number.

        Args:
            name: the picture as the source names it, by which it is found unless ``file`` is given.
            where: the place that names it, for messages.
            split: train, validation, test or ''.
            file: the picture itself, where the format has found it already.
        """
        row = len(self.ids)
        self.ids.append(name)
        self._wheres.append(where)
        self._splits.append(split)
        if file is None:
            found = self._finder.find(name)
            if isinstance(found, Fault):
                self._lost.add(row, name, found, self._folders)
            else:
                file = found
        self._files.append(self.place if file is None else file)
        return row

    def label(self, name: str) -> int:
        """The column of a label, new where it was not named before."""
        return self.labels.setdefault(name, len(self.labels))

    def mark(self, row: int, column: int, state: int = PRESENT) -> None:
        """State that a label is PRESENT, ABSENT or UNKNOWN on a picture."""
        self._rows.append(row)
        self._columns.append(column)
        self._states.append(state)

    def mark_zero_one(
        self, rows: Sequence[int], names: Sequence[str], codes: Sequence[Sequence[bytes]], *, ticks_only: bool = False
    ) -> None:
        """State what codes of ``literals``, one list for each of ``rows``, say of labels.

        What -1 and blanks mean is decided as in a table, and a fault where it is doubtful.
        """
        self.unlisted, self.lists_labels = "unknown", False
        truth, known, self.absent_by = decided(
            np.asarray(codes, dtype="S1").reshape(len(rows), len(names)),
            self.place.name,
            minus_one=self.options.minus_one,
            blank=self.options.blank,
            notes=self.notes,
            faults=self.faults,
            ticks_only=ticks_only,
        )
        columns = [self.label(name) for name in names]
        states = np.where(known, np.where(truth == 1, PRESENT, ABSENT), UNKNOWN).astype(np.int8)
        self._rows.frombytes(np.repeat(np.asarray(rows, dtype=np.int64), len(columns)).tobytes())
        self._columns.frombytes(np.tile(np.asarray(columns, dtype=np.int64), len(rows)).tobytes())
        self._states.frombytes(states.tobytes())

    def mark_unknown_row(self, row: int) -> None:
        """State that nothing is known of a picture, except what is marked."""
        self._unknown_rows.append(row)

    def describe(
        self, row: int, *, split: str = "", group: str = "", weight: float | None = None, fold: int | None = None
    ) -> None:
        """The split, group, weight and fold of a row, where the source has them."""
        if split:
            self._splits[row] = split
        if group:
            self._groups[row] = group
        if weight is not None:
            self._weights[row] = weight
        if fold is not None:
            self._folds[row] = fold

    def fault(self, what: str, where: str = "", instead: str = "") -> None:
        """Note one fault of form, at ``where`` (the source as a whole if empty)."""
        self.faults.append(Fault(what, where or self.place.name, instead))

    def quarantine(self, row: int, what: str, instead: str = "") -> None:
        """Leave out a row that cannot be used, with the reason."""
        self._unusable.setdefault(row, Fault(what, self._wheres[row], instead))

    def where(self, row: int) -> str:
        """The place that names a picture, for messages."""
        return self._wheres[row]

    def refuse_if_faulty(self) -> None:
        """Raises InputError with all faults so far, under the name of the format; else does nothing."""
        if self.faults:
            raise InputError(self.faults, what=f"{self.place} cannot be read as {self.format}")

    def finish(self, *, sort: bool = False) -> TaggedSet:
        """Put everything together.

        Args:
            sort: order the labels by name.

        Raises:
            InputError: all faults, or no picture that can be used, or no label.
        """
        self._find_lost()
        if self.unlisted == "unknown" and self.lists_labels:
            self.absent_by.append("--unlisted absent")
        if not self.faults:
            if not self.ids:
                self.fault("it lists no picture")
            elif not self.labels:
                self.fault("it names no label")
        self.refuse_if_faulty()
        truth, known = self._truth()
        names = list(self.labels)
        if sort:
            order = sorted(range(len(names)), key=names.__getitem__)
            truth, known, names = truth[:, order], known[:, order], [names[column] for column in order]
        kept = self._usable(truth, known)
        n = len(self.ids)
        data = TaggedSet(
            ids=np.asarray(self.ids, dtype=np.str_),
            truth=truth,
            known=known,
            labels=tuple(names),
            files=tuple(self._files),
            groups=_filled(self._groups, n, "", np.str_),
            weights=_filled(self._weights, n, 1.0, np.float64),
            split=np.asarray(self._splits, dtype="<U10") if any(self._splits) else None,
            fold=_filled(self._folds, n, 0, np.int64),
            quarantined=tuple(self._unusable[row] for row in sorted(self._unusable)),
            notes=tuple(self.notes),
            warnings=tuple(self.warnings),
            unlisted=self.unlisted,
            absent_by=tuple(self.absent_by),
        )
        return data if len(kept) == n else data.take(kept)

    def _find_lost(self) -> None:
        """Pictures that were not where they are named: those that are nearly named, and the faults of the others."""
        without = {*self._lost, *self._unusable}
        files, faults = self._lost.find(
            (file for row, file in enumerate(self._files) if row not in without), self.notes
        )
        for row, file in files.items():
            self._files[row] = file
        nearly = set(files.values())
        # A picture that the source did not name, as it seemed.
        self._named_after_all = {row for row in self._unusable if self._files[row] in nearly}
        for row in self._named_after_all:
            del self._unusable[row]
        for row, found in faults.items():
            fault = Fault(found.what, self._wheres[row], found.instead)
            if found.where == OUTSIDE:
                self.faults.append(fault)
            self._unusable.setdefault(row, fault)

    def _truth(self) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        shape = (len(self.ids), len(self.labels))
        states = np.full(shape, ABSENT if self.unlisted == "absent" else UNKNOWN, dtype=np.uint8)
        states[self._unknown_rows] = UNKNOWN
        rows, columns = np.asarray(self._rows, dtype=np.int64), np.asarray(self._columns, dtype=np.int64)
        marks = np.asarray(self._states, dtype=np.uint8)
        for state in (ABSENT, UNKNOWN, PRESENT):
            which = marks == state
            states[rows[which], columns[which]] = state
        return (states == PRESENT).astype(np.uint8), states != UNKNOWN

    def _usable(self, truth: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The rows whose picture can be used; of rows with one picture and one truth the first."""
        of_file: dict[Place, list[int]] = {}
        for row, file in enumerate(self._files):
            if row not in self._unusable and row not in self._named_after_all:
                of_file.setdefault(file, []).append(row)
        repeated = set(self._named_after_all)
        for rows in of_file.values():
            if len(rows) > 1:
                repeated |= self._same_picture(rows, truth, known)
        for file, (row, *_) in of_file.items():
            if row not in self._unusable and (fault := refused(file)):
                self.quarantine(row, f"{self.ids[row]!r} {fault.what}", fault.instead)
        left_out = repeated | self._unusable.keys()
        kept = [row for row in range(len(self.ids)) if row not in left_out]
        if not kept:
            faults = [self._unusable[row] for row in sorted(self._unusable)]
            raise InputError(faults, what=f"{self.place} ({self.format}) has no picture that can be used")
        self._make_ids_unique(kept)
        return np.asarray(kept, dtype=np.int64)

    def _make_ids_unique(self, kept: Sequence[int]) -> None:
        """Put the split before each id where pictures of different folders have one name, else a number after it."""
        if len({self.ids[row] for row in kept}) == len(kept):
            return
        self.ids = [f"{split}/{name}" if split else name for name, split in zip(self.ids, self._splits, strict=True)]
        seen: dict[str, int] = {}
        for row in kept:
            name = self.ids[row]
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > 1:
                self.ids[row] = f"{name}#{seen[name]}"

    def _same_picture(self, rows: Sequence[int], truth: NDArray[np.uint8], known: NDArray[np.bool_]) -> set[int]:
        """Rows that repeat the first of ``rows``; where they contradict it, all are quarantined."""
        first, *rest = rows
        if all(
            np.array_equal(truth[first], truth[row])
            and np.array_equal(known[first], known[row])
            and self._splits[first] == self._splits[row]
            for row in rest
        ):
            where = self._wheres[first]
            self.warnings += [Fault(f"the same picture as in {where}, read once", self._wheres[row]) for row in rest]
            return set(rest)
        places = listed([self._wheres[row] for row in rows[:SAME_PICTURE_SHOWN]])
        for row in rows:
            self.quarantine(row, f"the picture {self.ids[row]!r} is listed with conflicting labels or splits: {places}")
        return set()


def _filled(values: Mapping[int, Any], n: int, missing: Any, dtype: type) -> Any:
    """A column of ``n`` values out of the few that are given; None where none is."""
    return np.asarray([values.get(row, missing) for row in range(n)], dtype=dtype) if values else None


def split_of(name: str) -> str:
    """The split that a folder or file is named after (``train2017``, ``val``, ``valid``, ``test-dev``), or ''."""
    low = name.lower()
    for start, split in (("train", "train"), ("val", "validation"), ("test", "test"), ("dev", "validation")):
        rest = low.removeprefix(start)
        if rest != low and (rest in ("", "id", "idation", "ing") or not rest[0].isalpha()):
            return split
    return ""


def folders_below(root: Place, names: Iterable[str]) -> list[Place]:
    """Those of the folders ``names`` that are inside ``root``."""
    return [root / name for name in names if (root / name).is_dir()]
