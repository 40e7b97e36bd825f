"""Goals: a wish such as ``validation.label_accuracy>=0.85`` read into split, metric, sense and value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tagfit.errors import InputError
from tagfit.evaluation.metrics import find

_FORM = re.compile(r"\s*(?:(train|validation|test)\.)?(\w+)\s*(>=|<=|>|<)\s*([0-9.eE+-]+)\s*")


@dataclass(frozen=True)
class Bound:
    """One constraint of a goal.

    Attributes:
        split: whose metric.
        metric: its name.
        sense: ``higher`` where the value has to be above ``value``, ``lower`` where below.
        value: the bound.
        text: as the user wrote it.
    """

    split: str
    metric: str
    sense: Literal["higher", "lower"]
    value: float
    text: str

    def met_by(self, value: float) -> bool:
        """Whether a value meets it; one that lies on the bound counts only for ``>=`` and ``<=``."""
        if "=" in self.text and value == self.value:
            return True
        return value > self.value if self.sense == "higher" else value < self.value


def bounds(goal: str | Sequence[str] | None) -> tuple[Bound, ...]:
    """The constraints of a goal, one text each or several with commas.

    Raises:
        InputError: another form, or a metric that there is not.
    """
    texts = [] if goal is None else goal.split(",") if isinstance(goal, str) else list(goal)
    return tuple(_bound(str(text)) for text in texts)


def _bound(text: str) -> Bound:
    found = _FORM.fullmatch(text)
    if found is None:
        raise InputError(f"the goal {text!r} cannot be read", instead="validation.label_accuracy>=0.85")
    split, metric, sign, value = found.groups()
    try:
        number = float(value)
    except ValueError:
        raise InputError(f"the goal {text!r} holds no number", instead="validation.label_accuracy>=0.85") from None
    return Bound(
        split or "validation", find(metric).name, "higher" if sign[0] == ">" else "lower", number, text.strip()
    )
