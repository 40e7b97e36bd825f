"""The cells of a tags column: what parts the tags, what each one says, and the multi-hot truth of all rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tagfit.data.labels import listed
from tagfit.errors import Fault, InputError

# Of several that stand in the cells the earliest parts the tags (Places|Italy, sun), unless it is rare beside another.
SEPARATORS = (";", ",", "|")
NOISE = 0.1
NAMED_SEPARATORS = {"space": " ", "tab": "\t"}
ABSENT, PRESENT, UNKNOWN = 0, 1, 2


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


def read_cells(texts: Sequence[str], separator: str | None) -> Cells:
    """Parse a tags column of N cells; ``separator`` None finds it among ``|``, ``;`` and ``,``."""
    counts = Counter(texts)
    index = {text: number for number, text in enumerate(counts)}
    which = np.fromiter((index[text] for text in texts), dtype=np.int64, count=len(texts))
    notes: list[str] = []
    warnings: list[Fault] = []
    if separator is None:
        chosen = _find_separator(counts, notes, warnings)
    else:
        chosen = NAMED_SEPARATORS.get(separator, separator)
        if not chosen:
            raise InputError("the separator is empty", instead="one of | ; , space tab, or any other text")
        notes.append(f"separator of the tags: {chosen!r} (as given)")
    cells = Cells([parse_cell(text, chosen) for text in counts], which, notes, warnings)
    warnings += _hierarchical(cells.names(), chosen)
    return cells


def parse_cell(text: str, separator: str | None) -> Cell:
    """``a|!b|?c`` -> a present, b absent, c unknown; empty: no tags; a lone ``?``: nothing is known of the row."""
    if text.strip() == "?":
        return Cell({}, unknown_row=True)
    states: dict[str, int] = {}
    faults: list[str] = []
    for piece in text.split(separator) if separator else [text]:
        tag = piece.strip()
        if not tag:
            continue
        mark = tag[0] if tag[0] in "!?" else ""
        name = tag[len(mark) :].strip()
        state = {"": PRESENT, "!": ABSENT, "?": UNKNOWN}[mark]
        if not name:
            faults.append(f"{mark!r} stands without a tag in {text!r}")
        elif states.setdefault(name, state) != state:
            faults.append(f"conflicting tags: {text!r} says two things of {name!r}")
    return Cell(states, faults=tuple(faults))


def _find_separator(counts: Counter[str], notes: list[str], warnings: list[Fault]) -> str | None:
    found = {sign: sum(number for text, number in counts.items() if sign in text) for sign in SEPARATORS}
    present = [sign for sign in SEPARATORS if found[sign]]
    if not present:
        notes.append("separator of the tags: none found among | ; , (each cell is one tag)")
        spaced = next((text for text in counts if " " in text.strip()), None)
        if spaced is not None:
            warnings.append(
                Fault(
                    f"cells such as {spaced!r} hold spaces, read as one tag", instead="--separator space to part them"
                )
            )
        return None
    most = max(found.values())
    chosen = next(sign for sign in present if found[sign] >= NOISE * most)
    notes.append(f"separator of the tags: {chosen!r} (found in {found[chosen]} cells)")
    for sign in present:
        if sign != chosen:
            example = next(text for text in counts if sign in text)
            warnings.append(
                Fault(
                    f"{found[sign]} cells also hold {sign!r}, such as {example!r}; it is read as a part of the names",
                    instead=f"--separator {sign!r} to part the tags there",
                )
            )
    return chosen


def _hierarchical(names: Sequence[str], separator: str | None) -> list[Fault]:
    signs = [sign for sign in ("|", "/") if sign != separator]
    paths = [name for name in names if any(sign in name.strip(sign) for sign in signs)]
    if not paths:
        return []
    return [Fault(f"tags that look hierarchical are read as whole names, not split: {listed(paths)}")]
