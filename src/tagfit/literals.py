"""Literals: how numbers, yes, no, unknown and nothing are written in tables, score files and arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

PRESENT, ABSENT, UNKNOWN, BLANK, MINUS_ONE, INVALID = b"1", b"0", b"?", b"_", b"-", b"!"
"""The codes of :func:`state`, one byte each."""

# What pandas, Excel, R, SQL and exiftool write where there is no value; compared without regard to case.
NOTHING = frozenset(("", "nan", "none", "null", "nil", "<na>", "na", "n/a", "#n/a", "nat", "-", "--", "–", "—"))
TICKS = frozenset(("x", "✓", "✔", "☑", "☒"))
YES = frozenset(("true", "t", "yes", "y")) | TICKS
# Words of one kind; a column of labels holds words of one of them, or numbers, and not y next to x.
KINDS = (
    frozenset(("true", "false")), frozenset(("t", "f")), frozenset(("yes", "no")), frozenset(("y", "n")), TICKS | {"☐"},
)  # fmt: skip
NO = frozenset(("false", "f", "no", "n", "☐"))


def is_nothing(text: str) -> bool:
    """Whether a cell holds no value: blank, or a word of NOTHING."""
    return text.strip().casefold() in NOTHING


def state(text: str) -> bytes:
    """What a cell of a label's column says, as one of the codes of this module.

    BLANK and MINUS_ONE are kept apart from ABSENT and UNKNOWN, as each is written for either.
    """
    word = text.strip().casefold()
    if word in NOTHING:
        return BLANK
    if word == "?":
        return UNKNOWN
    if word in YES:
        return PRESENT
    if word in NO:
        return ABSENT
    try:
        return {1.0: PRESENT, 0.0: ABSENT, -1.0: MINUS_ONE}.get(float(word), INVALID)
    except ValueError:
        return INVALID


def state_of(value: Any) -> bytes:
    """:func:`state` of a value that is not a text: a number, a truth value, None or NaN; INVALID for anything else."""
    if isinstance(value, str):
        return state(value)
    if value is None or value != value:
        return BLANK
    if isinstance(value, bool | int | float):
        return {1.0: PRESENT, 0.0: ABSENT, -1.0: MINUS_ONE}.get(float(value), INVALID) if abs(value) <= 1 else INVALID
    return INVALID


def of_one_kind(words: Iterable[str]) -> bool:
    """Whether the words for yes and no among ``words`` belong together; numbers and nothing go with all."""
    found = {word for text in words if (word := text.strip().casefold()) in YES or word in NO}
    return any(found <= kind for kind in KINDS)


def number(text: str, *, decimal_comma: bool = False) -> float:
    """The number that a cell holds; NaN where it holds nothing.

    Args:
        text: the cell.
        decimal_comma: whether ``0,5`` is one half, as spreadsheets of many countries write it.

    Raises:
        ValueError: the cell holds something else.
    """
    if is_nothing(text):
        return math.nan
    plain = text.strip()
    if decimal_comma and plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    if "_" in plain:  # Python reads 1_000; nothing that writes tables does
        raise ValueError(f"could not convert string to float: {text!r}")
    return float(plain)


def whole_number(text: str) -> int | None:
    """The whole number of 0 or more that a cell holds (``3``, ``3.0``), or None where it holds anything else."""
    try:
        value = number(text)
    except ValueError:
        return None
    return int(value) if 0 <= value <= 2**53 and value == int(value) else None


def names(values: ArrayLike) -> NDArray[np.str_]:
    """Names from any array, '' where there is none: NaN, None, ``<NA>``, a masked entry, or a word of NOTHING.

    Whole numbers stored as floats because another entry is missing are written as whole numbers.
    """
    array = np.asanyarray(values)
    mask = np.ma.getmaskarray(array) if np.ma.isMaskedArray(array) else np.zeros(array.shape, dtype=bool)
    array = np.asarray(array)
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "backslashreplace")
    distinct, inverse = _distinct(array)
    words = [_name(value) for value in distinct]
    found = np.asarray(words, dtype=np.str_)[inverse].reshape(array.shape) if words else array.astype(np.str_)
    return np.where(mask, "", found)


def _distinct(array: NDArray[Any]) -> tuple[list[Any], NDArray[np.intp]]:
    if array.dtype.kind == "O":
        flat = array.ravel().tolist()
        index: dict[Any, int] = {}
        inverse = np.fromiter((index.setdefault((type(value), str(value)), len(index)) for value in flat), np.intp)
        firsts: dict[int, Any] = {}
        for value, number_ in zip(flat, inverse.tolist(), strict=True):
            firsts.setdefault(number_, value)
        return list(firsts.values()), inverse
    unique, inverse = np.unique(array, return_inverse=True)
    return unique.tolist(), inverse.ravel()


def _name(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, float):
        return "" if math.isnan(value) else str(int(value)) if value.is_integer() else str(value)
    text = str(value).strip()
    return "" if is_nothing(text) else text
