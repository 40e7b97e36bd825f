"""The columns of a table that say something about a row as a whole: split, fold, group and weight."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tagfit import literals
from tagfit.data.labels import listed
from tagfit.data.readers.delimited import Table, normalised
from tagfit.errors import Fault

SPLIT_NAMES = {
    "train": "train", "training": "train", "trn": "train", "tr": "train",
    "validation": "validation", "val": "validation", "valid": "validation", "dev": "validation",
    "test": "test", "testing": "test", "tst": "test",
}  # fmt: skip
OF_PARTITION = {"0": "train", "1": "validation", "2": "test"}  # CelebA's list_eval_partition
SHOWN_VALUES = 5

T = TypeVar("T")


def read_split(table: Table, index: int, faults: list[Fault]) -> NDArray[np.str_]:
    """The split of each row, '' where the cell holds nothing.

    ``is_valid`` (fastai) says yes for validation, and ``partition`` (CelebA) has 0, 1, 2. In any other column these
    would be a guess, and are refused once for the whole column.
    """
    name = normalised(table.header[index])

    def split_of(cell: str) -> str | None:
        if literals.is_nothing(cell):
            return ""
        if name == "isvalid":
            return {literals.PRESENT: "validation", literals.ABSENT: "train"}.get(literals.state(cell))
        if name == "partition" and literals.whole_number(cell) is not None:
            return OF_PARTITION.get(str(literals.whole_number(cell)))
        return SPLIT_NAMES.get(cell.strip().casefold())

    splits, odd = _mapped(table, index, split_of, "")
    if odd:
        shown = listed(list(odd)[:SHOWN_VALUES]) + (" and others" if len(odd) > SHOWN_VALUES else "")
        rows = sum(len(rows) for rows in odd.values())
        faults.append(
            Fault(
                f"the column {table.header[index]!r} says {shown} in {rows} rows",
                table.where(min(rows[0] for rows in odd.values())),
                "train, validation, test or nothing; numbers in a column named fold, or in one named partition with 0 "
                f"for train, 1 for validation, 2 for test; --ignore-columns {table.header[index]!r} if it is no split",
            )
        )
    return np.asarray(splits, dtype="<U10")


def read_fold(table: Table, index: int, faults: list[Fault]) -> NDArray[np.int64]:
    """The fold of each row: 0, 1, 2 ..., also as ``1.0``."""
    folds, odd = _mapped(table, index, literals.whole_number, 0)
    faults += [Fault(f"the fold is {cell!r}", table.where(row), "a whole number from 0") for cell, row in _each(odd)]
    return np.asarray(folds, dtype=np.int64)


def read_group(table: Table, index: int, _faults: list[Fault]) -> NDArray[np.str_]:
    """The group of each row, '' where the cell holds nothing: the row stands alone."""
    groups = [cell.strip() for cell in table.column(index)]
    nothing = {group for group in set(groups) if literals.is_nothing(group)} - {""}
    return np.asarray(["" if group in nothing else group for group in groups] if nothing else groups, dtype=np.str_)


def read_weight(table: Table, index: int, faults: list[Fault]) -> NDArray[np.float64]:
    """The weight of each row, a number of 0 or more."""

    def weight_of(cell: str) -> float | None:
        try:
            value = literals.number(cell, decimal_comma=table.decimal_comma)
        except ValueError:
            return None
        return value if math.isfinite(value) and value >= 0 else None

    weights, odd = _mapped(table, index, weight_of, 0.0)
    faults += [Fault(f"the weight is {cell!r}", table.where(row), "a number of 0 or more") for cell, row in _each(odd)]
    return np.asarray(weights, dtype=np.float64)


ROW_COLUMNS: dict[str, Callable[[Table, int, list[Fault]], NDArray[Any]]] = {
    "split": read_split,
    "fold": read_fold,
    "group": read_group,
    "weight": read_weight,
}
"""Role -> the function that reads a column of it; what cannot be read goes to the faults."""


def _mapped(
    table: Table, index: int, read: Callable[[str], T | None], instead: T
) -> tuple[list[T], dict[str, list[int]]]:
    """What ``read`` makes of each cell, each distinct one read once, and the rows of cells that it cannot read."""
    cells = table.column(index)
    values = {cell: read(cell) for cell in set(cells)}
    wrong = {cell for cell, value in values.items() if value is None}
    odd: dict[str, list[int]] = {}
    if wrong:
        for row, cell in enumerate(cells):
            if cell in wrong:
                odd.setdefault(cell, []).append(row)
    plain = {cell: instead if value is None else value for cell, value in values.items()}
    return [plain[cell] for cell in cells], odd


def _each(odd: dict[str, list[int]]) -> list[tuple[str, int]]:
    return sorted(((cell, row) for cell, rows in odd.items() for row in rows), key=lambda one: one[1])
