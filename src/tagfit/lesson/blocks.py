"""Blocks: what a step shows beside its text: tables, curves, pictures and code; a face draws them as it can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Table:
    """Rows under columns; every cell is a text, ready to be shown."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"kind": "table", "columns": list(self.columns), "rows": [list(row) for row in self.rows]}


@dataclass(frozen=True)
class Curves:
    """Series over epochs.

    Attributes:
        title: what they measure.
        series: name -> values, the first of epoch 1.
        low, high: the range of the values.
    """

    title: str
    series: dict[str, tuple[float, ...]]
    low: float = 0.0
    high: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        series = {name: [round(value, 4) for value in values] for name, values in self.series.items()}
        return {"kind": "curves", "title": self.title, "series": series, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Code:
    """Source code, or any text whose lines matter."""

    text: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"kind": "code", "text": self.text}


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures in order.

    Attributes:
        pixels: uint8 of shape (N, H, W, 3).
        names: N names.
        descriptions: N texts that say what is painted, for those who cannot see it.
    """

    pixels: NDArray[np.uint8]
    names: tuple[str, ...]
    descriptions: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the pixels, which a lab paints again."""
        return {"kind": "pictures", "names": list(self.names), "descriptions": list(self.descriptions)}


Block = Table | Curves | Code | Pictures


@dataclass(frozen=True)
class Shown:
    """What a lab shows before it asks.

    Attributes:
        blocks: in order, under the prompt.
        figures: numbers that the texts of the step may name.
    """

    blocks: Sequence[Block] = ()
    figures: dict[str, Any] = field(default_factory=dict)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A Table from sequences."""
    return Table(tuple(columns), tuple(tuple(row) for row in rows))
