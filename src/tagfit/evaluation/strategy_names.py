"""Strategy names: the text that names a way to choose thresholds, and what it means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tagfit.errors import InputError
from tagfit.evaluation.strategies import (
    CONFIDENCE,
    DEFAULT_CUT,
    BestF,
    Fixed,
    LeastCost,
    OneForAll,
    PrecisionAtLeast,
    RecallAtLeast,
    Strategy,
)

PULL = 25.0  # a label with this many positives moves half-way to the common threshold


@dataclass(frozen=True)
class Plan:
    """What the name of a strategy means: how thresholds are chosen, and the least and most labels of a picture."""

    strategy: Strategy
    at_least: int = 0
    at_most: int | None = None


def _best_f(text: str) -> Plan:
    beta, rest = re.fullmatch(r"best-f([0-9.]+)(-for-all|-pulled)?", text).groups()  # type: ignore[union-attr]
    if rest == "-for-all":
        return Plan(OneForAll(float(beta)))
    return Plan(BestF(float(beta), PULL if rest else 0.0))


def _target(text: str) -> Plan:
    kind, target, confidence = re.fullmatch(r"(precision|recall)=([0-9.]+)(?:@([0-9.]+))?", text).groups()  # type: ignore[union-attr]
    share, sure = float(target), float(confidence) if confidence else CONFIDENCE
    if not (0 < share < 1 and 0 < sure < 1):
        raise InputError(
            f"the target {text!r} is outside 0 to 1", instead="such as precision=0.9 or precision=0.9@0.95"
        )
    return Plan(PrecisionAtLeast(share, sure) if kind == "precision" else RecallAtLeast(share, sure))


def _fixed(text: str) -> Plan:
    cut = float(text.partition("=")[2])
    if not 0 <= cut <= 1:
        raise InputError(f"the threshold {cut:g} is outside 0 to 1", instead="such as fixed=0.5")
    return Plan(Fixed(cut))


def _cost(text: str) -> Plan:
    false_alarm, _, miss = text.partition("=")[2].partition(":")
    return Plan(LeastCost(float(false_alarm), float(miss)))


def _top(text: str) -> Plan:
    k = int(text.partition("=")[2])
    return Plan(Fixed(0.0), at_least=k, at_most=k)


# The form of a name, what it does, and how it is read.
STRATEGIES: dict[str, tuple[str, str, Callable[[str], Plan]]] = {
    "fixed=0.5": (r"fixed=[0-9.]+", "the same given threshold for all labels", _fixed),
    "best-f1-for-all": (
        r"best-f[0-9.]{1,12}-for-all",
        "one for all labels, with the best macro F1 (or F2, F0.5 ...)",
        _best_f,
    ),
    "best-f1": (r"best-f[0-9.]{1,12}", "one per label, each with its best F1", _best_f),
    "best-f1-pulled": (
        r"best-f[0-9.]{1,12}-pulled",
        "the same, pulled toward the one for all where positives are few",
        _best_f,
    ),
    "precision=0.9": (
        r"precision=[0-9.]+(@[0-9.]+)?",
        "precision at least 0.9 on new pictures with confidence 0.95 "
        "(precision=0.9@0.99 for another), recall as high as it goes",
        _target,
    ),
    "recall=0.9": (
        r"recall=[0-9.]+(@[0-9.]+)?",
        "recall at least 0.9, likewise, precision as high as it goes",
        _target,
    ),
    "cost=1:5": (r"cost=[0-9.]{1,12}:[0-9.]{1,12}", "least cost, where a false alarm costs 1 and a miss 5", _cost),
    "top=3": (r"top=[1-9][0-9]*", "the 3 highest scores of each picture", _top),
    "at-least-one": (
        r"at-least-one",
        "0.5, and where nothing is above it the highest score; also after another, as in best-f1+at-least-one",
        lambda text: Plan(Fixed(DEFAULT_CUT), at_least=1),
    ),
}


def parse(name: str) -> Plan:
    """What a strategy's name means.

    Raises:
        InputError: a name that is none, with all forms there are.
    """
    if not isinstance(name, str):
        raise InputError(f"the strategy is {name!r}", instead=f"one of {', '.join(STRATEGIES)}")
    base, plus, rest = name.partition("+")
    if plus and rest != "at-least-one":
        raise InputError(f"{rest!r} cannot follow a strategy", instead="only +at-least-one")
    for form, _, read in STRATEGIES.values():
        if re.fullmatch(form, base):
            try:
                plan = read(base)
            except ValueError as error:
                if isinstance(error, InputError):
                    raise
                break
            return Plan(plan.strategy, max(1, plan.at_least), plan.at_most) if plus else plan
    raise InputError(f"there is no strategy {name!r}", instead=f"one of {', '.join(STRATEGIES)}")
