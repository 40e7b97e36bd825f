"""Charts: their numbers as plain dicts, and the drawings that are made from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tagfit.report.drawing import (
    BOTTOM,
    LINE,
    RIGHT,
    TOP,
    WIDTH,
    Axes,
    Drawing,
    apart,
    by_epoch,
    round_ticks,
    top_of,
)
from tagfit.report.drawing import shortened as fitting

CELL = 22  # pixels of one cell of a matrix
NAMES = 112  # pixels for the names of its rows
CHARACTERS = 16
HEATS = 5


def epochs(
    description: str,
    series: Sequence[Mapping[str, Any]],
    epoch: int | None,
    y_name: str,
    x_name: str = "epoch",
) -> dict[str, Any]:
    """Curves over epochs; each of ``series`` has ``style``, ``name`` and ``values`` (None where undefined)."""
    names = {"y_name": y_name, "x_name": x_name}
    return {"kind": "epochs", "description": description, "series": list(series), "epoch": epoch, **names}


def xy(
    description: str,
    series: Sequence[Mapping[str, Any]],
    x_name: str,
    y_name: str,
    *,
    diagonal: bool = False,
    mark: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """Curves in the unit square.

    Args:
        description: the chart in one sentence.
        series: ``style``, ``name``, ``x`` and ``y`` each; with ``dots``, a dot at each point.
        x_name, y_name: of the axes.
        diagonal: whether the diagonal is drawn.
        mark: a point that stands out.
    """
    return {
        "kind": "xy",
        "description": description,
        "series": list(series),
        "x_name": x_name,
        "y_name": y_name,
        "diagonal": diagonal,
        "mark": mark,
    }


def matrix(description: str, names: Sequence[str], cells: Sequence[Sequence[float | None]]) -> dict[str, Any]:
    """A square of values in [0, 1]; None where there is no cell."""
    return {"kind": "matrix", "description": description, "names": list(names), "cells": [list(row) for row in cells]}


def drawn(chart: Mapping[str, Any]) -> Drawing:
    """The drawing of a chart."""
    return _DRAWN[chart["kind"]](chart)


def place_in_square(x: float, y: float) -> tuple[float, float]:
    """Where a point of an ``xy`` chart lies in its drawing."""
    return Axes(Drawing(""), (0, 1), (0, 1)).place(x, y)


def _epochs(chart: Mapping[str, Any]) -> Drawing:
    curves = [
        (one["style"], one["name"], [np.nan if value is None else value for value in one["values"]])
        for one in chart["series"]
    ]
    high = 1.05 * max((top_of(values) for *_, values in curves), default=1.0)
    return by_epoch(chart["description"], curves, chart["epoch"], (0.0, high), chart["y_name"], chart["x_name"])


def _xy(chart: Mapping[str, Any]) -> Drawing:
    drawing = Drawing(chart["description"])
    axes = Axes(drawing, (0, 1), (0, 1))
    axes.ticks(chart["x_name"], round_ticks(0, 1), round_ticks(0, 1))
    axes.y_name(chart["y_name"])
    if chart["diagonal"]:
        axes.curve("limit", (0, 1), (0, 1))
    ends = []
    for one in chart["series"]:
        end = axes.curve(one["style"], one["x"], one["y"])
        if one.get("dots"):
            for x, y in zip(one["x"], one["y"], strict=True):
                drawing.dot(one["style"], *axes.place(x, y), 3)
        if end is not None and one["name"]:
            ends.append((one["style"], end, one["name"]))
    heights = apart([end[1] for _, end, _ in ends], LINE, (TOP + 6, drawing.height - BOTTOM))
    for (style, _, name), y in zip(ends, heights, strict=True):
        drawing.word(WIDTH - RIGHT + 6, y + 4, fitting(name, 15), style=style)
    if chart["mark"] is not None:
        drawing.dot("mark", *axes.place(*chart["mark"]), 6)
    return drawing


def _matrix(chart: Mapping[str, Any]) -> Drawing:
    names, size = chart["names"], len(chart["names"])
    top = TOP + 8
    drawing = Drawing(chart["description"], width=NAMES + CELL * size + 24, height=top + CELL * size + 20)
    for row, values in enumerate(chart["cells"]):
        y = top + CELL * row
        drawing.word(NAMES - 8, y + CELL * 0.68, fitting(names[row], CHARACTERS), "end")
        drawing.word(NAMES + CELL * (row + 0.5), top - 8, str(row + 1), "middle")
        drawing.word(NAMES + CELL * size + 4, y + CELL * 0.68, str(row + 1))
        for column, value in enumerate(values):
            if value is None:
                continue
            x = NAMES + CELL * column
            heat = 0 if value <= 0 else 1 + min(HEATS - 1, int(value * HEATS))
            box = [(x, y), (x + CELL - 2, y), (x + CELL - 2, y + CELL - 2), (x, y + CELL - 2)]
            drawing.area(f"heat{heat}", box)
    return drawing


_DRAWN: dict[str, Callable[[Mapping[str, Any]], Drawing]] = {"epochs": _epochs, "xy": _xy, "matrix": _matrix}
