"""Parquet files that hold a table of paths and texts, as pandas writes it: read by the rules of tables."""

from __future__ import annotations

from collections.abc import Mapping

from tagfit.data.pictures.sources import Place
from tagfit.data.readers.arrow_columns import PANDAS_INDEX, PATHS, Columns, is_text
from tagfit.data.readers.arrow_files import ArrowFile
from tagfit.data.readers.arrow_labels import text_tags
from tagfit.data.readers.arrow_lists import is_list_of_labels
from tagfit.data.readers.arrow_nested import class_names
from tagfit.data.readers.arrow_zero_one import states
from tagfit.data.readers.delimited import Table
from tagfit.data.readers.frame import cell_text


def is_table(columns: Columns) -> bool:
    """Whether pictures are paths and tags are texts, with nothing in it that a table could not hold."""
    if columns.picture[1] != PATHS or columns.options.label_columns:
        return False
    types = columns.types()
    asked = columns.asked_for(columns.options.tags_column or (), "tags_column")
    if asked:
        return all(is_text(types[name]) for name in asked if name in types)
    if any(is_list_of_labels(kind) or class_names(columns.file.features.get(name)) for name, kind in types.items()):
        return False
    return bool(text_tags(columns)) and not any(states(columns, name) is not None for name in types)


def table_of(files: Mapping[ArrowFile, str], place: Place) -> Table:
    """The rows of files with the same columns as one table; the split that a file is named after is a column."""
    names = [name for name in next(iter(files)).names if not name.startswith(PANDAS_INDEX)]
    splits = {file: split for file, split in files.items() if split and "split" not in names}
    rows: list[list[str]] = []
    lines: list[int] = []
    for file in files:
        columns = [[cell_text(value) for value in file.column(name).to_pylist()] for name in names]
        added = [[splits.get(file, "")] * file.rows] if splits else []
        rows += [list(cells) for cells in zip(*columns, *added, strict=True)]
        lines += range(1, file.rows + 1)
    return Table(place, [*names, "split"] if splits else names, rows, lines)
