"""Records, rows of named values as in JSON lines or Parquet: which of the names hold labels, and what they say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tagfit.data.labels import listed
from tagfit.data.readers.annotations import ABSENT, PRESENT, UNKNOWN, Annotations
from tagfit.data.readers.json_files import kind_of
from tagfit.data.tagged import SPLITS
from tagfit.errors import Fault

TAGS_KEYS = ("tags", "labels", "label", "keywords", "classes", "categories", "genres", "genre", "attributes")
ROW_KEYS = frozenset({"split", "group", "weight", "fold", "unknown"})
STATES: dict[Any, int] = {0: ABSENT, 1: PRESENT, -1: UNKNOWN, None: UNKNOWN}
_TEXT_STATES = {"0": ABSENT, "1": PRESENT, "": UNKNOWN, "-1": UNKNOWN, "?": UNKNOWN}


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
        named = [key for key in TAGS_KEYS for name in keys if name.lower() == key for key in (name,)]
        lists = named[:1] or [key for key in keys if self._is_list(key)]
        columns = [] if lists else [key for key in keys if self._is_truth(key)]
        if len(lists) > 1:
            self._annotations.fault(f"several keys hold lists: {listed(lists)}", instead="one called tags or labels")
        elif lists:
            self._read_lists(lists[0])
            self._note_unused(keys, lists)
        elif columns:
            self._annotations.unlisted, self._annotations.lists_labels = "unknown", False
            for key in columns:
                column = self._annotations.label(key)
                for row, _, values in self._rows:
                    self._annotations.mark(row, column, _state(values.get(key)) or UNKNOWN)
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

    def _is_truth(self, key: str) -> bool:
        states = [_state(values.get(key)) for _, _, values in self._rows]
        return None not in states and {ABSENT, PRESENT} & set(states) != set()

    def _read_lists(self, key: str) -> None:
        for row, where, values in self._rows:
            names = values.get(key)
            if names is None:
                self._annotations.mark_unknown_row(row)
            else:
                mark_names(self._annotations, row, f"{where}, {key}", names)
            unknown = values.get("unknown")
            if unknown is not None:
                mark_names(self._annotations, row, f"{where}, unknown", unknown, UNKNOWN)


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
    """Take over group, weight, fold and split of a row, as ``tagfit data convert`` writes them."""
    group, weight, fold, split = (values.get(key) for key in ("group", "weight", "fold", "split"))
    if weight is not None and (
        isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < 1e300
    ):
        annotations.fault(f"the weight is {weight!r}", where, "a number of 0 or more")
        weight = None
    if fold is not None and (isinstance(fold, bool) or not isinstance(fold, int) or not 0 <= fold < 10**9):
        annotations.fault(f"the fold is {fold!r}", where, "a whole number from 0")
        fold = None
    if split not in (None, "", *SPLITS):
        annotations.fault(f"the split is {split!r}", where, "train, validation, test or empty")
        split = None
    annotations.describe(row, group=str(group or ""), weight=weight, fold=fold, split=str(split or ""))


def _state(value: Any) -> int | None:
    if isinstance(value, str):
        return _TEXT_STATES.get(value.strip())
    if value is None or isinstance(value, bool | int | float):
        return UNKNOWN if value != value else STATES.get(value)
    return None
