"""Reads a table of pictures: a column that names them, and a tags column or one 0/1 column per label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.labels import listed, names_in_file
from tagfit.data.pictures.finding import refused
from tagfit.data.pictures.sources import Place
from tagfit.data.readers import long_rows
from tagfit.data.readers.column_names import LIKELY_NAMES
from tagfit.data.readers.delimited import Table, read_delimited
from tagfit.data.readers.excel import is_workbook, read_workbook
from tagfit.data.readers.label_columns import read_label_columns
from tagfit.data.readers.options import TableOptions
from tagfit.data.readers.picture_names import locate
from tagfit.data.readers.roles import Roles, find_roles
from tagfit.data.readers.row_columns import ROW_COLUMNS
from tagfit.data.readers.tag_cells import Cells, merged, read_cells
from tagfit.data.tagged import TaggedSet, described
from tagfit.errors import Fault, InputError

ORDER_FILE = "labels.txt"


@dataclass
class _Truth:
    """What the table says of its labels, for the rows of ``table``."""

    table: Table
    truth: NDArray[np.uint8]
    known: NDArray[np.bool_]
    labels: tuple[str, ...]
    unlisted: str
    absent_by: tuple[str, ...] = ()
    warnings: list[Fault] = field(default_factory=list)


def read_table(path: Place, options: TableOptions) -> TaggedSet:
    """The pictures of a CSV, TSV, text or Excel table with their truth.

    Raises:
        InputError: every fault of the file's form, together with what is wrong with its pictures.
    """
    if isinstance(path, Path) and is_workbook(path):
        table = read_workbook(path, options.columns)
    else:
        table = read_delimited(path, encoding=options.encoding, columns=options.columns, likely_names=LIKELY_NAMES)
    return from_table(table, options)


def from_table(table: Table, options: TableOptions) -> TaggedSet:
    """The pictures of a table; rows whose picture cannot be used are quarantined.

    Raises:
        InputError: every fault of the table's form, together with what is wrong with its pictures.
    """
    file = table.path.parent / ORDER_FILE
    if options.selection.labels is None and file.is_file():
        options = replace(options, order=names_in_file(file))
    locate_in = locate(table, options)
    roles = find_roles(table, options, locate_in.is_picture)
    notes = [*table.notes, described(roles.columns)]
    faults: list[Fault] = []
    read = _truth(table, roles, options, notes, faults)
    table = read.table
    of_row: dict[str, Any] = {role: ROW_COLUMNS[role](table, index, faults) for role, index in roles.of_row.items()}
    names = [name.strip() for name in table.column(roles.image)]
    files, missing = locate_in.files(table, names, notes, faults)
    if faults:
        raise InputError([*faults, *missing.values()], what=f"{table.path} cannot be read")
    nowhere = Path()
    data = TaggedSet(
        ids=np.asarray(names, dtype=np.str_),
        truth=read.truth,
        known=read.known,
        labels=read.labels,
        files=tuple(Path(file) if isinstance(file, str) and file else file or nowhere for file in files),
        groups=of_row.get("group"),
        weights=of_row.get("weight"),
        split=of_row.get("split"),
        fold=of_row.get("fold"),
        notes=tuple(notes),
        warnings=(*roles.warnings, *read.warnings),
        unlisted=read.unlisted,
        absent_by=read.absent_by,
        columns=roles.columns,
        owners={table.header[index]: np.asarray(table.column(index)) for index in roles.owners},
    )
    return _usable(table, data, missing)


def _truth(table: Table, roles: Roles, options: TableOptions, notes: list[str], faults: list[Fault]) -> _Truth:
    if not roles.tags:
        return _truth_of_columns(table, roles, options, notes, faults)
    cells = _cells(table, roles, options)
    for number, cell in enumerate(cells.cells):
        if cell.faults:
            rows = np.flatnonzero(cells.which == number)
            faults += [Fault(fault, table.where(int(row))) for row in rows for fault in cell.faults]
    notes += cells.notes
    names = cells.names()
    if options.order:
        declared = set(options.order)
        beyond = [name for name in names if name not in declared and not options.selection.excludes(name)]
        faults += [
            Fault(f"the tag {name!r} is not in {ORDER_FILE}", table.path.name, "add it there, or --exclude-labels it")
            for name in beyond
        ]
        names = list(options.order)
    pictures = [name.strip() for name in table.column(roles.image)]
    is_long = long_rows.is_long(pictures, cells, "label" if roles.confidence is not None else options.rows)
    says_absent = roles.confidence is not None or (is_long and cells.say_absent())
    unlisted = options.unlisted or ("unknown" if says_absent else "absent")
    absent_by = ("--unlisted absent",) if unlisted == "unknown" else ()
    if not is_long:
        truth, known = cells.truth(names, unlisted=unlisted)
        return _Truth(table, truth, known, tuple(names), unlisted, absent_by, cells.warnings)
    firsts, truth, known = long_rows.merge(
        table,
        pictures,
        cells,
        names,
        confidence=roles.confidence,
        cut=options.confidence_at_least,
        unlisted=unlisted,
        notes=notes,
        faults=faults,
    )
    notes.append(
        f"one row per label: {len(table.rows)} rows are {len(firsts)} pictures; what no row lists is {unlisted}"
    )
    short = replace(table, rows=[table.rows[row] for row in firsts], lines=[table.lines[row] for row in firsts])
    return _Truth(short, truth, known, tuple(names), unlisted, absent_by, cells.warnings)


def _cells(table: Table, roles: Roles, options: TableOptions) -> Cells:
    columns = [
        read_cells(table.column(index), options.separator, none_label=options.none_label, blank=options.blank)
        for index in roles.tags
    ]
    return columns[0] if len(columns) == 1 else merged(columns)


def _truth_of_columns(
    table: Table, roles: Roles, options: TableOptions, notes: list[str], faults: list[Fault]
) -> _Truth:
    selection = options.selection
    wanted = options.order or selection.labels
    names = [name for name in (roles.labels if wanted is None else wanted) if not selection.excludes(name)]
    faults += [
        Fault(f"there is no column for the label {name!r}", table.path.name, f"there are {listed(list(roles.labels))}")
        for name in names
        if name not in roles.labels
    ]
    columns = {name: roles.labels[name] for name in names if name in roles.labels}
    truth, known, absent_by = read_label_columns(
        table, columns, minus_one=options.minus_one, blank=options.blank, notes=notes, faults=faults
    )
    return _Truth(table, truth, known, tuple(columns), "unknown", tuple(absent_by))


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
                what = f"rows {lines} name the picture {str(data.ids[row])!r} with different tags, split or fold"
                unusable[row] = Fault(
                    what, table.where(row), "one row per picture with all its tags, or --rows label to merge rows"
                )
    for row, *_ in of_file.values():
        if row not in unusable and (fault := refused(files[row])):
            unusable[row] = Fault(f"{str(data.ids[row])!r} {fault.what}", table.where(row), fault.instead)
    kept = np.asarray([row for row in range(len(data)) if row not in unusable and row not in repeated], dtype=np.int64)
    quarantined = tuple(unusable[row] for row in sorted(unusable))
    if not len(kept):
        raise InputError(quarantined, what=f"{table.path} has no picture that can be used")
    return replace(data.take(kept), quarantined=quarantined, warnings=tuple(warned))


def _same(data: TaggedSet, one: int, other: int) -> bool:
    columns: Sequence[NDArray[Any] | None] = [data.truth, data.known, data.split, data.fold]
    return all(np.array_equal(values[one], values[other]) for values in columns if values is not None)
