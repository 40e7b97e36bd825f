"""Columns of 0 and 1, one per label: what their cells say becomes multi-hot truth, and doubtful customs are refused."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tagfit import literals
from tagfit.data.readers.delimited import Table
from tagfit.errors import Fault

UNSPLIT = frozenset("01?")
MINUS_ONE_READINGS = "-1 is absent in CelebA and PASCAL VOC, unknown elsewhere"
BLANK_READINGS = "an empty cell is absent in tables that mark only what is there, unknown elsewhere"


def read_label_columns(
    table: Table,
    columns: Mapping[str, int],
    *,
    minus_one: str | None,
    blank: str | None,
    notes: list[str],
    faults: list[Fault],
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], list[str]]:
    """The truth that columns of 0 and 1 hold.

    Args:
        table: N rows.
        columns: L label names, each with its column.
        minus_one, blank: what -1 and a cell without a value mean, ``absent`` or ``unknown``. With None they are unknown
            where the table also says 0; where it never does, that would be a guess, which is refused.
        notes: gets how -1 and blanks are read.
        faults: gets what cannot be read, one fault per column, and what is doubtful.

    Returns:
        (truth (N, L), known (N, L), the options under which what is unknown now would be absent).
    """
    codes = np.empty((len(table.rows), len(columns)), dtype="S1")
    present_words: set[str] = set()
    for number, (name, index) in enumerate(columns.items()):
        codes[:, number] = _codes(table, name, index, present_words, faults)
    return decided(
        codes,
        table.path.name,
        minus_one=minus_one,
        blank=blank,
        ticks_only=bool(present_words) and present_words <= literals.TICKS,
        notes=notes,
        faults=faults,
    )


def decided(
    codes: NDArray[np.bytes_],
    place: str,
    *,
    minus_one: str | None,
    blank: str | None,
    notes: list[str],
    faults: list[Fault],
    ticks_only: bool = False,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], list[str]]:
    """What codes of ``literals`` say, -1 and blanks in the sense of the source, which is refused where it is doubtful.

    Args:
        codes: (N, L) codes, which are changed.
        place: the source, for messages.
        minus_one, blank, notes, faults: as in :func:`read_label_columns`.
        ticks_only: whether what is present is ticked; then a blank is absent.

    Returns:
        As :func:`read_label_columns`.
    """
    absent_by: list[str] = []
    says_absent = bool((codes == literals.ABSENT).any())
    minus_ones, blanks = codes == literals.MINUS_ONE, codes == literals.BLANK
    if minus_ones.any():
        meant = minus_one or ("unknown" if says_absent else None)
        if meant is None:
            what = f"no cell says 0 and {int(minus_ones.sum())} say -1: {MINUS_ONE_READINGS}"
            faults.append(Fault(what, place, "--minus-one absent, or --minus-one unknown"))
        else:
            notes.append(f"-1 is {meant} ({int(minus_ones.sum())} cells{_as_asked(minus_one)})")
            codes[minus_ones] = literals.ABSENT if meant == "absent" else literals.UNKNOWN
            says_absent |= meant == "absent"
            absent_by += ["--minus-one absent"] if meant == "unknown" else []
    if blanks.any():
        meant = blank or ("unknown" if says_absent else "absent" if ticks_only else None)
        if meant is None:
            what = f"no cell says 0 and {int(blanks.sum())} are empty: {BLANK_READINGS}"
            faults.append(Fault(what, place, "--blank absent, or --blank unknown"))
        else:
            ticks = " next to ticks" if blank is None and meant == "absent" else ""
            notes.append(f"an empty cell{ticks} is {meant} ({int(blanks.sum())} cells{_as_asked(blank)})")
            absent_by += ["--blank absent"] if meant == "unknown" else []
            codes[blanks] = literals.ABSENT if meant == "absent" else literals.UNKNOWN
    known = (codes == literals.PRESENT) | (codes == literals.ABSENT)
    return (codes == literals.PRESENT).astype(np.uint8), known, absent_by


def _codes(table: Table, name: str, index: int, present_words: set[str], faults: list[Fault]) -> NDArray[np.bytes_]:
    """One code of ``literals`` per row; a column with cells that say something else is one fault."""
    cells = table.column(index)
    distinct = set(cells)
    if distinct <= UNSPLIT:
        present_words.update(distinct & {"1"})
        return np.frombuffer("".join(cells).encode("ascii"), dtype="S1")
    states = {cell: literals.state(cell) for cell in distinct}
    present_words.update(cell.strip().casefold() for cell, state in states.items() if state == literals.PRESENT)
    invalid = {cell for cell, state in states.items() if state == literals.INVALID}
    if invalid:
        rows = [row for row, cell in enumerate(cells) if cell in invalid]
        more = f" (and {len(rows) - 1} more such cells)" if len(rows) > 1 else ""
        faults.append(
            Fault(
                f"the column {name!r} holds {cells[rows[0]]!r}{more}",
                table.where(rows[0]),
                f"0 or 1; ? or nothing for unknown; --ignore-columns {name!r} if it is not a label",
            )
        )
    return np.frombuffer(b"".join([states[cell] for cell in cells]), dtype="S1")


def _as_asked(option: str | None) -> str:
    return ", as asked" if option is not None else ""
