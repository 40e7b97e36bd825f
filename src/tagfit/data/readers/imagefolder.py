"""Reads an imagefolder: pictures with a metadata.jsonl, .csv or .parquet whose ``file_name`` is relative to itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tagfit.data.joining import combine
from tagfit.data.labels import align
from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.pictures.sources import Place, content_of, files_below
from tagfit.data.readers.annotations import split_of
from tagfit.data.readers.column_names import LIKELY_NAMES, TAG_NAMES
from tagfit.data.readers.delimited import Table, normalised, read_delimited
from tagfit.data.readers.frame import cell_text
from tagfit.data.readers.json_files import kind_of, parse_json_text
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.readers.table import from_table
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError

NAME = "imagefolder"
TABLES = ("metadata.jsonl", "metadata.parquet", "metadata.csv")
FILE_COLUMNS = ("file_name", "image_file_name")
UNKNOWN = "unknown"  # the key that lists the labels of which nothing is known
UNKNOWN_ROW = "?"


def recognise(look: Look) -> bool:
    """A metadata file, or a folder with one, or with folders of splits that have one each."""
    return look.place.name in TABLES if not look.is_folder else bool(_tables(look))


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures of all splits; the metadata are tables, whichever way they are written, and all options apply.

    A picture that the metadata do not name is quarantined: what is on it is not known.

    Raises:
        InputError: all faults, each with file and row.
    """
    tables = _tables(Look(place)) if place.is_dir() else {"": place}
    if not tables:
        raise InputError(f"the folder {place} has no metadata file", instead=" or ".join(TABLES))
    parts: dict[str, TaggedSet] = {}
    for folder, table in tables.items():
        parts[split_of(folder)] = _read_one(table, f"{folder}/{table.name}" if folder else table.name, options)
    if len(parts) == 1:
        (split, data), *_ = parts.items()
        return combine({split: data}) if split and data.split is None else data
    labels = sorted({label for data in parts.values() for label in data.labels})
    return combine({split: align(data, labels) for split, data in parts.items()})


def _read_one(place: Place, shown: str, options: TableOptions) -> TaggedSet:
    if place.suffix == ".csv":
        table = read_delimited(place, encoding=options.encoding, columns=options.columns, likely_names=LIKELY_NAMES)
    else:
        table = _table_of_records(place, shown, options)
    data = from_table(table, options)
    column = next((number for number, name in enumerate(table.header) if name in FILE_COLUMNS), 0)
    named = set(table.column(column))
    found = {str(file) for file in data.files or ()}  # by another name, perhaps
    unnamed = [path for path, file in _pictures(place.parent) if path not in named and str(file) not in found]
    left_out = tuple(Fault(f"{shown} does not name it", path) for path in unnamed)
    return replace(data, quarantined=(*data.quarantined, *left_out))


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


def _table_of_records(place: Place, shown: str, options: TableOptions) -> Table:
    """JSON lines, or the rows of a Parquet file, as the cells of a table; each row is numbered by its line.

    Raises:
        InputError: what is no table, all at once.
    """
    faults: list[Fault] = []
    rows = list(_parquet(place) if place.suffix == ".parquet" else _json_lines(place, shown, faults))
    for line, row in rows:
        name = next((row[column] for column in FILE_COLUMNS if column in row), None)
        if options.image_column is None and (not isinstance(name, str) or not name):
            what = f"file_name is {name!r}"
            faults.append(Fault(what, f"{shown}, row {line}", "the path of a picture, relative to this file"))
    flat = _flat([(line, row, f"{shown}, row {line}") for line, row in rows], faults)
    if not flat and not faults:
        faults.append(Fault("it has no rows", shown))
    if faults:
        raise InputError(faults, what=f"{place} cannot be read as {NAME}")
    records = [row for _, row in flat]
    _join_unknown(records, options)
    header = list(dict.fromkeys(name for row in records for name in row))
    of_lists = {name for name in header if _holds_lists(records, name)}
    for row in records:
        row.update(
            {name: [row[name]] for name in of_lists if isinstance(row.get(name), str)}
        )  # one name, not in a list
    of_tags = of_lists | {name for name in header if normalised(name) in TAG_NAMES}
    nothing = "" if options.blank == "absent" else UNKNOWN_ROW  # null is not the same as no tags
    cells = [
        [cell_text(row.get(name)) if row.get(name) is not None or name not in of_tags else nothing for name in header]
        for row in records
    ]
    return Table(place, header, cells, [line for line, _ in flat])


def _join_unknown(rows: list[dict[str, Any]], options: TableOptions) -> None:
    """Put the labels that the key ``unknown`` lists into the list of labels, marked as in the cells of a table."""
    names = dict.fromkeys(key for row in rows for key in row)
    lists = [name for name in names if name != UNKNOWN and _holds_lists(rows, name)]
    tags = [name for name in options.tags_column or lists if name in lists]
    tags = [name for name in tags if normalised(name) in TAG_NAMES][:1] or tags[:1]
    for row in rows if tags and _holds_lists(rows, UNKNOWN) else ():
        unknown = row.pop(UNKNOWN, None) or []
        if unknown and row.get(tags[0]) is not None:
            row[tags[0]] = [*row[tags[0]], *(f"{UNKNOWN_ROW}{name}" for name in unknown)]


def _holds_lists(rows: list[dict[str, Any]], name: str) -> bool:
    return any(isinstance(row.get(name), list) for row in rows)


def _flat(rows: list[tuple[int, dict[str, Any], str]], faults: list[Fault]) -> list[tuple[int, dict[str, Any]]]:
    """The records with the fields of objects as columns: ``objects.category``, without boxes and areas."""
    flat: list[tuple[int, dict[str, Any]]] = []
    not_labels: set[str] = set()
    for line, row, where in rows:
        values: dict[str, Any] = {}
        for key, value in row.items():
            fields = _fields(value)
            if fields is None:
                odd = next((item for item in value if not _is_plain(item)), None) if isinstance(value, list) else None
                if odd is not None:
                    what, instead = f"{key!r} holds {kind_of(odd)}", 'a list of names such as ["sea", "sun"]'
                    faults.append(Fault(what, where, instead))
                values[key] = value
            for name, one in (fields or {}).items():
                values[f"{key}.{name}"] = one
                if not all(_is_plain(item) for item in (one if isinstance(one, list) else [one])):
                    not_labels.add(f"{key}.{name}")
        flat.append((line, values))
    return [(line, {key: one for key, one in values.items() if key not in not_labels}) for line, values in flat]


def _fields(value: Any) -> dict[str, Any] | None:
    """The fields of an object, or of a list of objects; None for anything else."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return {name: [one.get(name) for one in value] for name in dict.fromkeys(key for one in value for key in one)}
    return None


def _is_plain(item: Any) -> bool:
    return isinstance(item, str | int)


def _parquet(place: Place) -> Iterable[tuple[int, dict[str, Any]]]:
    from tagfit.data.readers.arrow_files import parquet_rows

    return enumerate(parquet_rows(place), 1)


def _json_lines(place: Place, shown: str, faults: list[Fault]) -> Iterable[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(content_of(place).split(b"\n"), 1):
        where = f"{shown}, row {number}"
        if not line.strip():
            continue
        try:
            row = parse_json_text(line, where, "")
        except InputError as error:
            faults.extend(error.faults)
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            faults.append(
                Fault(f"it is {kind_of(row)}", where, 'an object such as {"file_name": "a.jpg", "tags": ["sea"]}')
            )
