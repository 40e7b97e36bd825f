"""Reads an imagefolder: pictures with a metadata.jsonl, .csv or .parquet whose ``file_name`` is relative to itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tagfit.data.joining import combine
from tagfit.data.labels import align
from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.pictures.sources import Place, content_of, files_below
from tagfit.data.readers.annotations import Annotations, split_of
from tagfit.data.readers.delimited import numbered_rows
from tagfit.data.readers.json_files import kind_of, parse_json_text
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.readers.records import Records
from tagfit.data.readers.table import read_table
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError

NAME = "imagefolder"
TABLES = ("metadata.jsonl", "metadata.parquet", "metadata.csv")
FILE_COLUMNS = ("file_name", "image_file_name")


def recognise(look: Look) -> bool:
    """A metadata file, or a folder with one, or with folders of splits that have one each."""
    return look.place.name in TABLES if not look.is_folder else bool(_tables(look))


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures of all splits, with the labels of the one column that holds some.

    A picture that the metadata do not name is quarantined: what is on it is not known.

    Raises:
        InputError: all faults, each with file and row.
    """
    tables = _tables(Look(place)) if place.is_dir() else {"": place}
    if not tables:
        raise InputError(f"the folder {place} has no metadata file", instead=" or ".join(TABLES))
    if all(table.suffix == ".csv" for table in tables.values()):
        return _read_csv(tables, options)
    annotations = Annotations(NAME, place, options)
    records = Records(annotations, FILE_COLUMNS)
    for folder, table in tables.items():
        shown = f"{folder}/{table.name}" if folder else table.name
        home = table.parent
        annotations.look_in([home])
        rows = _rows(table, shown, annotations)
        split = split_of(folder)
        named = set()
        for where, row in rows:
            name = next((row[column] for column in FILE_COLUMNS if column in row), None)
            if not isinstance(name, str) or not name:
                annotations.fault(f"file_name is {name!r}", where, "the path of a picture, relative to this file")
            else:
                named.add(name)
                records.add(annotations.picture(name, where, split), where, row)
        for path, file in _pictures(home):
            if path not in named:
                annotations.quarantine(annotations.picture(path, path, split, file), f"{shown} does not name it")
    records.finish()
    return annotations.finish(sort=True)


def _pictures(folder: Place) -> list[tuple[str, Place]]:
    return [(path, file) for path, file in files_below(folder) if path[path.rfind(".") :].lower() in SUFFIXES]


def _tables(look: Look) -> dict[str, Place]:
    """The metadata files by folder; '' is the folder itself."""
    for name in TABLES:
        if name in look.children:
            return {"": look.children[name]}
    found = {}
    for folder in look.children:
        for name in TABLES:
            child = look.child(folder, name)
            if child is not None and folder not in found:
                found[folder] = child.place
    return found


def _rows(table: Place, shown: str, annotations: Annotations) -> list[tuple[str, dict[str, Any]]]:
    if table.suffix == ".parquet":
        from tagfit.data.readers.arrow_files import parquet_rows

        return [(f"{shown}, row {number}", row) for number, row in enumerate(parquet_rows(table), 1)]
    rows = []
    for number, line in enumerate(content_of(table).split(b"\n"), 1):
        where = f"{shown}, line {number}"
        if not line.strip():
            continue
        try:
            row = parse_json_text(line, where, "")
        except InputError as error:
            annotations.faults.extend(error.faults)
            continue
        if isinstance(row, dict):
            rows.append((where, row))
        else:
            annotations.fault(
                f"it is {kind_of(row)}", where, 'an object such as {"file_name": "a.jpg", "tags": ["sea"]}'
            )
    return rows


def _read_csv(tables: dict[str, Place], options: TableOptions) -> TaggedSet:
    """One CSV for all pictures, or one for each split; the labels are those of all of them."""
    parts: dict[str, TaggedSet] = {}
    for folder, table in tables.items():
        data = read_table(table, options)
        faults: list[Fault] = []
        rows = numbered_rows(table, table.name, faults)
        column = next((number for number, name in enumerate(rows[0][1]) if name in FILE_COLUMNS), 0) if rows else 0
        named = {cells[column] for _, cells in rows[1:]}
        found = {str(file) for file in data.files or ()}  # by another name, perhaps
        unnamed = [path for path, file in _pictures(table.parent) if path not in named and str(file) not in found]
        left_out = tuple(Fault(f"{table.name} does not name it", path) for path in unnamed)
        parts[split_of(folder)] = replace(data, quarantined=(*data.quarantined, *left_out))
    if len(parts) == 1:
        return next(iter(parts.values()))
    labels = sorted({label for data in parts.values() for label in data.labels})
    return combine({split: align(data, labels) for split, data in parts.items()})
