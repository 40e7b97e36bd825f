"""Records, rows of named values as in the JSON of a tar shard: which of the names hold labels, and what they say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tagfit import literals
from tagfit.data.labels import listed
from tagfit.data.readers import tag_cells
from tagfit.data.readers.annotations import ABSENT, PRESENT, UNKNOWN, Annotations
from tagfit.data.readers.column_names import TAG_NAMES
from tagfit.data.readers.delimited import normalised
from tagfit.data.readers.json_files import kind_of
from tagfit.data.readers.row_columns import SPLIT_NAMES
from tagfit.errors import Fault

ROW_KEYS = frozenset({"split", "group", "weight", "fold", "unknown"})
OF_CELL = {tag_cells.ABSENT: ABSENT, tag_cells.PRESENT: PRESENT, tag_cells.UNKNOWN: UNKNOWN}


class Records:
    """Rows of one source; which key holds the labels (a list, or 0/1 each) is decided when all are seen."""

    def __init__(self, annotations: Annotations, not_labels: Iterable[str] = ()) -> None:
        self._annotations = annotations
        self._not_labels = frozenset(not_labels) | ROW_KEYS
        self._rows: list[tuple[int, str, dict[str, Any]]] = []

    def add(self, row: int, where: str, values: dict[str, Any]) -> None:
        """A record of the picture in row ``row`` of the annotations."""
        self._rows.append((row, where, values))
        describe(self._annotations, row, where, values)

    def finish(self) -> None:
        """Mark the labels of all rows; what is wrong goes to the faults of the annotations."""
        keys = dict.fromkeys(key for _, _, values in self._rows for key in values if key not in self._not_labels)
        named = sorted((key for key in keys if normalised(key) in TAG_NAMES), key=_rank)
        lists = named[:1] or [key for key in keys if self._is_list(key)]
        columns = [] if lists else [key for key in keys if self._is_truth(key)]
        if len(lists) > 1:
            self._annotations.fault(f"several keys hold lists: {listed(lists)}", instead="one called tags or labels")
        elif lists:
            if self._is_text(lists[0]):
                self._read_cells(lists[0])
            else:
                self._read_lists(lists[0])
            self._note_unused(keys, lists)
        elif columns:
            self._read_columns(columns)
            self._note_unused(keys, columns)
        elif self._rows and not self._annotations.faults:
            what = f"no key holds labels, there are {listed(list(keys))}" if keys else "no key holds labels"
            self._annotations.fault(what, instead='"tags": ["sea", "sun"], or 0 and 1 for each label')

    def _note_unused(self, keys: Iterable[str], used: Iterable[str]) -> None:
        unused = [key for key in keys if key not in set(used)]
        self._annotations.notes.append(f"labels are read from {listed(list(used))}")
        if unused:
            self._annotations.notes.append(f"not used: {listed(unused)}")

    def _is_list(self, key: str) -> bool:
        given = [values[key] for _, _, values in self._rows if values.get(key) is not None]
        return bool(given) and all(
            isinstance(value, list) and all(isinstance(item, str) for item in value) for value in given
        )

    def _is_text(self, key: str) -> bool:
        given = [values[key] for _, _, values in self._rows if values.get(key) is not None]
        return bool(given) and all(isinstance(value, str) for value in given)

    def _is_truth(self, key: str) -> bool:
        given = [values.get(key) for _, _, values in self._rows]
        codes = {literals.state_of(value) for value in given}
        says_so = literals.INVALID not in codes and {literals.PRESENT, literals.ABSENT} & codes
        return bool(says_so) and literals.of_one_kind(value for value in given if isinstance(value, str))

    def _read_columns(self, keys: list[str]) -> None:
        """Keys of 0 and 1, each a label; -1 and null as in a table."""
        codes = [[literals.state_of(values.get(key)) for key in keys] for _, _, values in self._rows]
        self._annotations.mark_zero_one([row for row, _, _ in self._rows], keys, codes)

    def _read_cells(self, key: str) -> None:
        """Texts, read as the cells of a tags column; null says nothing of its row."""
        annotations, options = self._annotations, self._annotations.options
        given = [values.get(key) for _, _, values in self._rows]
        cells = tag_cells.read_cells(
            [value or "" for value in given], options.separator, none_label=options.none_label, blank=options.blank
        )
        annotations.notes += cells.notes
        annotations.warnings += cells.warnings
        for (row, where, _), value, number in zip(self._rows, given, cells.which.tolist(), strict=True):
            cell = cells.cells[number]
            annotations.faults += [Fault(fault, f"{where}, {key}") for fault in cell.faults]
            if cell.unknown_row or (value is None and options.blank != "absent"):
                annotations.mark_unknown_row(row)
            for name, state in cell.states.items():
                annotations.mark(row, annotations.label(name), OF_CELL[state])
        self._mark_unknown(key)

    def _read_lists(self, key: str) -> None:
        for row, where, values in self._rows:
            names = values.get(key)
            if names is None:
                self._annotations.mark_unknown_row(row)
            else:
                mark_names(self._annotations, row, f"{where}, {key}", names)
        self._mark_unknown(key)

    def _mark_unknown(self, key: str) -> None:
        """The labels that the key ``unknown`` lists, as ``tagfit data convert`` writes it."""
        for row, where, values in self._rows if key != "unknown" else ():
            if values.get("unknown") is not None:
                mark_names(self._annotations, row, f"{where}, unknown", values["unknown"], UNKNOWN)


def mark_names(annotations: Annotations, row: int, where: str, value: Any, state: int = PRESENT) -> None:
    """Mark the labels of a list of names, or of a text that is one name or a JSON list."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            annotations.faults.append(Fault(f"it is {value!r}", where, 'a list such as ["sea", "sun"]'))
            return
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list):
        annotations.faults.append(Fault(f"it is {kind_of(value)}", where, 'a list of names such as ["sea", "sun"]'))
        return
    for name in names:
        if isinstance(name, str) and name.strip():
            annotations.mark(row, annotations.label(name.strip()), state)
        else:
            annotations.faults.append(Fault(f"it holds {name!r}", where, "names of labels"))


def describe(annotations: Annotations, row: int, where: str, values: dict[str, Any]) -> None:
    """Take over group, weight, fold and split of a row, as ``tagfit data convert`` writes them, or as tables do."""
    texts = {key: "" if values.get(key) is None else str(values[key]) for key in ROW_KEYS}
    fold, split = None, ""
    try:
        weight = literals.number(texts["weight"])
    except ValueError:
        weight = -1.0
    if not literals.is_nothing(texts["weight"]) and not 0 <= weight < 1e300:
        annotations.fault(f"the weight is {values['weight']!r}", where, "a number of 0 or more")
    if not literals.is_nothing(texts["fold"]):
        fold = literals.whole_number(texts["fold"])
        if fold is None:
            annotations.fault(f"the fold is {values['fold']!r}", where, "a whole number from 0")
    if not literals.is_nothing(texts["split"]):
        split = SPLIT_NAMES.get(texts["split"].strip().casefold(), "")
        if not split:
            annotations.fault(f"the split is {values['split']!r}", where, "train, validation, test or empty")
    group = "" if literals.is_nothing(texts["group"]) else texts["group"].strip()
    known_weight = weight if weight is not None and 0 <= weight < 1e300 else None
    annotations.describe(row, group=group, weight=known_weight, fold=fold, split=split)


def _rank(key: str) -> int:
    return TAG_NAMES.index(normalised(key))
