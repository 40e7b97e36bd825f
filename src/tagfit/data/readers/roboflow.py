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
    for folder, table in tables.items():
        shown = f"{folder}/{TABLE}" if folder else TABLE
        annotations.look_in([table.parent])
        names = _read_table(table, shown, split_of(folder), annotations, found)
        if names and set(found.columns) != set(names):
            differ = sorted(set(found.columns) ^ set(names))
            annotations.fault(f"it has other columns than the first table: {differ}", shown, "the same in each")
    annotations.refuse_if_faulty()
    words = {
        word for cell, state in found.states.items() if state == literals.PRESENT if (word := cell.strip().casefold())
    }
    ticks_only = bool(words) and words <= literals.TICKS
    annotations.mark_zero_one(found.rows, found.columns, found.codes, ticks_only=ticks_only)
    return annotations.finish()


@dataclass
class _Codes:
    """What the tables say: the labels, the rows, the state of each label in each, and that of each distinct cell."""

    columns: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    codes: list[list[bytes]] = field(default_factory=list)
    states: dict[str, bytes] = field(default_factory=dict)

    def state(self, cell: str) -> bytes:
        known = self.states.get(cell)
        if known is None:
            known = self.states[cell] = literals.state(cell)
        return known


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
    found.columns = found.columns or names
    order = None if names == found.columns else [names.index(name) for name in found.columns if name in names]
    for line, cells in rows[1:]:
        where = f"{shown}, row {line}"
        if len(cells) != len(header):
            annotations.fault(f"{len(cells)} cells, the header has {len(header)}", where)
            continue
        found.rows.append(annotations.picture(cells[0], where, split))
        states = [found.state(cell) for cell in cells[1:]]
        if literals.INVALID in states:
            wrong = states.index(literals.INVALID)
            annotations.fault(f"the column {names[wrong]!r} holds {cells[1 + wrong]!r}", where, "0 or 1")
        found.codes.append(states if order is None else [states[at] for at in order])
    return names
