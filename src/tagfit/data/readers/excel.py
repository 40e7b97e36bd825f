"""Reads the cells of an Excel workbook (``.xlsx``): the first sheet that holds any."""

from __future__ import annotations

import datetime
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tagfit.data.labels import listed
from tagfit.data.pictures.archives import ZIP_FAULTS
from tagfit.data.readers.delimited import Table, trimmed
from tagfit.errors import InputError, MissingExtraError

MEMBER = "xl/workbook.xml"  # what a zip must hold to be a workbook


def is_workbook(path: Path) -> bool:
    """Whether a file is an Excel workbook, judged by what the zip holds and by its ending."""
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            return MEMBER in archive.namelist()
    except ZIP_FAULTS:
        return False


def read_workbook(path: Path, columns: Sequence[str] | None = None) -> Table:
    """The table in the first sheet that holds cells.

    Args:
        path: the workbook.
        columns: the names of the columns of a sheet without a header.

    Raises:
        InputError: openpyxl is not installed, or the file is no workbook that it can read.
    """
    try:
        import openpyxl
    except ImportError:
        raise MissingExtraError("excel", f"reading the Excel workbook {path}") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that do not matter here
            workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
            sheets = {sheet.title: _cells(sheet) for sheet in workbook.worksheets}
            workbook.close()
    except Exception as error:  # noqa: BLE001 - broken archives and XML make openpyxl raise nearly anything
        raise InputError(
            f"{path} cannot be read as an Excel workbook: {error}", instead="save it again as .xlsx or as CSV"
        ) from None
    filled = [title for title, (rows, _) in sheets.items() if rows]
    if not filled:
        raise InputError(
            f"{path} is empty", instead="a sheet with a header such as image, tags and one row per picture"
        )
    rows, lines = sheets[filled[0]]
    notes = [f"read from the sheet {filled[0]!r}" + (f", not from {listed(filled[1:])}" if filled[1:] else "")]
    width = max(map(len, rows))
    rows = [cells + [""] * (width - len(cells)) for cells in rows]
    if columns is None:
        header, rows, lines = [name.strip() for name in rows[0]], rows[1:], lines[1:]
    else:
        header = list(columns)
    return trimmed(Table(path, header, rows, lines, tuple(notes)))


def _cells(sheet: Any) -> tuple[list[list[str]], list[int]]:
    rows, lines = [], []
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        cells = [_text(value) for value in values]
        if any(cells):
            rows.append(cells)
            lines.append(number)
    return rows, lines


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    return str(value)
