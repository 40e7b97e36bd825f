"""Tables with one row per label: the rows of a picture are merged, and what they leave open is unknown or absent."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tagfit import literals
from tagfit.data.readers.confidences import ALL_BETWEEN, CUT, note_of_cut, says
from tagfit.data.readers.delimited import Table
from tagfit.data.readers.tag_cells import ABSENT, PRESENT, UNKNOWN, Cells
from tagfit.errors import Fault

MOSTLY = 0.5
OPPOSITE = {PRESENT: ABSENT, ABSENT: PRESENT}


def is_long(names: Sequence[str], cells: Cells, rows: str | None) -> bool:
    """Whether most rows belong to pictures that several rows name, each row with one label of its own.

    Args:
        names: the picture of each row.
        cells: what the tags column says.
        rows: ``label`` or ``picture`` where the user says it.
    """
    if rows is not None:
        return rows == "label"
    if any(len(cell.states) > 1 or cell.unknown_row for cell in cells.cells):
        return False
    said: dict[str, set[int]] = {}
    for name, which in zip(names, cells.which.tolist(), strict=True):
        said.setdefault(name, set()).add(which)
    several = {name for name, distinct in said.items() if len(distinct) > 1}
    return sum(name in several for name in names) > MOSTLY * len(names)


def merge(
    table: Table,
    names: Sequence[str],
    cells: Cells,
    labels: Sequence[str],
    *,
    confidence: int | None,
    cut: float | None,
    unlisted: str,
    notes: list[str],
    faults: list[Fault],
) -> tuple[list[int], NDArray[np.uint8], NDArray[np.bool_]]:
    """The truth of pictures from the rows of their labels.

    A confidence of 1, or from ``cut`` on, says present, and 0 says absent. Anything between says unknown, or with a cut
    no more than if the row were not there. Rows that contradict each other are a fault.

    Returns:
        (the first row of each of N pictures, truth (N, L), known (N, L)).
    """
    of_picture: dict[str, int] = {}
    firsts: list[int] = []
    column = {name: index for index, name in enumerate(labels)}
    sure = None if confidence is None else table.column(confidence)
    said: dict[tuple[int, int], tuple[int, int]] = {}
    between = 0
    for row, (name, which) in enumerate(zip(names, cells.which.tolist(), strict=True)):
        picture = of_picture.setdefault(name, len(of_picture))
        if picture == len(firsts):
            firsts.append(row)
        for label, listed_as in cells.cells[which].states.items():
            if label not in column:
                continue
            state = listed_as
            if sure is not None and listed_as != UNKNOWN:
                present = says(_confidence(sure[row], table, row, faults), cut)
                between += present is None
                if present is None and cut is not None:
                    continue
                state = UNKNOWN if present is None else listed_as if present else OPPOSITE[listed_as]
            before, first = said.setdefault((picture, column[label]), (state, row))
            if before != state:
                what = f"row {table.lines[first]} says another thing of {label!r} on {name!r}"
                faults.append(Fault(f"conflicting tags: {what}", table.where(row), "one row per picture and label"))
    if sure is not None and said and all(state == UNKNOWN for state, _ in said.values()):
        faults.append(Fault(ALL_BETWEEN, table.path.name, CUT))
    elif sure is not None and (note := note_of_cut(cut, between, unlisted)):
        notes.append(note)
    states = np.full((len(firsts), len(labels)), UNKNOWN if unlisted == "unknown" else ABSENT, dtype=np.uint8)
    if said:
        pictures, columns = zip(*said, strict=True)
        states[list(pictures), list(columns)] = [state for state, _ in said.values()]
    return firsts, (states == PRESENT).astype(np.uint8), states != UNKNOWN


def _confidence(cell: str, table: Table, row: int, faults: list[Fault]) -> float:
    """The confidence in a cell, NaN where it holds nothing or, which is a fault, no number from 0 to 1."""
    try:
        value = literals.number(cell, decimal_comma=table.decimal_comma)
    except ValueError:
        value = -1.0
    if value < 0 or value > 1:
        faults.append(Fault(f"the confidence is {cell!r}", table.where(row), "a number from 0 to 1"))
        return math.nan
    return value
