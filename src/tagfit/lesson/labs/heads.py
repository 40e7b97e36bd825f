"""Station 2, Heads: logits under a sigmoid and under a softmax."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import expit, softmax

from tagfit.data.scenes.scene import LABELS
from tagfit.lesson.blocks import Shown, Table, table
from tagfit.lesson.steps import Context, Lab, Outcome

# Of a picture of a beach at sunset with people.
LOGITS = (2.4, 1.9, 2.1, -2.0, -1.5, -3.0)
HIGH, LOW = 0.9, 0.1
BEFORE, AFTER = (1.0, 1.0, -1.0), (4.0, 1.0, -1.0)


def _show_predict(context: Context) -> Shown:
    names = context.step.names
    rows = [[label, f"{logit:g}"] for label, logit in zip(LABELS, LOGITS, strict=True)]
    return Shown([table([names["label"], names["logit"]], rows)])


def _judge_predict(context: Context, answer: str) -> Outcome:
    divided, single = softmax(LOGITS), expit(LOGITS)
    figures = {"softmax_above": int((divided > 0.5).sum()), "sigmoid_above": int((single > 0.5).sum())}
    right = answer == "one"
    return Outcome(answer, right, "" if right else answer, figures=figures, blocks=[_both(context, LABELS, LOGITS)])


def _both(context: Context, labels: tuple[str, ...], logits: tuple[float, ...]) -> Table:
    """Logits and their scores under both heads."""
    names = context.station.step("predict").names
    columns = [names[name] for name in ("label", "logit", "softmax", "sigmoid")]
    scored = zip(labels, logits, softmax(logits), expit(logits), strict=True)
    rows = [[label, f"{logit:g}", f"{divided:.2f}", f"{single:.2f}"] for label, logit, divided, single in scored]
    return table(columns, rows)


def _judge_move(context: Context, answer: list[float]) -> Outcome:
    scores, divided = expit(answer), softmax(answer)
    wanted = np.array([True, True, False])
    figures = {
        "softmax_first": float(divided[0]),
        "softmax_second": float(divided[1]),
        "sigmoid_of_nine": float(expit(0.9)),
    }
    shown = [_both(context, LABELS[:3], tuple(answer))]
    if (np.where(wanted, scores, 1 - scores) > HIGH).all():
        return Outcome("right", True, figures=figures, blocks=shown)
    if all(0 <= value <= 1 for value in answer) and any(value > 0 for value in answer):
        key = "as_probabilities"
    elif answer[2] == 0:
        key = "zero_is_no"
    elif ((scores > 0.5) == wanted).all():
        key = "too_timid"
    else:
        key = "other_side"
    return Outcome(key, False, key, done=False, figures=figures, blocks=shown)


def _judge_coupled(_context: Context, answer: str) -> Outcome:
    figures = {
        "softmax_before": float(softmax(BEFORE)[1]),
        "softmax_after": float(softmax(AFTER)[1]),
        "sigmoid_after": float(expit(AFTER)[1]),
    }
    right = answer == "softmax_only"
    return Outcome(answer, right, "" if right else answer, done=right, figures=figures)


LABS: Mapping[str, Lab] = {
    "predict": Lab(_judge_predict, _show_predict),
    "move": Lab(_judge_move),
    "coupled": Lab(_judge_coupled),
}
