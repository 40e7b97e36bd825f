"""Letter plots: one kind of plot per kind of evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tagfit.diagnosis.finding import Plot
from tagfit.report.drawing import (
    BOTTOM,
    LEFT,
    RIGHT,
    ROW,
    TOP,
    WIDTH,
    Axes,
    Drawing,
    by_epoch,
    round_ticks,
    shortened,
)

MOST_CURVES = 6


def drawing_of(plot: Plot) -> Drawing | None:
    """The drawing of a plot; None for what is shown as pictures."""
    draw = _DRAWN.get(plot.kind)
    return None if draw is None else draw(plot.data)


def _curves(data: dict[str, Any]) -> Drawing:
    curves = [("one", data["train_name"], data["train"]), ("two", "validation", data["validation"])]
    kept = [(style, name, values) for style, name, values in curves if values is not None]
    finite = [value for _, _, values in kept for value in values if np.isfinite(value)]
    highest = 1.05 * max(finite, default=0.0)
    return by_epoch("Train and validation loss by epoch", kept, data["epoch"], (0, highest), "loss (nats)")


def _gap(data: dict[str, Any]) -> Drawing:
    names = list(data["gaps"])
    drawing = Drawing("Train minus validation, with 95 % intervals", height=TOP + ROW * len(names) + BOTTOM)
    ends = [end for one in data["gaps"].values() for end in one if np.isfinite(end)]
    axes = Axes(drawing, (min(0.0, *ends, 0.0), 1.05 * max(data["margin"] * 1.5, *ends, 0.0)), (0, 1))
    axes.upright_ticks("train minus validation", round_ticks(*axes.x))
    x, y = axes.place(data["margin"], 0)
    drawing.line("limit", [(x, y), (x, TOP)])
    drawing.word(x + 4, TOP + 6, f"margin {data['margin']:g}", style="limit")
    for row, name in enumerate(names):
        value, low, high = data["gaps"][name]
        height = TOP + ROW * (row + 0.62)
        if not np.isnan([low, high]).any():
            drawing.line("two", [(axes.place(low, 0)[0], height), (axes.place(high, 0)[0], height)])
        drawing.dot("two", axes.place(value, 0)[0], height, 5)
        drawing.word(WIDTH - RIGHT + 8, height + 4, name)
    return drawing


def _reliability(data: dict[str, Any]) -> Drawing:
    drawing = Drawing("Share of positives against mean score; on the diagonal they agree")
    axes = Axes(drawing, (0, 1), (0, 1))
    axes.ticks("mean score", round_ticks(0, 1), round_ticks(0, 1))
    axes.curve("limit", (0, 1), (0, 1), "calibrated")
    axes.curve("two", data["score"], data["share"])
    most = max(data["entries"], default=0) or 1
    for score, share, entries in zip(data["score"], data["share"], data["entries"], strict=True):
        drawing.dot("two", *axes.place(score, share), 2.5 + 2.5 * float(np.sqrt(entries / most)))
    drawing.word(LEFT + 6, TOP + 6, "share of positives")
    return drawing


def _f1(data: dict[str, Any]) -> Drawing:
    at_half = int(np.searchsorted(data["thresholds"][:-1], 0.5))
    cost = {
        label: np.nanmax(values) - np.nan_to_num(values[at_half])
        for label, values in data["labels"].items()
        if not np.isnan(values).all()
    }
    shown = sorted(cost, key=lambda label: -cost[label])[:MOST_CURVES]
    drawing = Drawing("F1 of single labels over the threshold")
    axes = Axes(drawing, (0, 1), (0, 1))
    axes.ticks("threshold", round_ticks(0, 1), round_ticks(0, 1))
    foot, top = axes.place(0.5, 0), axes.place(0.5, 1)
    drawing.line("limit", [foot, top])
    for row, label in enumerate(shown):
        values = data["labels"][label]
        axes.curve(f"curve{row}", data["thresholds"], values)
        best = int(np.nanargmax(values))
        drawing.dot(f"curve{row}", *axes.place(data["thresholds"][best], values[best]))
        drawing.word(WIDTH - RIGHT + 8, TOP + 12 + 18 * row, shortened(label), style=f"curve{row}")
    drawing.word(LEFT + 6, TOP + 6, "F1; dots: the best threshold")
    return drawing


_DRAWN: dict[str, Callable[[dict[str, Any]], Drawing]] = {
    "curves": _curves,
    "gap": _gap,
    "reliability": _reliability,
    "f1": _f1,
}
