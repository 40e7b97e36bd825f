"""Certificate plots: training curves before and after, trials, effect of each change, learning curve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tagfit.curing.ablation import Undone
from tagfit.curing.document import Document, Side
from tagfit.evaluation.metrics import find
from tagfit.goal import Bound, Goal
from tagfit.history import History
from tagfit.report.drawing import (
    BOTTOM,
    LEFT,
    LINE,
    RIGHT,
    ROW,
    SIGN,
    TOP,
    WIDTH,
    Axes,
    Drawing,
    apart,
    by_epoch,
    round_ticks,
    span_of,
    top_of,
    widened,
)
from tagfit.report.page import number

Point = tuple[float, float]

TRADE_OFF_HEIGHT = 290
# Margin above rows of dots, which have no words.
EDGE = 4
CURVES = (("one", "train"), ("two", "validation"))
QUANTITIES = {"loss": "loss (nats)", "label_accuracy": "label_accuracy"}


def trainings(sides: Mapping[str, tuple[History, int | None]]) -> dict[str, list[Drawing]]:
    """Loss and label accuracy by epoch of each side, on the same vertical axes.

    Args:
        sides: for ``before`` and ``after`` the history, perhaps empty, and the epoch whose weights were kept.

    Returns:
        The drawings of each side; none for one whose history holds no value.
    """
    found: dict[str, list[Drawing]] = {name: [] for name in sides}
    for quantity, called in QUANTITIES.items():
        curves = {name: _curves(history, quantity) for name, (history, _) in sides.items()}
        values = [value for of_side in curves.values() for *_, curve in of_side for value in curve]
        span = _span(quantity, values)
        for name, of_side in curves.items():
            if of_side:
                title = f"{called} on train and validation by epoch, {name} the cure"
                found[name].append(by_epoch(title, of_side, sides[name][1], span, called))
    return found


def _curves(history: History, quantity: str) -> list[tuple[str, str, list[float]]]:
    found = []
    for style, split in CURVES:
        values = [figure(getattr(epoch, f"{split}_{quantity}")) for epoch in history]
        if any(map(math.isfinite, values)):
            found.append((style, split, values))
    return found


def _span(quantity: str, values: Sequence[float]) -> tuple[float, float]:
    if quantity == "loss":
        return 0.0, 1.05 * top_of(values)
    finite = [value for value in values if math.isfinite(value)]
    lowest = math.floor(10 * min(finite)) / 10 if finite else 0.0
    return min(max(0.0, lowest), 0.9), 1.0


def figure(value: Any) -> float:
    """A figure of a document as a float: NaN where it is undefined."""
    return math.nan if value is None else float(value)


def trade_off(document: Document) -> Drawing:
    """Every completed trial by its train and its validation figure, and where the bounds of the goal are met."""
    goal = document.goal.goal()
    metric = goal.metric
    names = [f"train.{metric}", f"validation.{metric}"]
    tried = {one.number: _point(one.values, names) for one in document.search.log if not one.stopped}
    tried = {which: point for which, point in tried.items() if all(map(math.isfinite, point))}
    front = [(figure(one.train), figure(one.validation)) for one in document.trade_off]
    front = [point for point in front if all(map(math.isfinite, point))]
    start, kept = (_of_side(side, metric) for side in (document.before, document.after))
    drawing = Drawing(f"{metric} of each trial on train and on validation", height=TRADE_OFF_HEIGHT)
    axes = Axes(drawing, *_frame(goal, [start, kept, *front, *tried.values()]))
    _bounds(axes, goal)
    axes.ticks(f"{metric} on train", round_ticks(*axes.x), round_ticks(*axes.y))
    axes.y_name(f"{metric} on validation")

    def placed(point: Point) -> Point:
        return axes.place(float(np.clip(point[0], *axes.x)), float(np.clip(point[1], *axes.y)))

    if len(front) > 1:
        drawing.line("front", [placed(point) for point in front])
    for point in tried.values():
        drawing.dot("tried", *placed(point), 3.5)
    for point in front:
        drawing.dot("front", *placed(point), 4)
    drawing.dot("one", *placed(start), 6)
    drawing.dot("two", *placed(kept), 6)
    named = [(placed(start), "one", "start", 9.0), (placed(kept), "two", "kept", 9.0)]
    named += [(placed(point), "", str(tried_as), 6.0) for tried_as, point in tried.items()]
    _name_dots(drawing, named)
    return drawing


def _name_dots(drawing: Drawing, named: Sequence[tuple[Point, str, str, float]]) -> None:
    """Names next to dots, in the order given; a name that would cover another name or a dot is left out."""
    taken = [(x - 4, y - 4, x + 4, y + 4) for (x, y), *_ in named]
    for place, ((x, y), style, name, off) in enumerate(named):
        wide = SIGN * len(name)
        for left, anchor in ((x + off, "start"), (x - off - wide, "end")):
            box = (left, y - 6, left + wide, y + 6)
            others = taken[:place] + taken[place + 1 :]
            if not any(
                box[0] < one[2] and one[0] < box[2] and box[1] < one[3] and one[1] < box[3] for one in others
            ) and (left > LEFT and left + wide < WIDTH):
                drawing.word(left if anchor == "start" else x - off, y + 4, name, anchor, style)
                taken.append(box)
                break


def _point(values: Mapping[str, Any], names: Sequence[str]) -> Point:
    one, other = (figure(values.get(name)) for name in names)
    return one, other


def _of_side(side: Side, metric: str) -> Point:
    one, other = (figure(side.value(split, metric)) for _, split in CURVES)
    return one, other


def _frame(goal: Goal, points: Sequence[Point]) -> tuple[Point, Point]:
    """The ends of both axes: all points and bounds, within the range of the metric."""
    ends = []
    lowest, highest = find(goal.metric).range
    for place, (_, split) in enumerate(CURVES):
        values = [point[place] for point in points if math.isfinite(point[place])]
        if not math.isfinite(highest):
            top = top_of(values)
            values = [min(value, top) for value in values]
        values += [bound.value for bound in goal.bounds if (bound.split, bound.metric) == (split, goal.metric)]
        ends.append(widened(*span_of(values, (lowest, highest))))
    return ends[0], ends[1]


def _bounds(axes: Axes, goal: Goal) -> None:
    """The bounds on the goal's metric as lines, and the area where all of them are met."""
    (left, right), (low, high) = axes.x, axes.y
    area: list[Point] = [(left, low), (right, low), (right, high), (left, high)]
    aside: list[tuple[float, str]] = []
    lines = []
    for bound in goal.bounds:
        if bound.metric != goal.metric:
            continue
        sign = 1.0 if bound.sense == "lower" else -1.0
        said = f"{_sign(bound)} {bound.value:g}"
        if bound.split == "train":
            area = _cut(area, (sign, 0.0), sign * bound.value)
            lines.append([(bound.value, low), (bound.value, high)])
            x, y = axes.place(bound.value, low)
            axes.drawing.word(x + 4, y - 6, said, style="limit")
        else:
            area = _cut(area, (0.0, sign), sign * bound.value)
            lines.append([(left, bound.value), (right, bound.value)])
            aside.append((axes.place(right, bound.value)[1], said))
    if goal.gap_at_most is not None:
        sign = 1.0 if find(goal.metric).better == "higher" else -1.0
        off = sign * goal.gap_at_most
        area = _cut(area, (sign, -sign), goal.gap_at_most)
        ends = (max(left, low + off), min(right, high + off))
        if ends[0] < ends[1]:
            lines.append([(x, x - off) for x in ends])
            x, y = axes.place(ends[1], ends[1] - off)
            said = f"gap ≤ {goal.gap_at_most:g}"
            if x > axes.place(right, low)[0] - 1:
                aside.append((y, said))
            else:
                axes.drawing.word(x + 4, y + 12, said, style="limit")
    if len(area) > 2 and lines:
        axes.drawing.area("allowed", [axes.place(x, y) for x, y in area])
    for line in lines:
        axes.drawing.line("limit", [axes.place(x, y) for x, y in line])
    if aside:
        heights = apart([y for y, _ in aside], LINE, (TOP, axes.drawing.height - BOTTOM))
        for (_, said), y in zip(aside, heights, strict=True):
            axes.drawing.word(WIDTH - RIGHT + 4, y + 4, said, style="limit")


def _sign(bound: Bound) -> str:
    if "=" in bound.text:
        return "≤" if bound.sense == "lower" else "≥"
    return "<" if bound.sense == "lower" else ">"


def _cut(area: Sequence[Point], normal: Point, most: float) -> list[Point]:
    """The part of a polygon where ``normal . point <= most``."""
    kept: list[Point] = []
    for one, other in zip(area, [*area[1:], *area[:1]], strict=True):
        beyond = [normal[0] * x + normal[1] * y - most for x, y in (one, other)]
        if beyond[0] <= 0:
            kept.append(one)
        if beyond[0] * beyond[1] < 0:
            share = beyond[0] / (beyond[0] - beyond[1])
            kept.append((one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])))
    return kept


def by_effect(document: Document) -> list[Undone]:
    """The changes of the ablation by their effect, the largest gain first; those that were not measured last."""
    sign = 1 if find(document.metric).better == "higher" else -1
    return sorted(document.ablation, key=lambda one: math.inf if one.brought is None else -sign * one.brought)


def ablation(document: Document) -> Drawing | None:
    """The effect of each change on validation, with its spread over the seeds; None where none was measured."""
    metric = document.metric
    measured = [(one.name, one.brought, one.spread or 0.0) for one in by_effect(document) if one.brought is not None]
    if not measured:
        return None
    drawing = Drawing(f"Effect of each change on validation {metric}", height=EDGE + ROW * len(measured) + BOTTOM)
    ends = [brought + side * spread for _, brought, spread in measured for side in (-1, 1)]
    axes = Axes(drawing, span_of([0.0, *ends]), (0, 1))
    axes.upright_ticks(f"difference in validation {metric}", round_ticks(*axes.x), EDGE)
    x, y = axes.place(0.0, 0)
    drawing.line("limit", [(x, y), (x, EDGE)])
    for row, (name, brought, spread) in enumerate(measured):
        height = EDGE + ROW * (row + 0.7)
        drawing.line("two", [(axes.place(brought + side * spread, 0)[0], height) for side in (-1, 1)])
        drawing.dot("two", axes.place(brought, 0)[0], height, 4.5)
        drawing.word(LEFT + 2, height - 12, name)
        drawing.word(WIDTH - RIGHT + 6, height + 4, number(brought, "+.3f"))
    return drawing


def learning_curve(document: Document) -> Drawing | None:
    """The goal's metric over the rows of train that the winning recipe was given; None where it was not measured."""
    records = () if document.limits is None else document.limits.learning_curve
    if len(records) < 2:
        return None
    goal = document.goal.goal()
    metric = goal.metric
    drawing = Drawing(f"{metric} on train and validation over the number of train rows")
    curves = {
        split: [figure(one.train if split == "train" else one.validation) for one in records] for _, split in CURVES
    }
    values = [value for curve in curves.values() for value in curve]
    wished = [one.value for one in goal.bounds if (one.split, one.metric) == ("validation", metric)]
    rows = [one.rows for one in records]
    axes = Axes(drawing, (0, max(rows)), span_of([*values, *wished], find(metric).range))
    axes.ticks("train rows", rows, round_ticks(*axes.y))
    axes.y_name(metric)
    named = []
    for style, split in CURVES:
        ys = curves[split]
        end = axes.curve(style, rows, ys)
        if end is None:
            continue
        named.append((style, end[1], split))
        for row, y in zip(rows, ys, strict=True):
            drawing.dot(style, *axes.place(row, y), 3.5)
    for value in wished:
        drawing.line("limit", [axes.place(end, value) for end in axes.x])
        named.append(("limit", axes.place(0, value)[1], f"goal: {value:g}"))
    heights = apart([y for _, y, _ in named], LINE, (TOP, drawing.height - BOTTOM))
    for (style, _, name), y in zip(named, heights, strict=True):
        drawing.word(WIDTH - RIGHT + 6, y + 4, name, style=style)
    return drawing
