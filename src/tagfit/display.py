"""Display: results as short texts for a terminal and a notebook, and their tables as frames."""

from __future__ import annotations

import html
import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tagfit.errors import InputError, printable

MOST_NAMES = 8
WIDEST_NAME = 40
FRAMES = ("pandas", "polars")


class Shown:
    """A result with :meth:`lines`, which are its ``repr``, and in a notebook its preformatted text."""

    def lines(self) -> list[str]:
        """What is shown, line by line."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return "\n".join(printable(line) for line in self.lines())

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def few(names: Iterable[object]) -> str:
    """The first names, each cut short, and how many more there are."""
    every = [str(name) for name in names]
    shown = [name if len(name) <= WIDEST_NAME else f"{name[: WIDEST_NAME - 3]}..." for name in every[:MOST_NAMES]]
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
