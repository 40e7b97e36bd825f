"""Reads Roboflow's multi-label export: ``_classes.csv`` with a 0/1 column per label, in each folder of a split."""

from __future__ import annotations

from dataclasses import dataclass, field

from tagfit import literals
from tagfit.data.pictures.sources import Place
from tagfit.data.readers.annotations import Annotations, split_of
from tagfit.data.readers.delimited import numbered_rows
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError

NAME = "Roboflow"
TABLE = "_classes.csv"


def recognise(look: Look) -> bool:
    """A ``_classes.csv``, or a folder with one, or with folders of splits that have one each."""
    return look.place.name == TABLE if not look.is_folder else bool(_tables(look))


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures of all splits with their 0/1 columns.

    Raises:
        InputError: all faults, each with file and row.
    """
    tables = _tables(Look(place)) if place.is_dir() else {"": place}
    if not tables:
        raise InputError(f"the folder {place} has no {TABLE}", instead=f"train/{TABLE}, valid/{TABLE} ...")
    annotations = Annotations(NAME, place, options)
    found = _Codes()
    columns: list[str] = []
    for folder, table in tables.items():
        shown = f"{folder}/{TABLE}" if folder else TABLE
        annotations.look_in([table.parent])
        names = _read_table(table, shown, split_of(folder), annotations, found)
        if columns and names and set(columns) != set(names):
            differ = sorted(set(columns) ^ set(names))
            annotations.fault(f"it has other columns than the first table: {differ}", shown, "the same in each")
        columns = columns or names
    annotations.refuse_if_faulty()
    codes = [[states[name] for name in columns] for states in found.codes]
    ticks_only = bool(found.words) and found.words <= literals.TICKS
    annotations.mark_zero_one(found.rows, columns, codes, ticks_only=ticks_only)
    return annotations.finish()


@dataclass
class _Codes:
    """What the tables say: the rows, the state of each label in each, and the words for what is present."""

    rows: list[int] = field(default_factory=list)
    codes: list[dict[str, bytes]] = field(default_factory=list)
    words: set[str] = field(default_factory=set)


def _tables(look: Look) -> dict[str, Place]:
    own = look.children.get(TABLE)
    if own is not None:
        return {"": own}
    inside = {name: child for name in look.children if (child := look.child(name, TABLE)) is not None}
    return {name: child.place for name, child in inside.items()}


def _read_table(table: Place, shown: str, split: str, annotations: Annotations, found: _Codes) -> list[str]:
    rows = numbered_rows(table, shown, annotations.faults)
    if annotations.faults and not rows:
        return []
    header = rows[0][1] if rows else []
    names = header[1:]
    if not header or header[0].lower() not in ("filename", "file_name", "image") or not names:
        annotations.fault(f"the header is {','.join(header)!r}", f"{shown}, row 1", "filename, then the labels")
        return []
    if len(set(names)) < len(names) or "" in names:
        annotations.fault("a label is empty or occurs twice", f"{shown}, row 1", "each label once")
        return []
    for line, cells in rows[1:]:
        where = f"{shown}, row {line}"
        if len(cells) != len(header):
            annotations.fault(f"{len(cells)} cells, the header has {len(header)}", where)
            continue
        found.rows.append(annotations.picture(cells[0], where, split))
        states = dict(zip(names, map(literals.state, cells[1:]), strict=True))
        for name, cell in zip(names, cells[1:], strict=True):
            if states[name] == literals.INVALID:
                annotations.fault(f"the column {name!r} holds {cell!r}", where, "0 or 1")
            elif states[name] == literals.PRESENT:
                found.words.add(cell.strip().casefold())
        found.codes.append(states)
    return names
