"""Reads a CSV or TSV of pictures: an image column, and a tags column or one 0/1 column a label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagfit.data.labels import Selection, listed, names_in_file
from tagfit.data.pictures.accepted import refusal
from tagfit.data.pictures.files import OUTSIDE, Locator
from tagfit.data.readers.table_cells import IMAGE_COLUMNS, ROW_COLUMNS, Table, parse_table
from tagfit.data.readers.tag_cells import read_cells
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError

TAGS_COLUMNS = ("tags", "labels", "keywords")
ORDER_FILE = "labels.txt"
STATES = {"0": "0", "1": "1", "false": "0", "true": "1", "0.0": "0", "1.0": "1"} | dict.fromkeys(
    ("", "?", "nan", "-1", "-1.0"), "?"
)
_PLAIN = frozenset("01?")


@dataclass(frozen=True)
class TableOptions:
    """How a table is to be read; see :func:`tagfit.data.read.read`."""

    separator: str | None = None
    unlisted: str = "absent"
    selection: Selection = field(default_factory=Selection)
    allow_outside: bool = False


@dataclass(frozen=True)
class _Columns:
    """Which column of the table is what."""

    image: int
    tags: int | None
    about_row: dict[str, int]
    others: dict[str, int]


def read_table(path: Path, options: TableOptions) -> TaggedSet:
    """The pictures of a CSV or TSV with their truth; rows whose picture cannot be used are quarantined.

    Raises:
        InputError: every fault of the file's form, together with what is wrong with its pictures.
    """
    notes: list[str] = []
    table = parse_table(path, notes)
    columns = _columns(table, notes)
    faults: list[Fault] = []
    truth, known, labels, suspicious = _truth(table, columns, options, notes, faults)
    about_row = {name: ROW_COLUMNS[name](table, index, faults) for name, index in columns.about_row.items()}
    names = [name.strip() for name in table.column(columns.image)]
    files, missing = _locate(table, names, options.allow_outside, faults)
    if faults:
        raise InputError([*faults, *missing.values()], what=f"{path} cannot be read")
    nowhere = Path()
    data = TaggedSet(
        ids=np.asarray(names, dtype=np.str_),
        truth=truth,
        known=known,
        labels=labels,
        files=tuple(Path(file) if file else nowhere for file in files),
        groups=about_row.get("group"),
        weights=about_row.get("weight"),
        split=about_row.get("split"),
        fold=about_row.get("fold"),
        notes=tuple(notes),
        warnings=tuple(suspicious),
        unlisted=options.unlisted if columns.tags is not None else "unknown",
    )
    return _usable(table, data, missing)


def _columns(table: Table, notes: list[str]) -> _Columns:
    place = f"{table.path.name}, row 1"
    index: dict[str, int] = {}
    faults = []
    for number, name in enumerate(table.header):
        if name and name in index:
            faults.append(Fault(f"the column {name!r} stands twice", place))
        index.setdefault(name, number)
    lower = {name.lower(): number for name, number in reversed(index.items())}
    image = next((lower[name] for name in IMAGE_COLUMNS if name in lower), None)
    if image is None:
        faults.append(
            Fault(f"no image column among {listed(table.header)}", place, f"one of {', '.join(IMAGE_COLUMNS)}")
        )
        raise InputError(faults)
    if faults:
        raise InputError(faults)
    tags = next((lower[name] for name in TAGS_COLUMNS if name in lower), None)
    about_row = {name: lower[name] for name in ROW_COLUMNS if name in lower}
    taken = {image, tags, *about_row.values()}
    others = {name: number for name, number in index.items() if number not in taken and name}
    if "" in index:
        notes.append(f"a column without a name is not used ({place})")
    if tags is not None and others:
        notes.append(f"columns not used, as the tags stand in {table.header[tags]!r}: {listed(list(others))}")
    if tags is None and not others:
        raise InputError(
            Fault(
                f"neither a tags column nor 0/1 columns among {listed(table.header)}",
                place,
                f"one of {', '.join(TAGS_COLUMNS)}, or one 0/1 column a label",
            )
        )
    return _Columns(image, tags, about_row, others)


_Truth = tuple[NDArray[np.uint8], NDArray[np.bool_], tuple[str, ...], list[Fault]]


def _truth(table: Table, columns: _Columns, options: TableOptions, notes: list[str], faults: list[Fault]) -> _Truth:
    order = _order_file(table.path) if options.selection.labels is None else None
    if columns.tags is None:
        return _truth_of_columns(table, columns.others, options.selection, order, notes, faults)
    cells = read_cells(table.column(columns.tags), options.separator)
    for number, cell in enumerate(cells.cells):
        if cell.faults:
            rows = np.flatnonzero(cells.which == number)
            faults += [Fault(fault, table.where(int(row))) for row in rows for fault in cell.faults]
    notes += cells.notes
    names = cells.names()
    if order is not None:
        declared = set(order)
        beyond = [name for name in names if name not in declared and not options.selection.excludes(name)]
        faults += [
            Fault(f"the tag {name!r} is not in {ORDER_FILE}", table.path.name, "add it there, or --exclude-labels it")
            for name in beyond
        ]
        names = list(order)
    truth, known = cells.truth(names, unlisted=options.unlisted)
    return truth, known, tuple(names), cells.warnings


def _truth_of_columns(
    table: Table,
    columns: dict[str, int],
    selection: Selection,
    order: Sequence[str] | None,
    notes: list[str],
    faults: list[Fault],
) -> _Truth:
    wanted = order if order is not None else selection.labels
    names = [name for name in (columns if wanted is None else wanted) if not selection.excludes(name)]
    lacking = [name for name in names if name not in columns]
    faults += [
        Fault(f"there is no column for the label {name!r}", table.path.name, f"there are {listed(list(columns))}")
        for name in lacking
    ]
    names = [name for name in names if name in columns]
    unused = sorted(columns.keys() - set(names), key=columns.__getitem__)
    if unused:
        notes.append(f"columns not used: {listed(unused)}")
    picked = [columns[name] for name in names]
    codes = bytearray()
    odd: dict[str, list[int]] = {}
    for number, row in enumerate(table.rows):
        cells = [row[index] for index in picked]
        if _PLAIN.issuperset(cells):
            codes += "".join(cells).encode("ascii")
            continue
        for name, cell in zip(names, cells, strict=True):
            state = STATES.get(cell.strip().lower())
            if state is None:
                odd.setdefault(name, []).append(number)
            codes += b"?" if state is None else state.encode("ascii")
    for name, rows in odd.items():
        more = f" (and {len(rows) - 1} more such cells)" if len(rows) > 1 else ""
        faults.append(
            Fault(
                f"the column {name!r} holds {table.rows[rows[0]][columns[name]]!r}{more}",
                table.where(rows[0]),
                f"0, 1, or empty, ?, NaN, -1 for unknown; --exclude-labels {name!r} if it is no label",
            )
        )
    states = np.frombuffer(bytes(codes), dtype=np.uint8).reshape(len(table.rows), len(names))
    return (states == ord("1")).astype(np.uint8), states != ord("?"), tuple(names), []


def _order_file(path: Path) -> tuple[str, ...] | None:
    file = path.parent / ORDER_FILE
    return names_in_file(file) if file.is_file() else None


def _locate(
    table: Table, names: Sequence[str], allow_outside: bool, faults: list[Fault]
) -> tuple[list[str], dict[int, Fault]]:
    """(path of each row, fault of each row whose file is not there); paths that leave the folder go to ``faults``."""
    locator = Locator(table.path.parent, allow_outside)
    files: list[str] = []
    missing: dict[int, Fault] = {}
    for row, name in enumerate(names):
        if not name:
            faults.append(Fault("the row names no picture", table.where(row)))
            files.append("")
            continue
        file, reason = locator.find(name)
        if file is None and reason.startswith(OUTSIDE):
            faults.append(Fault(reason.removeprefix(OUTSIDE), table.where(row), "--allow-outside permits it"))
        elif file is None:
            missing[row] = Fault(reason, table.where(row))
        files.append(file or "")
    return files, missing


def _usable(table: Table, data: TaggedSet, unusable: dict[int, Fault]) -> TaggedSet:
    """``data`` without the rows that cannot be used, nor the second of rows that say the same twice."""
    files = data.files or ()
    unusable = dict(unusable)
    warned = list(data.warnings)
    repeated: set[int] = set()
    of_file: dict[str, list[int]] = {}
    for row, file in enumerate(files):
        if row not in unusable:
            of_file.setdefault(str(file), []).append(row)
    for rows in of_file.values():
        if len(rows) == 1:
            continue
        first, *rest = rows
        if all(_same(data, first, row) for row in rest):
            repeated.update(rest)
            warned += [
                Fault(f"the same picture as in row {table.lines[first]}, read once", table.where(row)) for row in rest
            ]
        else:
            lines = ", ".join(str(table.lines[row]) for row in rows[:6]) + (", ..." if len(rows) > 6 else "")
            for row in rows:
                what = f"the picture {str(data.ids[row])!r} stands in rows {lines} with conflicting tags, split or fold"
                unusable[row] = Fault(what, table.where(row), "one row a picture, with all its tags")
    for path, (row, *_) in of_file.items():
        if row not in unusable and (fault := refusal(path)):
            unusable[row] = Fault(f"{str(data.ids[row])!r} {fault.what}", table.where(row), fault.instead)
    kept = np.asarray([row for row in range(len(data)) if row not in unusable and row not in repeated], dtype=np.int64)
    quarantined = tuple(unusable[row] for row in sorted(unusable))
    if not len(kept):
        raise InputError(quarantined, what=f"{table.path} has no picture that can be used")
    return replace(data.take(kept), quarantined=quarantined, warnings=tuple(warned))


def _same(data: TaggedSet, one: int, other: int) -> bool:
    columns = [data.truth, data.known, data.split, data.fold]
    return all(np.array_equal(values[one], values[other]) for values in columns if values is not None)
