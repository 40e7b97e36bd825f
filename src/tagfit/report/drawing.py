"""Drawing: lines, areas, dots and words in a frame with axes, which the templates turn into SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

WIDTH, HEIGHT = 400, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 106, 26, 36
ROW = 36
# How near two words may stand, one above the other, and how wide a sign is.
LINE = 16
SIGN = 6.5
NAME = 16


@dataclass
class Drawing:
    """Shapes in the coordinates of an SVG; ``style`` is a class of the pages' style sheet.

    Attributes:
        areas: (style, "x,y x,y ..."), behind everything else.
        lines: (style, "x,y x,y ...").
        dots: (style, x, y, radius).
        words: (style, x, y, anchor, text).
        told: the drawing in one sentence, for who cannot see it.
    """

    told: str
    width: float = WIDTH
    height: float = HEIGHT
    areas: list[tuple[str, str]] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)
    dots: list[tuple[str, float, float, float]] = field(default_factory=list)
    words: list[tuple[str, float, float, str, str]] = field(default_factory=list)

    def area(self, style: str, points: Sequence[tuple[float, float]]) -> None:
        """Fill what the points enclose."""
        self.areas.append((style, _joined(points)))

    def line(self, style: str, points: Sequence[tuple[float, float]]) -> None:
        """Join points."""
        self.lines.append((style, _joined(points)))

    def word(self, x: float, y: float, text: str, anchor: str = "start", style: str = "") -> None:
        """Write a text at a place."""
        self.words.append((style, round(x, 1), round(y, 1), anchor, text))

    def dot(self, style: str, x: float, y: float, radius: float = 4.0) -> None:
        """Put a dot at a place."""
        self.dots.append((style, round(x, 1), round(y, 1), round(radius, 1)))


class Axes:
    """A plane from data to the drawing, with ticks.

    Args:
        drawing: what is drawn on.
        x, y: the two ends of each axis.
    """

    def __init__(self, drawing: Drawing, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.drawing, self.x, self.y = drawing, x, y

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the data lies in the drawing."""
        across, up = (x - self.x[0]) / (self.x[1] - self.x[0]), (y - self.y[0]) / (self.y[1] - self.y[0])
        return LEFT + across * (WIDTH - LEFT - RIGHT), self.drawing.height - BOTTOM - up * (
            self.drawing.height - TOP - BOTTOM
        )

    def ticks(self, x_name: str, x_ticks: Sequence[float], y_ticks: Sequence[float]) -> None:
        """Numbers along both axes, a thin line at each of the upright one, and the name of the other."""
        for value in y_ticks:
            self.drawing.line("grid", [self.place(self.x[0], value), self.place(self.x[1], value)])
            self.drawing.word(LEFT - 6, self.place(self.x[0], value)[1] + 4, _tick(value), "end")
        for value in x_ticks:
            at = self.place(value, self.y[0])
            self.drawing.word(at[0], at[1] + 16, _tick(value), "middle")
        self.x_name(x_name)

    def upright_ticks(self, x_name: str, x_ticks: Sequence[float], top: float = TOP) -> None:
        """Numbers and upright lines along the lower axis alone, up to ``top``, for rows with a name each."""
        for value in x_ticks:
            x, y = self.place(value, self.y[0])
            self.drawing.line("grid", [(x, y), (x, top)])
            self.drawing.word(x, y + 16, _tick(value), "middle")
        self.x_name(x_name)

    def x_name(self, name: str) -> None:
        """The name of the lower axis."""
        self.drawing.word((LEFT + WIDTH - RIGHT) / 2, self.drawing.height - 3, name, "middle")

    def y_name(self, name: str) -> None:
        """The name of the upright axis, above it."""
        self.drawing.word(2, TOP - 14, name)

    def curve(self, style: str, xs: Sequence[float], ys: Sequence[float], name: str = "") -> tuple[float, float]:
        """Join the points that are finite; returns where the last one lies in the drawing."""
        points = [self.place(x, y) for x, y in zip(xs, ys, strict=True) if np.isfinite(y)]
        self.drawing.line(style, points)
        if name:
            self.drawing.word(points[-1][0] + 6, points[-1][1] + 4, name, style=style)
        return points[-1]


def by_epoch(
    told: str,
    curves: Sequence[tuple[str, str, Sequence[float]]],
    epoch: int | None,
    span: tuple[float, float],
    y_name: str = "",
) -> Drawing:
    """Curves over epochs, named at their ends, with an upright line at one epoch.

    Args:
        told: the drawing in one sentence.
        curves: (style, name, a value an epoch); each with a finite value.
        epoch: where the line stands, counted from 1; None for none.
        span: the two ends of the upright axis; what lies outside is drawn on its edge.
        y_name: what the upright axis shows.
    """
    drawing = Drawing(told)
    epochs = max(len(values) for *_, values in curves)
    axes = Axes(drawing, (1, max(epochs, 2)), span)
    axes.ticks("epoch", _whole(round_ticks(1, epochs)), round_ticks(*span))
    ends = []
    for style, name, values in curves:
        inside = [float(np.clip(value, *span)) for value in values]
        ends.append((style, axes.curve(style, range(1, epochs + 1)[: len(inside)], inside), name))
        if len(inside) == 1:
            drawing.dot(style, *ends[-1][1], 3)
    heights = apart([place[1] for _, place, _ in ends], LINE, (TOP, drawing.height - BOTTOM))
    for (style, (x, _), name), y in zip(ends, heights, strict=True):
        drawing.word(x + 6, y + 4, name, style=style)
    if epoch is not None:
        foot, top = axes.place(epoch, span[0]), axes.place(epoch, span[1])
        drawing.line("limit", [foot, top])
        said = f"epoch {epoch}"
        after_name = (len(y_name) + 1) * SIGN if y_name else 0.0
        wide = len(said) * SIGN
        left = min(foot[0] - wide / 2, WIDTH - RIGHT - wide)  # beside the frame stand the names of the curves
        drawing.word(max(left, after_name), top[1] - 6, said, style="limit")
    if y_name:
        axes.y_name(y_name)
    return drawing


def top_of(values: Sequence[float], cut: float = 4.0) -> float:
    """The upper end of an axis from 0 on which a few far outliers do not press everything else flat: the highest value,
    at most ``cut`` medians; 1 where no value is finite and positive."""
    finite = [value for value in values if np.isfinite(value)]
    highest = min(max(finite), cut * float(np.median(finite))) if finite else 0.0
    return highest or 1.0


def apart(heights: Sequence[float], least: float, within: tuple[float, float]) -> list[float]:
    """Heights moved up and down so that no two are nearer than ``least``, their order kept."""
    order = np.argsort(heights, kind="stable")
    moved = list(map(float, heights))
    for one, other in pairwise(order):
        short = least - (moved[other] - moved[one])
        if short > 0:
            moved[one] -= short / 2
            moved[other] += short / 2
    lowest = moved[order[0]]
    for place in order:  # one that was pushed up may have come too near to the one above it
        moved[place] = max(moved[place], lowest)
        lowest = moved[place] + least
    over = max(0.0, moved[order[-1]] - within[1])
    return [one - over for one in moved]


def shortened(name: str, most: int = NAME) -> str:
    """A name that fits beside a drawing."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def round_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between two ends."""
    if high <= low:
        return [low]
    raw = (high - low) / about
    power = 10.0 ** np.floor(np.log10(raw))
    step = min((factor * power for factor in (1, 2, 5, 10)), key=lambda one: abs(one - raw))
    first = np.ceil(low / step - 1e-9) * step
    return [round(float(value), 10) + 0.0 for value in np.arange(first, high + step * 1e-6, step)]


def _whole(ticks: Sequence[float]) -> list[float]:
    return [value for value in ticks if value == int(value)]


def _tick(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
