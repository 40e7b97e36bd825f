"""Drawing: lines, areas, dots and text in a frame with axes, which the templates turn into SVG."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

WIDTH, HEIGHT = 400, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 106, 26, 36
ROW = 36
LINE = 16  # least distance between two texts, one above the other
SIGN = 6.5  # width of a character
NAME = 16  # characters of a name that fit next to a drawing
AROUND = 0.08  # room around the values on an axis, as a share of their span
NARROWEST = 1e-3  # an axis spans at least this share of its values, so that its ticks have few digits
LARGEST = 1e300  # so that a difference of two ends never overflows
SMALLEST = 1e-12  # below this everything on an axis is drawn as 0

Span = tuple[float, float]


@dataclass
class Drawing:
    """Shapes in the coordinates of an SVG; ``style`` is a class of the pages' style sheet.

    Attributes:
        areas: (style, "x,y x,y ..."), behind everything else.
        lines: (style, "x,y x,y ...").
        dots: (style, x, y, radius).
        words: (style, x, y, anchor, text).
        description: the drawing in one sentence, for readers who cannot see it.

    A point of which a coordinate is NaN is not drawn.
    """

    description: str
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
        """Join points; nothing where none of them can be drawn."""
        joined = _joined(points)
        if joined:
            self.lines.append((style, joined))

    def word(self, x: float, y: float, text: str, anchor: str = "start", style: str = "") -> None:
        """Write a text at a place."""
        if _drawable(x, y):
            self.words.append((style, round(x, 1), round(y, 1), anchor, text))

    def dot(self, style: str, x: float, y: float, radius: float = 4.0) -> None:
        """Put a dot at a place."""
        if _drawable(x, y):
            self.dots.append((style, round(x, 1), round(y, 1), round(radius, 1)))


class Axes:
    """Maps points of the data to the drawing, and draws ticks.

    Args:
        drawing: what is drawn on.
        x, y: the two ends of each axis; ends that are equal, or not finite, are moved apart (see :func:`widened`).
    """

    def __init__(self, drawing: Drawing, x: Span, y: Span) -> None:
        self.drawing, self.x, self.y = drawing, widened(*x), widened(*y)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the data lies in the drawing: on the edge of the frame if it is outside; NaN stays NaN."""
        x, y = float(np.clip(x, *self.x)), float(np.clip(y, *self.y))
        across, up = (x - self.x[0]) / (self.x[1] - self.x[0]), (y - self.y[0]) / (self.y[1] - self.y[0])
        return LEFT + across * (WIDTH - LEFT - RIGHT), self.drawing.height - BOTTOM - up * (
            self.drawing.height - TOP - BOTTOM
        )

    def ticks(self, x_name: str, x_ticks: Sequence[float], y_ticks: Sequence[float]) -> None:
        """Numbers along both axes, a thin line at each of the upright one, and the name of the other."""
        for value, text in zip(y_ticks, tick_texts(y_ticks), strict=True):
            self.drawing.line("grid", [self.place(self.x[0], value), self.place(self.x[1], value)])
            self.drawing.word(LEFT - 6, self.place(self.x[0], value)[1] + 4, text, "end")
        for value, text in zip(x_ticks, tick_texts(x_ticks), strict=True):
            at = self.place(value, self.y[0])
            self.drawing.word(at[0], at[1] + 16, text, "middle")
        self.x_name(x_name)

    def upright_ticks(self, x_name: str, x_ticks: Sequence[float], top: float = TOP) -> None:
        """Numbers and upright lines along the lower axis alone, up to ``top``, for rows with a name each."""
        for value, text in zip(x_ticks, tick_texts(x_ticks), strict=True):
            x, y = self.place(value, self.y[0])
            self.drawing.line("grid", [(x, y), (x, top)])
            self.drawing.word(x, y + 16, text, "middle")
        self.x_name(x_name)

    def x_name(self, name: str) -> None:
        """The name of the lower axis."""
        self.drawing.word((LEFT + WIDTH - RIGHT) / 2, self.drawing.height - 3, name, "middle")

    def y_name(self, name: str) -> None:
        """The name of the upright axis, above it."""
        self.drawing.word(2, TOP - 14, name)

    def curve(self, style: str, xs: Sequence[float], ys: Sequence[float], name: str = "") -> tuple[float, float] | None:
        """Join the points that are not NaN; returns where the last one lies in the drawing, None without any."""
        points = [self.place(x, y) for x, y in zip(xs, ys, strict=True) if not np.isnan(y)]
        if not points:
            return None
        self.drawing.line(style, points)
        if name:
            self.drawing.word(points[-1][0] + 6, points[-1][1] + 4, name, style=style)
        return points[-1]


def by_epoch(
    description: str,
    curves: Sequence[tuple[str, str, Sequence[float]]],
    epoch: int | None,
    span: Span,
    y_name: str = "",
    x_name: str = "epoch",
) -> Drawing:
    """Curves over epochs, named at their ends, with an upright line at one epoch.

    Args:
        description: the drawing in one sentence.
        curves: (style, name, one value per epoch); one without any value but NaN is left out.
        epoch: where the line stands, counted from 1; None for none.
        span: the two ends of the upright axis; what lies outside is drawn on its edge.
        y_name, x_name: what the axes show.
    """
    drawing = Drawing(description)
    epochs = max((len(values) for *_, values in curves), default=1)
    axes = Axes(drawing, (1, max(epochs, 2)), span)
    axes.ticks(x_name, _whole(round_ticks(1, epochs)), round_ticks(*axes.y))
    ends = []
    for style, name, values in curves:
        end = axes.curve(style, range(1, len(values) + 1), values)
        if end is not None:
            ends.append((style, end, name))
            if len(values) == 1:
                drawing.dot(style, *end, 3)
    heights = apart([place[1] for _, place, _ in ends], LINE, (TOP, drawing.height - BOTTOM))
    for (style, (x, _), name), y in zip(ends, heights, strict=True):
        drawing.word(x + 6, y + 4, name, style=style)
    if epoch is not None:
        foot, top = axes.place(epoch, axes.y[0]), axes.place(epoch, axes.y[1])
        drawing.line("limit", [foot, top])
        said = f"{x_name} {epoch}"
        after_name = (len(y_name) + 1) * SIGN if y_name else 0.0
        wide = len(said) * SIGN
        left = min(foot[0] - wide / 2, WIDTH - RIGHT - wide)  # the names of the curves are next to the frame
        drawing.word(max(left, after_name), top[1] - 6, said, style="limit")
    if y_name:
        axes.y_name(y_name)
    return drawing


def widened(low: float, high: float) -> Span:
    """Two ends of an axis as they can be drawn: finite, in order, and apart by at least NARROWEST of their size."""
    low, high = sorted(float(np.clip(np.nan_to_num(end), -LARGEST, LARGEST)) for end in (low, high))
    size = max(abs(low), abs(high))
    if size < SMALLEST:
        return 0.0, 1.0
    if high - low < NARROWEST * size:
        low, high = low - NARROWEST * size, high + NARROWEST * size
    return low, high


def span_of(values: Sequence[float], limits: Span = (-np.inf, np.inf)) -> Span:
    """The ends of an axis that shows all finite values with room around them, within ``limits``."""
    finite = [value for value in values if np.isfinite(value)]
    if not finite:
        low = limits[0] if np.isfinite(limits[0]) else 0.0
        return low, limits[1] if np.isfinite(limits[1]) else low + 1.0
    lowest, highest = min(finite), max(finite)
    room = AROUND * (highest - lowest) or 0.05 * (abs(highest) or 1.0)
    return max(limits[0], lowest - room), min(limits[1], highest + room)


def top_of(values: Sequence[float], cut: float = 4.0) -> float:
    """The upper end of an axis from 0 on which a few far outliers do not press everything else flat: the highest value,
    at most ``cut`` medians; 1 where no value is finite and positive."""
    positive = [value for value in values if np.isfinite(value) and value > 0]
    return min(max(positive), cut * float(statistics.median_high(positive))) if positive else 1.0


def apart(heights: Sequence[float], least: float, within: tuple[float, float]) -> list[float]:
    """Heights moved up and down so that no two are nearer than ``least``, their order kept."""
    if not heights:
        return []
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
    """A name that fits next to a drawing."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def round_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between two ends."""
    if high <= low:
        return [low]
    raw = (high - low) / about
    power = 10.0 ** np.floor(np.log10(raw))
    step = min((factor * power for factor in (1, 2, 5, 10)), key=lambda one: abs(one - raw))
    first = np.ceil(low / step - 1e-9) * step
    decimals = 1 - int(np.floor(np.log10(step)))
    return [round(float(value), decimals) + 0.0 for value in np.arange(first, high + step * 1e-9, step)]


def _whole(ticks: Sequence[float]) -> list[float]:
    return [value for value in ticks if value == int(value)]


def tick_texts(ticks: Sequence[float]) -> list[str]:
    """Ticks in as few digits as tell them apart."""
    for digits in range(6, 18):
        texts = [re.sub(r"e([+-])0*", lambda sign: "e" + sign[1].strip("+"), f"{tick:.{digits}g}") for tick in ticks]
        if len(set(texts)) == len(ticks):
            break
    return [text.replace("-", "−") for text in texts]


def _drawable(*coordinates: float) -> bool:
    return bool(np.isfinite(coordinates).all())


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points if _drawable(x, y))
