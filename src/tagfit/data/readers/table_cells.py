"""The cells of a CSV or TSV with their places, and the columns that say something about a row as a whole."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.errors import Fault, InputError
from tagfit.literals import is_nothing

IMAGE_COLUMNS = ("image", "filename", "path", "sourcefile")
SPLIT_NAMES = {
    "": "", "train": "train", "training": "train", "validation": "validation", "val": "validation",
    "valid": "validation", "test": "test",
}  # fmt: skip
# No limit of its own on a cell: the whole file is in memory by then, and a long cell is a right one.
_CELL_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class Table:
    """The cells of a file: the header, the rows, and the line on which each row starts in an editor."""

    path: Path
    header: list[str]
    rows: list[list[str]]
    lines: list[int]

    def where(self, row: int) -> str:
        return f"{self.path.name}, row {self.lines[row]}"

    def column(self, index: int) -> list[str]:
        return [cells[index] for cells in self.rows]


def parse_table(path: Path, notes: list[str]) -> Table:
    text = _text(path)
    delimiter = _delimiter(path, text)
    if delimiter != ",":
        notes.append(f"columns of {path.name} are parted by {delimiter!r}")
    csv.field_size_limit(_CELL_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    start = 1
    try:
        for cells in reader:
            if cells:
                rows.append(cells)
                lines.append(start)
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            Fault(f"{error}", f"{path.name}, row {start}", 'quotes in pairs: "a ""quoted"" word"')
        ) from None
    if not rows:
        raise InputError(f"{path} is empty", instead="a header such as image,tags and one row a picture")
    header = [name.strip() for name in rows[0]]
    width = len(header)
    table = Table(path, header, rows[1:], lines[1:])
    wrong = [row for row, cells in enumerate(table.rows) if len(cells) != width]
    if wrong:
        raise InputError(
            [Fault(f"{len(table.rows[row])} cells, the header has {width}", table.where(row)) for row in wrong],
            what=f'{path}: rows of another length (a cell that holds the delimiter needs quotes: "a,b")',
        )
    if not table.rows:
        raise InputError(f"{path} has a header and no rows", instead="one row a picture")
    return table


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            Fault(
                f"the bytes {content[error.start : error.start + 4]!r} are no UTF-8",
                f"{path.name}, row {row}",
                "save the file as UTF-8",
            ),
        ) from None


def _delimiter(path: Path, text: str) -> str:
    """The sign that parts the header into the most cells, an image column among them; a comma where none does."""
    first = text.partition("\n")[0].partition("\r")[0]
    order = "\t,;" if path.suffix.lower() in (".tsv", ".tab") else ",\t;"

    def fit(sign: str) -> tuple[bool, int]:
        names = [name.strip(' "').lower() for name in first.split(sign)]
        return any(name in IMAGE_COLUMNS for name in names), len(names)

    return max(order, key=fit)


def _split(table: Table, index: int, faults: list[Fault]) -> NDArray[np.str_]:
    cells = [cell.strip().lower() for cell in table.column(index)]
    faults += [
        Fault(f"the split is {table.rows[row][index]!r}", table.where(row), "train, validation, test or empty")
        for row, cell in enumerate(cells)
        if cell not in SPLIT_NAMES
    ]
    return np.asarray([SPLIT_NAMES.get(cell, "") for cell in cells], dtype="<U10")


def _fold(table: Table, index: int, faults: list[Fault]) -> NDArray[np.int64]:
    folds = np.zeros(len(table.rows), dtype=np.int64)
    for row, cell in enumerate(table.column(index)):
        number = cell.strip()
        if number.isascii() and number.isdigit() and len(number) <= 9:
            folds[row] = int(number)
        else:
            faults.append(Fault(f"the fold is {cell!r}", table.where(row), "a whole number from 0"))
    return folds


def _group(table: Table, index: int, _faults: list[Fault]) -> NDArray[np.str_]:
    return np.asarray(["" if is_nothing(cell) else cell.strip() for cell in table.column(index)], dtype=np.str_)


def _weight(table: Table, index: int, faults: list[Fault]) -> NDArray[np.float64]:
    weights = np.zeros(len(table.rows))
    for row, cell in enumerate(table.column(index)):
        try:
            weights[row] = float(cell)
        except ValueError:
            weights[row] = math.nan
        if not (math.isfinite(weights[row]) and weights[row] >= 0):
            faults.append(Fault(f"the weight is {cell!r}", table.where(row), "a number of 0 or more"))
    return weights


ROW_COLUMNS: dict[str, Any] = {"split": _split, "fold": _fold, "group": _group, "weight": _weight}
