"""Reads Hugging Face datasets: Parquet files or ``save_to_disk`` folders, with the label names of their features."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tagfit.data.labels import align
from tagfit.data.pictures.arrow_pictures import ROW
from tagfit.data.pictures.finding import OUTSIDE, Finder, refused
from tagfit.data.pictures.sources import Member, Place, listing
from tagfit.data.readers.annotations import split_of
from tagfit.data.readers.arrow_columns import PATHS, Columns
from tagfit.data.readers.arrow_files import ArrowFile, arrow_faults, open_arrow
from tagfit.data.readers.arrow_labels import find_labels
from tagfit.data.readers.arrow_tables import is_table, table_of
from tagfit.data.readers.json_files import parse_json
from tagfit.data.readers.look import Look
from tagfit.data.readers.lost_pictures import LostPictures
from tagfit.data.readers.options import TableOptions
from tagfit.data.readers.table import from_table
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError

NAME = "Hugging Face"
STATE, INFO, DICT = "state.json", "dataset_info.json", "dataset_dict.json"


def recognise(look: Look) -> bool:
    """A Parquet or Arrow file, a folder of Parquet files (perhaps in ``data/``), or what ``save_to_disk`` writes."""
    if not look.is_folder:
        return look.suffix in (".parquet", ".arrow") or look.start.startswith(b"PAR1")
    return DICT in look.children or {STATE, INFO} <= look.children.keys() or bool(_parquet_files(look.place))


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures of all files and splits; the bytes of pictures stay where they are until they are decoded.

    Raises:
        InputError: all faults, each with file and row; or pyarrow is not installed (the extra ``parquet``).
    """
    files = _files(place) if place.is_dir() else {place: ""}
    if not files:
        raise InputError(
            f"the folder {place} holds no Parquet file and no {STATE}", instead="*.parquet, or save_to_disk"
        )
    parts: list[TaggedSet] = []
    faults: list[Fault] = []
    opened: dict[ArrowFile, str] = {}
    for file, split in files.items():
        with arrow_faults(file, NAME):
            opened[open_arrow(file, NAME)] = split
    with arrow_faults(place, NAME):
        if _is_one_table(opened, options):
            return from_table(table_of(opened, next(iter(files))), options)
    for one, split in opened.items():
        with arrow_faults(one.place, NAME):
            parts.append(_read_file(one, split, options, faults))
    if faults:
        raise InputError(faults, what=f"{place} cannot be read as {NAME}")
    return _joined(parts, place)


def _is_one_table(files: dict[ArrowFile, str], options: TableOptions) -> bool:
    names = [file.names for file in files]
    return all(one == names[0] for one in names) and all(is_table(Columns(file, options, [])) for file in files)


def _files(folder: Place) -> dict[Place, str]:
    """The files of all splits in their order, each with its split."""
    if (folder / DICT).is_file():
        splits = parse_json(folder / DICT, NAME)
        names = splits.get("splits") if isinstance(splits, dict) else None
        if not isinstance(names, list) or not names or not all(_is_plain(name) for name in names):
            raise InputError(
                Fault(f"its splits are {names!r}", DICT, "names of folders"), what=f"{folder} cannot be read"
            )
        return {file: split_of(name) for name in names for file in _saved(folder / name)}
    if (folder / STATE).is_file():
        return dict.fromkeys(_saved(folder), split_of(folder.name))
    return {
        file: split_of(file.name.split("-")[0].split(".")[0]) or split_of(file.parent.name)
        for file in _parquet_files(folder)
    }


def _is_plain(name: object) -> bool:
    return isinstance(name, str) and name not in ("", ".", "..") and not set(name) & set("/\\\0")


def _saved(folder: Place) -> list[Place]:
    """The Arrow files that ``state.json`` names."""
    heading = f"{folder} cannot be read as {NAME}"
    if not (folder / STATE).is_file():
        raise InputError(Fault(f"there is no {STATE}", folder.name), what=heading)
    state = parse_json(folder / STATE, NAME)
    given = state.get("_data_files") if isinstance(state, dict) else None
    names = [one.get("filename") if isinstance(one, dict) else None for one in given] if isinstance(given, list) else []
    wrong = [name for name in names if not _is_plain(name) or not (folder / str(name)).is_file()]
    if not names or wrong:
        found = f"there is no file {wrong[0]!r} in the folder" if wrong else "it names no data files"
        raise InputError(
            Fault(found, STATE, '"_data_files": [{"filename": "data-00000-of-00001.arrow"}]'), what=heading
        )
    if state.get("_indices_data_files"):
        raise InputError(
            Fault("it selects rows by an index", STATE, "flatten_indices() before save_to_disk"), what=heading
        )
    return [folder / str(name) for name in names]


def _parquet_files(folder: Place) -> list[Place]:
    """Parquet files in a folder, in ``data/``, or in the folders of splits."""
    own = [place for place in listing(folder) if place.name.endswith(".parquet")]
    inner = [place for place in listing(folder) if not own and place.is_dir()]
    return own or [file for place in inner for file in listing(place) if file.name.endswith(".parquet")]


def _read_file(file: ArrowFile, split: str, options: TableOptions, faults: list[Fault]) -> TaggedSet:
    columns = Columns(file, options, faults)
    picture, field = columns.picture
    labels = find_labels(columns)
    files, ids, unusable = _pictures(file, picture, field, options, labels.notes, faults)
    data = TaggedSet(
        ids=np.asarray(ids, dtype=np.str_),
        truth=labels.truth,
        known=labels.known,
        labels=labels.names,
        files=tuple(files),
        groups=columns.texts("group"),
        weights=columns.numbers("weight", np.float64),
        split=_split_column(columns, split),
        fold=columns.numbers("fold", np.int64),
        notes=tuple(labels.notes),
        warnings=tuple(labels.warnings),
        unlisted=labels.unlisted,
        absent_by=labels.absent_by,
        quarantined=tuple(unusable[row] for row in sorted(unusable)),
    )
    return data.take([row for row in range(file.rows) if row not in unusable]) if unusable else data


def _split_column(columns: Columns, split: str) -> Any:
    """The split of each row: of the column ``split`` if it names splits, else the one that the file is named after."""
    if not split:
        return columns.texts("split")
    faults: list[Fault] = []
    own = replace(columns, faults=faults).texts("split")
    return np.full(columns.file.rows, split, dtype="<U10") if own is None or faults else own


def _pictures(
    file: ArrowFile, column: str, field: str | None, options: TableOptions, notes: list[str], faults: list[Fault]
) -> tuple[list[Place], list[str], dict[int, Fault]]:
    """(picture of each row, its id, why those that are not there cannot be used)."""
    name = file.place.name
    has_path = field == "bytes" and file.schema.field(column).type.get_field_index("path") >= 0
    paths: list[str | None] = [None] * file.rows
    if field == PATHS or has_path:
        paths = file.column(column, "path" if has_path else None).to_pylist()
    ids = [path or "" for path in paths]
    if "" in ids or len(set(ids)) < len(ids):
        ids = [f"{name}:{row + 1}" for row in range(file.rows)]
    embedded = np.zeros(file.rows, dtype=bool) if field == PATHS else file.has_bytes(column, field)
    store = file.pictures(column, field) if embedded.any() else None
    files: list[Place] = [file.place if store is None else Member(store, f"{ROW}{row}") for row in range(file.rows)]
    home = options.images or file.place.parent
    finder = Finder([home], options.allow_outside)
    lost = LostPictures(home)
    unusable: dict[int, Fault] = {}
    for row in np.flatnonzero(~embedded).tolist():
        path = paths[row]
        found = finder.find(path) if path else Fault("it has neither bytes nor a path")
        if not isinstance(found, Fault):
            files[row] = found
        elif found.where == OUTSIDE or not path:
            unusable[row] = found
        else:
            lost.add(row, path, found, [home])
    nearly, missing = lost.find((one for one in files if one != file.place), notes)
    unusable |= missing
    for row, picture in nearly.items():
        files[row] = picture
    for row in np.flatnonzero(~embedded).tolist():
        fault = unusable.get(row) or refused(files[row])
        if fault is not None:
            unusable[row] = Fault(fault.what, f"{name}, row {row + 1}", fault.instead)
            if fault.where == OUTSIDE:
                faults.append(unusable[row])
    return files, ids, unusable


def _joined(parts: list[TaggedSet], place: Place) -> TaggedSet:
    """The rows of all files, one after another, with the labels of all."""
    labels = parts[0].labels
    if any(data.labels != labels for data in parts):
        labels = tuple(sorted({label for data in parts for label in data.labels}))
        parts = [align(data, labels) for data in parts]
    if not sum(len(data) for data in parts):
        faults = [fault for data in parts for fault in data.quarantined]
        raise InputError(faults or "it has no rows", what=f"{place} ({NAME}) has no picture that can be used")
    if len(parts) == 1:
        return parts[0]

    def column(name: str, missing: Any) -> Any:
        values = [getattr(data, name) for data in parts]
        if all(value is None for value in values):
            return None
        filled = [
            np.full(len(data), missing) if value is None else value for data, value in zip(parts, values, strict=True)
        ]
        return np.concatenate(filled)

    ids = np.concatenate([data.ids for data in parts])
    if len(set(ids.tolist())) < len(ids):
        ids = np.asarray([f"{number}/{row}" for number, data in enumerate(parts) for row in data.ids], dtype=np.str_)
    return replace(
        parts[0],
        ids=ids,
        truth=np.concatenate([data.truth for data in parts]),
        known=np.concatenate([data.known for data in parts]),
        files=tuple(file for data in parts for file in data.files or ()),
        groups=column("groups", ""),
        weights=column("weights", 1.0),
        split=column("split", ""),
        fold=column("fold", 0),
        notes=tuple(dict.fromkeys(note for data in parts for note in data.notes)),
        warnings=tuple(dict.fromkeys(fault for data in parts for fault in data.warnings)),
        absent_by=tuple(dict.fromkeys(way for data in parts for way in data.absent_by)),
        quarantined=tuple(fault for data in parts for fault in data.quarantined),
    )
