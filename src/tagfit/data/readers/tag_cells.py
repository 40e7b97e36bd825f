"""The cells of a tags column: what separates the tags, what each one says, and the multi-hot truth of all rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tagfit.data.labels import listed
from tagfit.data.readers import separators
from tagfit.data.readers.list_cells import BRACKETS, are_lists, is_quoted, parse_list
from tagfit.data.readers.separators import Separator
from tagfit.errors import Fault
from tagfit.literals import is_nothing

ABSENT, PRESENT, UNKNOWN = 0, 1, 2
# Inside a list of tags these are no tags either; a dash or NA there may be one.
NO_TAGS = frozenset(("nan", "none", "<na>", "null"))
# What collections call it when a picture has none of the labels.
NONE_NAMES = frozenset(("nofinding", "nofindings", "none", "nothing", "notag", "notags", "nolabel", "nolabels"))


@dataclass(frozen=True)
class Cell:
    """What one cell says: the state of each label it names, or that nothing is known of the row."""

    states: dict[str, int]
    unknown_row: bool = False
    faults: tuple[str, ...] = ()


@dataclass
class Cells:
    """All cells of a tags column, each distinct one parsed once.

    Attributes:
        cells: the distinct cells, in the order in which they first stand.
        which: N indices into ``cells``.
        notes, warnings: what the user should know of how they were read.
    """

    cells: list[Cell]
    which: NDArray[np.int64]
    notes: list[str] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    def names(self) -> list[str]:
        """Every label that is named, sorted."""
        return sorted({name for cell in self.cells for name in cell.states})

    def say_absent(self) -> bool:
        """Whether any cell says of a label that it is absent."""
        return any(state == ABSENT for cell in self.cells for state in cell.states.values())

    def truth(self, labels: Sequence[str], *, unlisted: str) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """(truth, known) of shape (N, L); names that are not among ``labels`` are passed over."""
        column = {name: index for index, name in enumerate(labels)}
        states = np.full((len(self.cells), len(labels)), UNKNOWN if unlisted == "unknown" else ABSENT, dtype=np.uint8)
        entries = [
            (row, column[name], state)
            for row, cell in enumerate(self.cells)
            for name, state in cell.states.items()
            if name in column
        ]
        if entries:
            rows, columns, values = zip(*entries, strict=True)
            states[list(rows), list(columns)] = values
        states[[row for row, cell in enumerate(self.cells) if cell.unknown_row]] = UNKNOWN
        every = states[self.which]
        return (every == PRESENT).astype(np.uint8), every != UNKNOWN


def read_cells(
    texts: Sequence[str], separator: str | None, *, none_label: str | None = None, blank: str | None = None
) -> Cells:
    """Parse a tags column of N cells.

    Args:
        texts: the cells.
        separator: what separates the tags; None finds it.
        none_label: the name that says that a picture has no tag.
        blank: ``unknown`` where an empty cell says nothing of its row; None and ``absent``: the picture has no tag.
    """
    counts = Counter(texts)
    index = {text: number for number, text in enumerate(counts)}
    which = np.fromiter((index[text] for text in texts), dtype=np.int64, count=len(texts))
    notes: list[str] = []
    warnings: list[Fault] = []
    nothing = {text: number for text, number in counts.items() if text.strip() and is_nothing(text)}
    if nothing:
        meant = "nothing is known of the row" if blank == "unknown" else "no tags"
        what = f"{sum(nothing.values())} cells say {listed(list(nothing))}, read like an empty cell: {meant}"
        warnings.append(Fault(what, instead="" if blank else "--blank unknown if nothing is known of these rows"))
    filled = Counter({text: number for text, number in counts.items() if not is_nothing(text) and text.strip() != "?"})
    parsed: dict[str, Cell] = {}
    if separator is None and are_lists(filled):
        notes.append("the cells of the tags are lists in brackets")
        found = Separator()
        for text in filled:
            members = parse_list(text)
            fault = f"{text!r} is not a list of tags, though other cells are lists"
            parsed[text] = Cell({}, faults=(fault,)) if members is None else _cell(text, members, none_label)
    elif (quoted := [text for text in filled if is_quoted(text)]) and len(quoted) == len(filled):
        notes.append("the tags are in quotes, which are left out")
        found = Separator()
        parsed = {text: _cell(text, parse_list(f"[{text}]") or [], none_label) for text in filled}
    else:
        if quoted:
            what = f"{sum(filled[text] for text in quoted)} cells are in quotes, which are read as part of the tags"
            warnings.append(Fault(f"{what}: {listed(quoted)}", instead="quotes in every cell, or in none"))
        search = separators.given(separator) if separator is not None else separators.find(filled)
        found = search.separator
        notes += search.notes
        warnings += search.warnings
        codes = _whole_codes(filled, found)
        for text in filled:
            parts = [codes.get(part.strip(), part) for part in found.split(text)]
            named = [part for part in parts if part.strip().casefold() not in NO_TAGS]
            parsed[text] = _cell(text, named, none_label)
            if len(named) < len(parts):
                warnings.append(Fault(f"{text!r} names nothing among its tags, which is passed over"))
    empty = Cell({}, unknown_row=blank == "unknown")
    unknown = Cell({}, unknown_row=True)
    all_cells = [parsed.get(text) or (unknown if text.strip() == "?" else empty) for text in counts]
    cells = Cells(all_cells, which, notes, warnings)
    warnings += _hierarchical(cells.names(), found)
    warnings += _says_none(cells, none_label)
    return cells


def reads_otherwise(name: str) -> bool:
    """Whether a tag of this name, alone in a cell, is read as something else: as nothing, a list, or a number."""
    return (
        is_nothing(name)
        or name.casefold() in NO_TAGS
        or name[:1] in BRACKETS
        or is_quoted(name)
        or (name.endswith(".0") and name[:-2].isdigit())
    )


def merged(columns: Sequence[Cells]) -> Cells:
    """Several tags columns as one: a row has the tags of all of them."""
    rows = list(zip(*(one.which.tolist() for one in columns), strict=True))
    index = {row: number for number, row in enumerate(dict.fromkeys(rows))}
    cells = []
    for row in index:
        states: dict[str, int] = {}
        parts = [one.cells[which] for one, which in zip(columns, row, strict=True)]
        for part in parts:
            states |= {name: state for name, state in part.states.items() if states.get(name) != PRESENT}
        faults = tuple(fault for part in parts for fault in part.faults)
        cells.append(Cell(states, all(part.unknown_row for part in parts), faults))
    return Cells(
        cells,
        np.asarray([index[row] for row in rows], dtype=np.int64),
        list(dict.fromkeys(note for one in columns for note in one.notes)),
        [fault for one in columns for fault in one.warnings],
    )


def _cell(text: str, pieces: Sequence[str], none_label: str | None) -> Cell:
    """``a``, ``!b``, ``?c``: a present, b absent, c unknown."""
    states: dict[str, int] = {}
    faults: list[str] = []
    says_none = False
    for piece in pieces:
        tag = piece.strip()
        if not tag:
            continue
        mark = tag[0] if tag[0] in "!?" else ""
        name = tag[len(mark) :].strip()
        state = {"": PRESENT, "!": ABSENT, "?": UNKNOWN}[mark]
        if not name:
            faults.append(f"{mark!r} is not followed by a tag in {text!r}")
        elif none_label is not None and name.casefold() == none_label.strip().casefold():
            says_none = True
        elif states.setdefault(name, state) != state:
            faults.append(f"conflicting tags: {text!r} gives {name!r} two different states")
    if says_none and PRESENT in states.values():
        faults.append(f"conflicting tags: {text!r} says {none_label!r} and names tags")
    return Cell(states, faults=tuple(faults))


def _whole_codes(counts: Counter[str], separator: Separator) -> dict[str, str]:
    """Codes that became 5.0 because a cell was missing -> 5, where every tag is such a number."""
    parts = {part.strip() for text in counts for part in separator.split(text)} - {""}
    if parts and all(part.endswith(".0") and part[:-2].isdigit() for part in parts):
        return {part: part[:-2] for part in parts}
    return {}


def _hierarchical(names: Sequence[str], separator: Separator) -> list[Fault]:
    signs = [sign for sign in separators.LEVELS if sign not in separator.signs]
    paths = [name for name in names if any(sign in name.strip(sign) for sign in signs)]
    if not paths:
        return []
    return [Fault(f"tags that look hierarchical are read as whole names, not split: {listed(paths)}")]


def _says_none(cells: Cells, none_label: str | None) -> list[Fault]:
    """A warning where a label seems to mean "no label", because it never occurs together with another."""
    suspects = [name for name in cells.names() if "".join(filter(str.isalnum, name.casefold())) in NONE_NAMES]
    alone = [name for name in suspects if all(len(cell.states) == 1 for cell in cells.cells if name in cell.states)]
    if none_label is not None or not alone:
        return []
    what = f"the tag {alone[0]!r} never occurs together with another: it may mean that there are no tags"
    return [Fault(what, instead=f"--none-label '{alone[0]}' reads it as no tags")]
