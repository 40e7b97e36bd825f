"""Display: results as short texts for a terminal and a notebook, and their tables as frames."""

from __future__ import annotations

import html
import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tagfit.errors import InputError, printable

MOST_NAMES = 8
WIDEST_NAME = 40
FRAMES = ("pandas", "polars")
# A spreadsheet takes a cell that starts so for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def card(result: object) -> str:
    """A result in a notebook: its card, which is the report's, or where that cannot be read, its text."""
    import tagfit

    try:
        return tagfit.card(result)  # type: ignore[arg-type]
    except InputError:
        return f"<pre>{html.escape(repr(result))}</pre>"


class Shown(ABC):
    """A result with :meth:`lines`, which are its ``repr``, and in a notebook its preformatted text."""

    @abstractmethod
    def lines(self) -> list[str]:
        """What is shown, line by line."""

    def __repr__(self) -> str:
        return "\n".join(printable(line) for line in self.lines())

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def few(names: Iterable[object]) -> str:
    """The first names, each cut short, and how many more there are."""
    every = [str(name) for name in names]
    shown = [cut(name) for name in every[:MOST_NAMES]]
    more = [f"... ({len(every)} in all)"] if len(every) > MOST_NAMES else []
    return ", ".join([*shown, *more])


def frame(records: Sequence[Mapping[str, Any]]) -> Any:
    """Records as a DataFrame, of pandas or else of polars.

    Raises:
        InputError: neither is installed.
    """
    for library in FRAMES:
        try:
            return importlib.import_module(library).DataFrame([dict(record) for record in records])
        except ModuleNotFoundError:
            continue
    raise InputError("to_frame needs pandas or polars", instead="pip install pandas")


def spreadsheet_cell(text: str) -> str:
    """A text as a cell of a CSV: printable, and never taken for a formula."""
    return f"'{printable(text)}" if text.startswith(FORMULA_STARTS) else printable(text)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, left: int = 1, words_last: bool = False) -> str:
    """An aligned table: the first ``left`` columns and a last one of words flush left, numbers flush right."""
    from rich.cells import cell_len  # a character may be two cells wide, or none

    cells = [list(columns), *([printable(str(cell)) for cell in row] for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    to_the_left = {*range(left), *([len(columns) - 1] if words_last else [])}

    def placed(cell: str, column: int) -> str:
        blank = " " * (widths[column] - cell_len(cell))
        return cell + blank if column in to_the_left else blank + cell

    return "\n".join("  ".join(placed(cell, i) for i, cell in enumerate(row)).rstrip() for row in cells)


def number(value: float | None, digits: int = 3) -> str:
    """A number for a table; a dash if it is undefined."""
    return "-" if value is None or value != value else f"{value:.{digits}f}"


def cut(name: object) -> str:
    """A name that is cut to WIDEST_NAME characters."""
    text = str(name)
    return text if len(text) <= WIDEST_NAME else f"{text[: WIDEST_NAME - 3]}..."
