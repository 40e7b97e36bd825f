"""Which columns of a Parquet or Arrow file hold labels, and the truth that they give, without a loop over rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.labels import listed
from tagfit.data.readers.arrow_files import ArrowFile
from tagfit.data.readers.options import TableOptions
from tagfit.data.readers.records import ROW_KEYS, TAGS_KEYS
from tagfit.data.tagged import SPLITS
from tagfit.errors import Fault, InputError

if TYPE_CHECKING:
    import pyarrow as pa

UNKNOWN_COLUMN = "unknown"
SHOWN_ROWS = 5


@dataclass(frozen=True)
class Columns:
    """The columns of a file that are not the pictures, and where faults go."""

    file: ArrowFile
    picture: str
    faults: list[Fault]

    def types(self) -> dict[str, pa.DataType]:
        """The type of each column that may hold labels."""
        return {one.name: one.type for one in self.file.schema if one.name != self.picture and one.name not in ROW_KEYS}

    def fault(self, what: str, row: int | None = None, instead: str = "") -> None:
        """Note a fault of the file, or of one of its rows (counted from 0)."""
        name = self.file.place.name
        self.faults.append(Fault(what, name if row is None else f"{name}, row {row + 1}", instead))

    def texts(self, name: str) -> NDArray[np.str_] | None:
        """A column that describes rows by texts, such as ``group``; null is ''."""
        import pyarrow as pa

        if name not in self.file.schema.names or not pa.types.is_string(self.file.schema.field(name).type):
            return None
        values = np.asarray(self.file.column(name).fill_null("").to_pylist(), dtype=np.str_)
        if name == "split":
            odd = sorted(set(values.tolist()) - {*SPLITS, ""})
            if odd:
                self.fault(f"the split is {listed(odd)}", instead="train, validation, test or empty")
        return values

    def numbers(self, name: str, dtype: type) -> Any:
        """A column that describes rows by numbers of 0 or more."""
        import pyarrow as pa

        if name not in self.file.schema.names:
            return None
        kind = self.file.schema.field(name).type
        if not (pa.types.is_integer(kind) or (dtype is np.float64 and pa.types.is_floating(kind))):
            return None
        column = self.file.column(name)
        values: NDArray[Any] = np.asarray(column.fill_null(-1)).astype(dtype)
        wrong = np.flatnonzero(~((values >= 0) & (values < np.inf)))
        for row in wrong[:SHOWN_ROWS].tolist():
            self.fault(f"the {name} is {column[row].as_py()!r}", row, "a number of 0 or more")
        return values


@dataclass(frozen=True)
class Labels:
    """The truth (N, L) of a file and its mask, as in TaggedSet."""

    names: tuple[str, ...]
    truth: NDArray[np.uint8]
    known: NDArray[np.bool_]
    unlisted: str
    notes: list[str] = field(default_factory=list)


def find_labels(columns: Columns, options: TableOptions) -> Labels:
    """The labels of a file: of one column of lists or classes, or of several of 0 and 1.

    Raises:
        InputError: no column holds labels, several do, or their names are not in the file.
    """
    types = columns.types()
    lists = [name for name, kind in types.items() if _is_list(kind) and _item_is_label(kind.value_type)]
    classes = [
        name for name in types if _class_names(columns.file.features.get(name)) is not None and name not in lists
    ]
    for candidates in (lists, classes):
        named = [name for key in TAGS_KEYS for name in candidates if name.lower() == key]
        if len(candidates) > 1 and len(named) != 1:
            raise InputError(
                Fault(f"several columns hold labels: {listed(candidates)}", columns.file.place.name, "keep one of them")
            )
        if candidates:
            return _of_one_column(columns, (named or candidates)[0], options)
    return _of_columns(columns, types)


def _is_list(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return any(check(kind) for check in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list))


def _item_is_label(kind: pa.DataType) -> bool:
    import pyarrow as pa

    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_boolean)
    return any(check(kind) for check in checks)


def _class_names(feature: Any) -> list[str] | None:
    """The names of a ClassLabel, by itself or in a List, a Sequence, a LargeList or ``[...]``."""
    if isinstance(feature, list) and len(feature) == 1:
        feature = feature[0]
    if isinstance(feature, dict) and feature.get("_type") in ("List", "Sequence", "LargeList"):
        feature = feature.get("feature")
    if not isinstance(feature, dict) or feature.get("_type") != "ClassLabel":
        return None
    names = feature.get("names")
    return [str(name) for name in names] if isinstance(names, list) and names else None


def _of_one_column(columns: Columns, name: str, options: TableOptions) -> Labels:
    import pyarrow as pa

    column = columns.file.column(name).combine_chunks()
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    names = _class_names(columns.file.features.get(name))
    notes = [f"labels are read from {name!r}"]
    if _is_list(column.type):
        if (
            pa.types.is_fixed_size_list(column.type)
            and names is None
            and not pa.types.is_string(column.type.value_type)
        ):
            return _multi_hot(columns, name, column, options, notes)
        rows, values = _entries(columns, name, column)
        missing = np.asarray(column.is_null())
    else:
        rows, values = np.arange(len(column)), column
        missing = np.asarray(column.is_null()) | (np.asarray(column.fill_null(-1)) == -1)
        rows, values = rows[~missing], values.filter(pa.array(~missing))
    codes, labels = _codes(columns, name, rows, values, names)
    unlisted = options.unlisted or "absent"
    truth = np.zeros((len(column), len(labels)), dtype=np.uint8)
    known = np.full(truth.shape, unlisted == "absent")
    known[missing] = False
    if UNKNOWN_COLUMN in columns.file.schema.names:
        _mark_unknown(columns, labels, known)
    truth[rows, codes] = 1
    known[rows, codes] = True
    return Labels(tuple(labels), truth, known, unlisted, notes)


def _entries(columns: Columns, name: str, column: Any) -> tuple[NDArray[np.int64], Any]:
    """(row of each item of a column of lists, the items)."""
    import pyarrow.compute as pc

    lengths = np.asarray(pc.fill_null(pc.list_value_length(column), 0)).astype(np.int64)
    values = column.flatten()
    rows = np.repeat(np.arange(len(column)), lengths)
    if values.null_count:
        empty = np.asarray(values.is_null())
        for row in rows[empty][:SHOWN_ROWS].tolist():
            columns.fault(f"{name} holds null", row, "labels")
        rows, values = rows[~empty], values.drop_null()
    return rows, values


def _codes(
    columns: Columns, name: str, rows: NDArray[np.int64], values: Any, names: list[str] | None
) -> tuple[NDArray[np.int64], list[str]]:
    """(column of each item, the labels): class numbers as they are, names in sorted order."""
    import pyarrow as pa

    if pa.types.is_integer(values.type):
        if names is None:
            raise InputError(
                Fault(
                    f"{name} holds class numbers without names",
                    columns.file.place.name,
                    "a ClassLabel feature, or names",
                )
            )
        codes = np.asarray(values).astype(np.int64)
        wrong = np.flatnonzero((codes < 0) | (codes >= len(names)))
        for at in wrong[:SHOWN_ROWS].tolist():
            columns.fault(f"{name} holds the class {codes[at]}", int(rows[at]), f"0 to {len(names) - 1}")
        if len(set(names)) < len(names) or not all(names):
            columns.fault(f"class names of {name} are empty or used twice", None, "one name for each class")
        return np.clip(codes, 0, len(names) - 1), names
    if pa.types.is_boolean(values.type):
        raise InputError(Fault(f"{name} holds lists of truth values of any length", columns.file.place.name, "names"))
    encoded = values.dictionary_encode()
    spelled = [text.strip() for text in encoded.dictionary.to_pylist()]
    if "" in spelled:
        columns.fault(f"{name} holds an empty name", None, "names of labels")
    labels = sorted(set(spelled))
    position = {label: number for number, label in enumerate(labels)}
    of_code = np.asarray([position[label] for label in spelled], dtype=np.int64)
    return of_code[np.asarray(encoded.indices)] if len(spelled) else np.zeros(0, dtype=np.int64), labels


def _mark_unknown(columns: Columns, labels: list[str], known: NDArray[np.bool_]) -> None:
    """Take out what the column ``unknown`` lists, as ``tagfit data convert`` writes it."""
    import pyarrow as pa

    column = columns.file.column(UNKNOWN_COLUMN).combine_chunks()
    if not _is_list(column.type) or not pa.types.is_string(column.type.value_type):
        return
    rows, values = _entries(columns, UNKNOWN_COLUMN, column)
    position = {label: number for number, label in enumerate(labels)}
    for row, label in zip(rows.tolist(), values.to_pylist(), strict=True):
        if label in position:
            known[row, position[label]] = False
        else:
            columns.fault(f"{UNKNOWN_COLUMN} names {label!r}, which is not a label", row)


def _multi_hot(columns: Columns, name: str, column: Any, options: TableOptions, notes: list[str]) -> Labels:
    """A vector of 0 and 1 in each row; the file does not say what its places mean."""
    size = column.type.list_size
    names = options.selection.labels
    if names is None or len(names) != size:
        given = f", --labels names {len(names)}" if names is not None else ""
        raise InputError(
            Fault(f"{name} holds {size} values for each row without names{given}", columns.file.place.name),
            what=f"{columns.file.place} does not name its labels; --labels FILE gives {size} names, one per line",
        )
    missing = np.asarray(column.is_null())
    states = np.full((len(column), size), -1, dtype=np.int64)
    flat = column.flatten()
    states[~missing] = np.asarray(flat.cast("int64").fill_null(-1)).reshape(-1, size)
    wrong = np.argwhere((states < -1) | (states > 1))
    for row, place in wrong[:SHOWN_ROWS].tolist():
        columns.fault(f"{name} holds {states[row, place]}", row, "0, 1, or -1 where unknown")
    return Labels(tuple(names), (states == 1).astype(np.uint8), states != -1, "unknown", notes)


def _of_columns(columns: Columns, types: dict[str, pa.DataType]) -> Labels:
    """Columns of 0 and 1, each a label; null and -1 are unknown."""
    import pyarrow as pa

    states: dict[str, NDArray[np.int64]] = {}
    for name, kind in types.items():
        if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
            values = np.asarray(columns.file.column(name).cast("int64").fill_null(-1))
            found = set(np.unique(values).tolist())
            if found <= {-1, 0, 1} and found & {0, 1}:
                states[name] = values
    if not states:
        raise InputError(
            Fault(
                f"no column holds labels, there are {listed(list(types))}",
                columns.file.place.name,
                "a list of names or of ClassLabel, or one column of 0 and 1 for each label",
            )
        )
    matrix = np.stack(list(states.values()), axis=1)
    unused = [name for name in types if name not in states]
    notes = [f"labels are the columns {listed(list(states))}"] + ([f"not used: {listed(unused)}"] if unused else [])
    return Labels(tuple(states), (matrix == 1).astype(np.uint8), matrix != -1, "unknown", notes)
