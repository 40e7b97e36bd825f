"""Drawings: the evidence of a finding as lines, dots and words, which the letter's template turns into SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tagfit.diagnosis.finding import Plot

WIDTH, HEIGHT = 400, 210
LEFT, RIGHT, TOP, BOTTOM = 36, 104, 14, 36
ROW = 36
MOST_CURVES = 6


@dataclass
class Drawing:
    """Shapes in the coordinates of an SVG; ``style`` is a class of the letter's style sheet.

    Attributes:
        lines: (style, "x,y x,y ...").
        dots: (style, x, y, radius).
        words: (style, x, y, anchor, text).
        told: the drawing in one sentence, for who cannot see it.
    """

    told: str
    width: float = WIDTH
    height: float = HEIGHT
    lines: list[tuple[str, str]] = field(default_factory=list)
    dots: list[tuple[str, float, float, float]] = field(default_factory=list)
    words: list[tuple[str, float, float, str, str]] = field(default_factory=list)

    def line(self, style: str, points: Sequence[tuple[float, float]]) -> None:
        """Join points."""
        self.lines.append((style, " ".join(f"{x:.1f},{y:.1f}" for x, y in points)))

    def word(self, x: float, y: float, text: str, anchor: str = "start", style: str = "") -> None:
        """Write a text at a place."""
        self.words.append((style, round(x, 1), round(y, 1), anchor, text))

    def dot(self, style: str, x: float, y: float, radius: float = 4.0) -> None:
        """Put a dot at a place."""
        self.dots.append((style, round(x, 1), round(y, 1), round(radius, 1)))


class _Axes:
    """A plane from data to the drawing, with ticks."""

    def __init__(self, drawing: Drawing, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.drawing, self.x, self.y = drawing, x, y

    def place(self, x: float, y: float) -> tuple[float, float]:
        across, up = (x - self.x[0]) / (self.x[1] - self.x[0]), (y - self.y[0]) / (self.y[1] - self.y[0])
        return LEFT + across * (WIDTH - LEFT - RIGHT), self.drawing.height - BOTTOM - up * (
            self.drawing.height - TOP - BOTTOM
        )

    def ticks(self, x_name: str, x_ticks: Sequence[float], y_ticks: Sequence[float], y_form: str = "{:.2g}") -> None:
        for value in y_ticks:
            self.drawing.line("grid", [self.place(self.x[0], value), self.place(self.x[1], value)])
            self.drawing.word(LEFT - 6, self.place(0, value)[1] + 4, y_form.format(value), "end")
        for value in x_ticks:
            at = self.place(value, self.y[0])
            self.drawing.word(at[0], at[1] + 16, f"{value:g}", "middle")
        self.drawing.word((LEFT + WIDTH - RIGHT) / 2, self.drawing.height - 3, x_name, "middle")

    def curve(self, style: str, xs: Sequence[float], ys: Sequence[float], name: str = "") -> tuple[float, float]:
        points = [self.place(x, y) for x, y in zip(xs, ys, strict=True) if np.isfinite(y)]
        self.drawing.line(style, points)
        if name:
            self.drawing.word(points[-1][0] + 6, points[-1][1] + 4, name, style=style)
        return points[-1]


def drawing_of(plot: Plot) -> Drawing | None:
    """The drawing of a plot; None for what is shown as pictures."""
    draw = _DRAWN.get(plot.kind)
    return None if draw is None else draw(plot.data)


def _curves(data: dict[str, Any]) -> Drawing:
    drawing = Drawing("Train and validation loss by epoch")
    curves = [("one", data["train_name"], data["train"]), ("two", "validation", data["validation"])]
    kept = [(style, name, values) for style, name, values in curves if values is not None]
    epochs = max(len(values) for _, _, values in kept)
    highest = float(np.nanmax([np.nanmax(values) for _, _, values in kept]))
    axes = _Axes(drawing, (1, max(epochs, 2)), (0, highest * 1.05))
    axes.ticks("epoch", _round_ticks(1, epochs), _round_ticks(0, highest))
    ends = {}
    for style, name, values in kept:
        ends[style] = (*axes.curve(style, range(1, len(values) + 1), values), name)
    if len(ends) == 2 and abs(ends["one"][1] - ends["two"][1]) < 14:
        (upper, lower) = sorted(ends, key=lambda style: ends[style][1])
        middle = (ends["one"][1] + ends["two"][1]) / 2
        ends[upper] = (ends[upper][0], middle - 8, ends[upper][2])
        ends[lower] = (ends[lower][0], middle + 8, ends[lower][2])
    for style, (x, y, name) in ends.items():
        drawing.word(x + 6, y + 4, name, style=style)
    if data["epoch"] is not None:
        foot, top = axes.place(data["epoch"], 0), axes.place(data["epoch"], highest * 1.05)
        drawing.line("limit", [foot, top])
        drawing.word(foot[0] + 4, top[1] + 10, f"epoch {data['epoch']}", style="limit")
    return drawing


def _gap(data: dict[str, Any]) -> Drawing:
    names = list(data["gaps"])
    drawing = Drawing("Train minus validation, with 95 % intervals", height=TOP + ROW * len(names) + BOTTOM)
    ends = [end for one in data["gaps"].values() for end in one if np.isfinite(end)]
    axes = _Axes(drawing, (min(0.0, *ends), max(data["margin"] * 1.5, *ends) * 1.05), (0, 1))
    for value in _round_ticks(*axes.x):
        x, y = axes.place(value, 0)
        drawing.line("grid", [(x, y), (x, TOP)])
        drawing.word(x, y + 16, f"{value:g}", "middle")
    drawing.word((LEFT + WIDTH - RIGHT) / 2, drawing.height - 3, "train minus validation", "middle")
    x, y = axes.place(data["margin"], 0)
    drawing.line("limit", [(x, y), (x, TOP)])
    drawing.word(x + 4, TOP + 6, f"margin {data['margin']:g}", style="limit")
    for row, name in enumerate(names):
        value, low, high = data["gaps"][name]
        height = TOP + ROW * (row + 0.62)
        if np.isfinite(low):
            drawing.line("two", [(axes.place(low, 0)[0], height), (axes.place(high, 0)[0], height)])
        drawing.dot("two", axes.place(value, 0)[0], height, 5)
        drawing.word(WIDTH - RIGHT + 8, height + 4, name)
    return drawing


def _reliability(data: dict[str, Any]) -> Drawing:
    drawing = Drawing("Share of positives against mean score; on the diagonal they agree")
    axes = _Axes(drawing, (0, 1), (0, 1))
    axes.ticks("mean score", _round_ticks(0, 1), _round_ticks(0, 1))
    axes.curve("limit", (0, 1), (0, 1), "calibrated")
    axes.curve("two", data["score"], data["share"])
    most = max(data["entries"])
    for score, share, entries in zip(data["score"], data["share"], data["entries"], strict=True):
        drawing.dot("two", *axes.place(score, share), 2.5 + 2.5 * float(np.sqrt(entries / most)))
    drawing.word(LEFT + 6, TOP + 6, "share of positives")
    return drawing


def _f1(data: dict[str, Any]) -> Drawing:
    at_half = int(np.searchsorted(data["thresholds"], 0.5))
    cost = {label: max(values) - values[at_half] for label, values in data["labels"].items()}
    shown = sorted(cost, key=lambda label: -cost[label])[:MOST_CURVES]
    drawing = Drawing("F1 of single labels over the threshold")
    axes = _Axes(drawing, (0, 1), (0, 1))
    axes.ticks("threshold", _round_ticks(0, 1), _round_ticks(0, 1))
    foot, top = axes.place(0.5, 0), axes.place(0.5, 1)
    drawing.line("limit", [foot, top])
    for row, label in enumerate(shown):
        values = data["labels"][label]
        axes.curve(f"curve{row}", data["thresholds"], values)
        best = int(np.argmax(values))
        drawing.dot(f"curve{row}", *axes.place(data["thresholds"][best], values[best]))
        drawing.word(WIDTH - RIGHT + 8, TOP + 12 + 18 * row, _short(label), style=f"curve{row}")
    drawing.word(LEFT + 6, TOP + 6, "F1; dots: the best threshold")
    return drawing


def _short(label: str, most: int = 16) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"


def _round_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between two ends."""
    if high <= low:
        return [low]
    raw = (high - low) / about
    power = 10.0 ** np.floor(np.log10(raw))
    step = min((factor * power for factor in (1, 2, 5, 10)), key=lambda one: abs(one - raw))
    first = np.ceil(low / step - 1e-9) * step
    return [round(float(value), 10) + 0.0 for value in np.arange(first, high + step * 1e-6, step)]


_DRAWN: dict[str, Callable[[dict[str, Any]], Drawing]] = {
    "curves": _curves,
    "gap": _gap,
    "reliability": _reliability,
    "f1": _f1,
}
