"""A DataFrame of pictures (pandas, polars and whatever has columns of their kind) as a table of cells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tagfit.data.readers.delimited import Table, trimmed
from tagfit.errors import InputError


def is_frame(source: Any) -> bool:
    """Whether ``source`` is a DataFrame: columns with names, each of which can be taken by its name."""
    return hasattr(source, "columns") and hasattr(source, "__getitem__") and not isinstance(source, str | Path)


def table_of(frame: Any) -> Table:
    """The cells of a DataFrame as texts; its pictures are looked for in the current folder.

    Missing values are empty cells, and lists of tags are written as JSON lists.

    Raises:
        InputError: no columns or no rows.
    """
    names = [str(name) for name in frame.columns]
    if not names:
        raise InputError("the DataFrame has no columns", instead="a column of pictures and one of tags, or of 0 and 1")
    columns = [[cell_text(value) for value in frame[name]] for name in frame.columns]
    rows = [list(cells) for cells in zip(*columns, strict=True)]
    return trimmed(Table(Path.cwd() / "DataFrame", names, rows, list(range(len(rows)))))


def cell_text(value: Any) -> str:
    """A value as the cell of a table."""
    if value is None or value is NotImplemented:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float | np.floating) and np.isnan(value):
        return ""
    if isinstance(value, np.ndarray) or hasattr(value, "to_list"):
        value = list(value)
    if isinstance(value, set | frozenset):
        value = sorted(map(str, value))
    if isinstance(value, list | tuple):
        return json.dumps([str(member) for member in value], ensure_ascii=False)
    return str(value)
