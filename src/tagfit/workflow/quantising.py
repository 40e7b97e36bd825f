"""Quantise a tagger: 8-bit arithmetic, judged again on validation against float32 before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.evaluation.choose import choose_thresholds
from tagfit.evaluation.compare import Difference, compare
from tagfit.evaluation.metrics import find
from tagfit.evaluation.thresholds import Thresholds
from tagfit.scores import Scores
from tagfit.scoring import scored_by
from tagfit.tagger import Tagger, int8

JUDGED_ON = "validation"
SEED = 0


class TooMuchLostError(InputError):
    """An 8-bit tagger that may lose more than was allowed."""


@dataclass(frozen=True)
class Int8:
    """What an 8-bit tagger may lose.

    Attributes:
        loss: at most this much of the metric, at the worse end of the 95 % interval of the paired difference.
        metric: the metric.
    """

    loss: float = 0.01
    metric: str = "macro_f1"

    def __post_init__(self) -> None:
        if not 0 <= self.loss <= 1:
            raise InputError(f"int8_loss is {self.loss:g}", instead="a number from 0 to 1, such as 0.01")
        find(self.metric)


def quantise(made: Tagger, problem: Problem, before: Mapping[str, Scores], allowed: Int8) -> tuple[Tagger, Any]:
    """The ONNX tagger in 8 bits, and its scores by split.

    Args:
        made: in float32, not calibrated.
        problem: what it was trained on.
        before: its scores by split.
        allowed: what may be lost.

    Raises:
        TooMuchLostError: it may lose more.
        InputError: no validation split, or a net that cannot be quantised.
    """
    if JUDGED_ON not in before:
        raise InputError("an 8-bit tagger is judged on validation, and the run has none", instead="no --int8")
    graph = made.graph
    assert graph is not None
    train = problem.part("train").rows
    some = np.sort(np.random.default_rng(SEED).permutation(train)[: int8.ROWS])
    small = int8.quantised(graph, problem.inputs[some])
    rounded = replace(made, graph=small)
    after = {name: scored_by(rounded, problem, name) for name in before}
    rounded = replace(rounded, thresholds=_chosen_again(made.thresholds, after[JUDGED_ON]))
    difference = compare(
        {"float32": before[JUDGED_ON], "int8": after[JUDGED_ON]},
        thresholds={"float32": made.thresholds, "int8": rounded.thresholds},
        metrics=[allowed.metric],
    )[allowed.metric]
    _refuse_loss(difference, allowed)
    rows = problem.inputs[problem.part(JUDGED_ON).rows[: int8.ROWS_TO_TIME]]
    about = {
        **difference.to_dict(),
        "allowed_loss": allowed.loss,
        "calibrated_on": len(some),
        "bytes": {"float32": len(graph), "int8": len(small)},
        "milliseconds": int8.times({"float32": graph, "int8": small}, rows),
    }
    return replace(rounded, measured={**rounded.measured, "int8": about}), after


def _chosen_again(thresholds: Thresholds, scores: Scores) -> Thresholds:
    """Thresholds by the same strategy on new scores; those that were given and not chosen stay."""
    if not thresholds.details:
        return thresholds
    whole = thresholds.strategy.split(", ")[0]
    by_label = {
        str(one["label"]): str(one["strategy"]) for one in thresholds.details if one.get("strategy", whole) != whole
    }
    return choose_thresholds(scores, whole, by_label=by_label)


def _refuse_loss(found: Difference, allowed: Int8) -> None:
    """Raise unless the worse end of the interval of the difference is within what is allowed."""
    sign = 1.0 if found.better == "higher" else -1.0
    ends = [sign * end for end in (found.low, found.high, found.difference) if end is not None]
    lost = -min(ends)
    if not lost <= allowed.loss:  # also where the metric is undefined
        interval = "" if found.low is None else f", 95 % interval {found.low:+.4f} to {found.high:+.4f}"
        raise TooMuchLostError(
            f"8 bits may lose {lost:.4f} of {found.metric} on validation, more than {allowed.loss:g}: "
            f"{found.first:.4f} becomes {found.second:.4f}{interval}",
            instead="a larger --int8-loss, or float32",
        )
