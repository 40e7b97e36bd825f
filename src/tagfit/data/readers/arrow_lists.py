"""Columns of lists, classes or texts in a Parquet or Arrow file, and the truth they give, without a loop over rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.readers.arrow_columns import SHOWN_ROWS, Columns, is_text
from tagfit.data.readers.arrow_nested import class_names, is_list
from tagfit.data.readers.column_names import CONFIDENCE_NAMES
from tagfit.data.readers.confidences import ALL_BETWEEN, CUT, note_of_cut, says
from tagfit.data.readers.tag_cells import read_cells
from tagfit.errors import Fault, InputError

if TYPE_CHECKING:
    import pyarrow as pa

UNKNOWN_COLUMN = "unknown"


@dataclass(frozen=True)
class Labels:
    """The truth (N, L) of a file and its mask, as in TaggedSet."""

    names: tuple[str, ...]
    truth: NDArray[np.uint8]
    known: NDArray[np.bool_]
    unlisted: str
    notes: list[str] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    absent_by: tuple[str, ...] = ()


def is_list_of_labels(kind: pa.DataType) -> bool:
    """Whether a type is a list of names, class numbers, or 0 and 1."""
    import pyarrow as pa

    if not is_list(kind):
        return False
    kind = kind.value_type
    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_boolean)
    return any(check(kind) for check in checks)


def of_one_column(columns: Columns, name: str) -> Labels:
    """The labels of a column of lists of names, classes or places, of one class each, or of texts.

    Raises:
        InputError: it holds something else, or its names are not in the file.
    """
    import pyarrow as pa

    options = columns.options
    kind = columns.file.type_of(name)
    names = class_names(columns.file.features.get(name))
    if options.confidence_at_least is not None and not is_list(kind):
        raise _no_confidences(columns)
    if is_text(kind):
        return _of_texts(columns, name)
    if names is None and not (is_list_of_labels(kind)):
        raise InputError(
            Fault(f"the column {name!r} holds {kind}", columns.file.place.name, "lists of labels, classes or texts")
        )
    column = columns.file.column(name).combine_chunks()
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    labels = Labels((), *_nothing(len(column)), options.unlisted or "absent", [f"labels are read from {name!r}"])
    sure = None
    if is_list(column.type):
        if pa.types.is_fixed_size_list(column.type) and names is None and not is_text(column.type.value_type):
            return _multi_hot(columns, name, column, labels.notes)
        sure = _confidences(columns, column)
        rows, values = _entries(columns, name, column)
        missing = np.asarray(column.is_null())
    else:
        rows, values = np.arange(len(column)), column
        missing = np.asarray(column.is_null()) | (np.asarray(column.fill_null(-1)) == -1)
        rows, values = rows[~missing], values.filter(pa.array(~missing))
    codes, found = _codes(columns, name, rows, values, names)
    labels = replace(labels, names=tuple(found))
    return _marked(columns, labels, rows, codes, missing, sure)


def _nothing(rows: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    return np.zeros((rows, 0), dtype=np.uint8), np.zeros((rows, 0), dtype=np.bool_)


def _marked(
    columns: Columns,
    labels: Labels,
    rows: NDArray[np.int64],
    codes: NDArray[np.int64],
    missing: NDArray[np.bool_],
    sure: NDArray[np.float64] | None,
) -> Labels:
    """``labels`` with the truth that entries (row, code) of labels give, each perhaps with a confidence."""
    options, notes = columns.options, labels.notes
    unlisted = options.unlisted or ("absent" if sure is None else "unknown")
    truth = np.zeros((len(missing), len(labels.names)), dtype=np.uint8)
    known = np.full(truth.shape, unlisted == "absent")
    absent_by = ["--unlisted absent"] if unlisted == "unknown" else []
    if missing.any() and options.blank != "absent":
        known[missing] = False
        absent_by.append("--blank absent")
    if "unknown" in columns.roles:
        _mark_unknown(columns, list(labels.names), known)
    present = np.ones(len(rows), dtype=np.bool_)
    if sure is not None:
        cut = options.confidence_at_least
        said = [says(value, cut) for value in sure.tolist()]
        present = np.asarray([one is True for one in said], dtype=np.bool_)
        absent = np.asarray([one is False for one in said], dtype=np.bool_)
        between = ~present & ~absent
        if between.all() and cut is None and len(sure):
            raise InputError(Fault(ALL_BETWEEN, columns.file.place.name, CUT))
        known[rows[absent], codes[absent]] = True
        if cut is None:
            known[rows[between], codes[between]] = False
        if note := note_of_cut(cut, int(between.sum()), unlisted):
            notes.append(note)
        notes.append(f"labels that no row lists are {unlisted}")
    truth[rows[present], codes[present]] = 1
    known[rows[present], codes[present]] = True
    return replace(labels, truth=truth, known=known, unlisted=unlisted, absent_by=tuple(absent_by))


def _confidences(columns: Columns, column: Any) -> NDArray[np.float64] | None:
    """How sure each item of a column of lists is, of a column of as many numbers; None where there is none.

    Raises:
        InputError: other lengths than the labels, numbers outside 0 to 1, or a cut without confidences.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    place = columns.file.place.name
    types = columns.types()
    names = columns.names
    usual = (*CONFIDENCE_NAMES, *(f"{name}s" for name in CONFIDENCE_NAMES))
    found = [names.header[index] for index in names.among(range(len(names.header)), usual)]
    lists = [
        name
        for name in found
        if name in types and is_list(types[name]) and pa.types.is_floating(types[name].value_type)
    ]
    if not lists:
        if columns.options.confidence_at_least is not None:
            raise _no_confidences(columns)
        return None
    own = columns.file.column(lists[0]).combine_chunks()
    own = own.combine_chunks() if isinstance(own, pa.ChunkedArray) else own
    lengths = [np.asarray(pc.fill_null(pc.list_value_length(one), 0)) for one in (column, own)]
    odd = np.flatnonzero(lengths[0] != lengths[1])
    if len(odd):
        row = int(odd[0])
        what = f"{lists[0]} has {lengths[1][row]} numbers for {lengths[0][row]} labels"
        raise InputError(Fault(what, f"{place}, row {row + 1}", "one for each label"))
    values = np.asarray(own.flatten().cast("float64").fill_null(np.nan))
    wrong = np.flatnonzero((values < 0) | (values > 1))
    if len(wrong):
        row = int(np.repeat(np.arange(len(lengths[1])), lengths[1])[wrong[0]])
        raise InputError(Fault(f"a confidence is {values[wrong[0]]:g}", f"{place}, row {row + 1}", "from 0 to 1"))
    return values


def _no_confidences(columns: Columns) -> InputError:
    usual = ", ".join(CONFIDENCE_NAMES[:3])
    return InputError(
        Fault(
            "--confidence-at-least is given, but there is no column of lists of confidences",
            columns.file.place.name,
            f"a column of lists named {usual} or the like, with a number from 0 to 1 for each label",
        )
    )


def _of_texts(columns: Columns, name: str) -> Labels:
    """Texts, read as the cells of a tags column; null says nothing of its row, unless ``blank`` is ``absent``."""
    options = columns.options
    texts = columns.file.column(name)
    missing = np.asarray(texts.is_null())
    cells = read_cells(
        texts.fill_null("").to_pylist(), options.separator, none_label=options.none_label, blank=options.blank
    )
    for number, cell in enumerate(cells.cells):
        for row in np.flatnonzero(cells.which == number)[:SHOWN_ROWS].tolist() if cell.faults else ():
            for fault in cell.faults:
                columns.fault(fault, row)
    unlisted = options.unlisted or "absent"
    truth, known = cells.truth(cells.names(), unlisted=unlisted)
    absent_by = ["--unlisted absent"] if unlisted == "unknown" else []
    if missing.any() and options.blank != "absent":
        known[missing] = False
        absent_by.append("--blank absent")
    notes = [f"labels are read from {name!r}", *cells.notes]
    return Labels(tuple(cells.names()), truth, known, unlisted, notes, cells.warnings, tuple(absent_by))


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

    name = columns.roles[UNKNOWN_COLUMN]
    column = columns.file.column(name).combine_chunks()
    if not is_list(column.type) or not pa.types.is_string(column.type.value_type):
        return
    rows, values = _entries(columns, UNKNOWN_COLUMN, column)
    position = {label: number for number, label in enumerate(labels)}
    for row, label in zip(rows.tolist(), values.to_pylist(), strict=True):
        if label in position:
            known[row, position[label]] = False
        else:
            columns.fault(f"{UNKNOWN_COLUMN} names {label!r}, which is not a label", row)


def _multi_hot(columns: Columns, name: str, column: Any, notes: list[str]) -> Labels:
    """A vector of 0 and 1 in each row; the file does not say what its places mean."""
    size = column.type.list_size
    names = columns.options.selection.labels
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
