"""Goal: what a cure has to reach: bounds on metrics of splits, a largest gap, and what to maximise."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tagfit.arguments import checked
from tagfit.errors import Fault, InputError, gathered
from tagfit.evaluation.metrics import METRICS, find
from tagfit.evaluation.other_names import likely, parted

LESSON = ("validation.label_accuracy>=0.85", "train.label_accuracy<0.92")
NAMED = {"lesson": LESSON}
DEFAULT_MAXIMISE = "validation.mAP"
DEFAULT_GAP = 0.05
EXAMPLE = "validation.label_accuracy>=0.85"
# A value on an exclusive bound falls short, by next to nothing.
LEAST_SHORTFALL = 1e-9
CEILING_WEIGHT = 0.5

# A name may end in a beta with a point, as macro_f0.5 does.
_NAME = r"\s*(?:(train|validation|test)\.)?(\w+(?:\.\d+)?)\s*"
_BOUND = re.compile(_NAME + r"(>=|<=|>|<)\s*([\w.+-]+)\s*")
_OTHER_BOUND = re.compile(r"\s*([A-Za-z][\w./-]*?)\s*(>=|<=|==|=|>|<)\s*(\S+)\s*")
_PERCENTAGE = re.compile(r"[0-9]+(?:\.[0-9]+)?%")
_FIGURE = re.compile(_NAME)


@dataclass(frozen=True)
class Bound:
    """One constraint of a goal.

    Attributes:
        split: whose metric.
        metric: its name.
        sense: ``higher`` if the metric has to be above ``value``, ``lower`` if below.
        value: the bound.
        text: as the user wrote it.
    """

    split: str
    metric: str
    sense: Literal["higher", "lower"]
    value: float
    text: str

    @property
    def figure(self) -> str:
        """What it bounds, such as ``validation.label_accuracy``."""
        return f"{self.split}.{self.metric}"

    @property
    def asks_for_quality(self) -> bool:
        """Whether a better model is nearer to it; one like ``train.label_accuracy<0.92`` limits the gap instead."""
        return find(self.metric).better == self.sense

    def met_by(self, value: float) -> bool:
        """Whether a value meets it; one on the bound does only for ``>=`` and ``<=``."""
        if "=" in self.text and value == self.value:
            return True
        return value > self.value if self.sense == "higher" else value < self.value

    def shortfall(self, value: float) -> float:
        """How far a value is from meeting it: above 0 if missed, at most 0 if met, infinite for NaN."""
        if math.isnan(value):
            return math.inf
        short = self.value - value if self.sense == "higher" else value - self.value
        return short if self.met_by(value) else max(short, LEAST_SHORTFALL)


@dataclass(frozen=True, init=False)
class Goal:
    """What a cure has to reach: ``Goal("validation.label_accuracy>=0.85", "train.label_accuracy<0.92")``.

    Attributes:
        bounds: on metrics of train and validation; test confirms them.
        maximise: a figure to make as good as possible while the bounds are met, such as ``validation.mAP``; None if
            there are only bounds. A metric of which less is better is minimised.
        gap_at_most: the largest gap between train and validation in ``metric``; None for any.
    """

    bounds: tuple[Bound, ...]
    maximise: str | None
    gap_at_most: float | None

    @checked(bounds="texts, such as Goal('validation.mAP>=0.5', 'train.mAP<0.9')")
    def __init__(self, *bounds: str, maximise: str | None = None, gap_at_most: float | None = None) -> None:
        """Read the bounds, one text each; ``lesson`` is short for the two bounds of LESSON.

        Without arguments the goal is the best validation mAP with a small gap.

        Raises:
            InputError: texts of another form, unknown metrics, metrics that cannot be a goal, or bounds that no model
                can meet; all of them.
        """
        if not bounds and maximise is None:
            maximise = DEFAULT_MAXIMISE
            gap_at_most = DEFAULT_GAP if gap_at_most is None else gap_at_most
        faults: list[Fault] = []
        found: list[Bound] = []
        for text in (text for name in bounds for text in NAMED.get(name, (name,))):
            with gathered(faults):
                found.append(_usable(read_bound(text)))
        with gathered(faults):
            maximise = None if maximise is None else _read_figure(maximise)
        number = isinstance(gap_at_most, int | float) and not isinstance(gap_at_most, bool)
        if gap_at_most is not None and not (number and 0 <= gap_at_most < math.inf):
            faults.append(Fault(f"gap_at_most = {gap_at_most!r}", instead="a number, 0 or more, such as 0.05"))
        faults += _contradictions(found)
        if faults:
            raise InputError(faults)
        object.__setattr__(self, "bounds", tuple(found))
        object.__setattr__(self, "maximise", maximise)
        object.__setattr__(self, "gap_at_most", gap_at_most)

    def __repr__(self) -> str:
        given = [repr(bound.text) for bound in self.bounds]
        named = {"maximise": self.maximise, "gap_at_most": self.gap_at_most}
        return (
            f"Goal({', '.join([*given, *(f'{name}={value!r}' for name, value in named.items() if value is not None)])})"
        )

    @property
    def metric(self) -> str:
        """The metric that the goal is about: of its first bound for quality on validation, else what is maximised."""
        wished = [bound.metric for bound in self.bounds if bound.split == "validation" and bound.asks_for_quality]
        if wished:
            return wished[0]
        return self.bounds[0].metric if self.maximise is None else self.maximise.partition(".")[2]

    @property
    def figures(self) -> tuple[str, ...]:
        """Every ``split.metric`` that has to be known to compare a model with this goal."""
        named = [*(bound.figure for bound in self.bounds), f"train.{self.metric}", f"validation.{self.metric}"]
        return tuple(dict.fromkeys(named if self.maximise is None else [*named, self.maximise]))

    def gap(self, values: Mapping[str, float]) -> float:
        """How much better train is than validation in ``metric``."""
        difference = values[f"train.{self.metric}"] - values[f"validation.{self.metric}"]
        return difference if find(self.metric).better == "higher" else -difference

    def shortfalls(self, values: Mapping[str, float]) -> dict[str, float]:
        """Each constraint by its text, and how far ``values`` (by figure) are from meeting it; above 0 it is missed."""
        found = {bound.text: bound.shortfall(values[bound.figure]) for bound in self.bounds}
        if self.gap_at_most is not None:
            gap = self.gap(values)
            found[self.gap_text] = math.inf if math.isnan(gap) else gap - self.gap_at_most
        return found

    @property
    def gap_text(self) -> str:
        """The constraint on the gap as text."""
        return f"gap of {self.metric}<={self.gap_at_most}"

    def met_by(self, values: Mapping[str, float]) -> bool:
        """Whether every constraint holds."""
        return all(short <= 0 for short in self.shortfalls(values).values())

    def misses_quality_alone(self, values: Mapping[str, float]) -> bool:
        """Whether only bounds for quality are missed, while every ceiling on train and the gap is met."""
        missed = {text for text, short in self.shortfalls(values).items() if short > 0}
        return bool(missed) and missed <= self._wished

    @property
    def _wished(self) -> set[str]:
        return {bound.text for bound in self.bounds if bound.asks_for_quality}

    def worth(self, values: Mapping[str, float]) -> float:
        """How good a model is beyond the goal: the figure to maximise, else the margin of the tightest bound."""
        if self.maximise is None:
            return -max(self.shortfalls(values).values())
        value = values[self.maximise]
        return value if find(self.maximise.partition(".")[2]).better == "higher" else -value

    def merit(self, values: Mapping[str, float]) -> tuple[float, float]:
        """A sort key, the best model highest: first by the sum of what it falls short by, then by its worth.

        A ceiling on train, or on the gap, weighs less: regularising lowers it without raising anything.
        """
        short = sum(
            max(0.0, one) * (1.0 if text in self._wished else CEILING_WEIGHT)
            for text, one in self.shortfalls(values).items()
        )
        worth = self.worth(values)
        return -short, -math.inf if math.isnan(worth) else worth

    def words(self) -> list[str]:
        """Its constraints and what it maximises, one text each."""
        words = [bound.text for bound in self.bounds]
        words += [] if self.gap_at_most is None else [self.gap_text]
        return words if self.maximise is None else [*words, f"maximise {self.maximise}"]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; see :meth:`from_dict`."""
        bounds = [bound.text for bound in self.bounds]
        return {"bounds": bounds, "maximise": self.maximise, "gap_at_most": self.gap_at_most, "metric": self.metric}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Goal:
        """What :meth:`to_dict` gave."""
        return cls(*values["bounds"], maximise=values["maximise"], gap_at_most=values["gap_at_most"])


def read_bounds(goal: str | Sequence[str] | None) -> tuple[Bound, ...]:
    """The constraints of a goal, one text each or several separated by commas.

    Raises:
        InputError: another form, an unknown metric, or a bound that no model can meet.
    """
    texts = [] if goal is None else goal.split(",") if isinstance(goal, str) else list(goal)
    return tuple(read_bound(part) for text in texts for part in NAMED.get(str(text).strip(), (str(text),)))


def read_bound(text: str) -> Bound:
    """One constraint, such as ``validation.label_accuracy>=0.85``; without a split it is on validation.

    Raises:
        InputError: another form, an unknown metric, or a bound that no model can meet.
    """
    found = _BOUND.fullmatch(text)
    if found is None:
        instead = _likely_bound(text) or f"{EXAMPLE}, or {' or '.join(NAMED)}"
        raise InputError(f"the goal {text!r} cannot be read", instead=instead)
    split, name, sign, value = found.groups()
    if split is None and parted(name)[0]:
        raise InputError(f"the goal {text!r} names no metric of a split", instead=_likely_bound(text) or EXAMPLE)
    try:
        number = float(value)
    except ValueError:
        raise InputError(f"the goal {text!r} has no number", instead=EXAMPLE) from None
    sense: Literal["higher", "lower"] = "higher" if sign[0] == ">" else "lower"
    metric = find(name)
    bound = Bound(split or "validation", metric.name, sense, number, text.strip())
    lowest, highest = metric.range
    possible = lowest <= number <= highest and math.isfinite(number)
    if not possible or not bound.met_by(highest if sense == "higher" else lowest):
        form = f"{bound.figure}{sign}{_possible(number, metric.range):g}"
        raise InputError(f"{text.strip()!r} cannot be met: {metric.name} is {_within(metric.range)}", instead=form)
    return bound


def _within(ends: tuple[float, float]) -> str:
    return f"{ends[0]:g} or more" if math.isinf(ends[1]) else f"from {ends[0]:g} to {ends[1]:g}"


def _possible(number: float, ends: tuple[float, float]) -> float:
    """A value for the example: a percentage as a share, else one inside the range."""
    lowest, highest = ends
    if highest == 1 and 1 < number <= 100:
        return number / 100
    return 0.5 if math.isinf(highest) else lowest + 0.85 * (highest - lowest)


def _contradictions(bounds: Sequence[Bound]) -> list[Fault]:
    """Pairs of bounds on one figure that no value meets."""
    faults = []
    for low in (bound for bound in bounds if bound.sense == "higher"):
        for high in (bound for bound in bounds if bound.sense == "lower" and bound.figure == low.figure):
            exclusive = "=" not in low.text or "=" not in high.text
            if low.value > high.value or (low.value == high.value and exclusive):
                what = f"no value of {low.figure} meets both {low.text!r} and {high.text!r}"
                faults.append(Fault(what, instead="one of the two, or bounds that leave room between them"))
    return faults


def _likely_bound(text: str) -> str:
    """The bound that names of other libraries, such as ``val_acc>0.85``, may mean; empty if that cannot be guessed."""
    found = _OTHER_BOUND.fullmatch(text)
    if found is None:
        return ""
    split, metric = parted(found[1])
    sign = found[2] if found[2] in (">=", "<=", ">", "<") else ">="
    meant = (metric,) if metric in METRICS else likely(metric)
    value = found[3]
    if _PERCENTAGE.fullmatch(value):
        share = float(value[:-1]) / 100
        value = f"{share if 0 < share < 1 else _possible(share, (0.0, 1.0)):g}"
    return " or ".join(f"{split or 'validation'}.{one}{sign}{value}" for one in meant)


def _usable(bound: Bound) -> Bound:
    _refuse(bound.split, bound.metric, bound.text)
    return bound


def _read_figure(text: str) -> str:
    found = _FIGURE.fullmatch(text)
    if found is None:
        raise InputError(f"{text!r} cannot be maximised", instead=f"a metric of a split, such as {DEFAULT_MAXIMISE}")
    split, metric = found[1] or "validation", find(found[2]).name
    _refuse(split, metric, text)
    return f"{split}.{metric}"


def _refuse(split: str, metric: str, text: str) -> None:
    if split == "test":
        raise InputError(
            f"{text!r} is about the test split, which is there to confirm a goal",
            instead="the same bound on validation; the cure compares it with test once, at the end",
        )
    if metric == "argmax_accuracy":
        raise InputError(
            f"{text!r}: argmax_accuracy cannot be a goal: a perfect model fails it where pictures have several tags",
            instead="label_accuracy, macro_f1 or mAP",
        )
