"""Station 5, Memorise: the plain net trains live, and its curves are drawn over what the learner expected."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tagfit.lesson.blocks import Curves, Shown
from tagfit.lesson.labs import nets, painted
from tagfit.lesson.steps import Context, Lab, Outcome

EPOCHS = (5, 20, 50, 100, 150)
# A change of the loss that counts as rising or falling, and an accuracy that counts as close.
CHANGE, CLOSE = 0.05, 0.03


def _judge_expect(context: Context, answer: list[float]) -> Outcome:
    found = nets.start(context.on_epoch)
    names = context.step.names
    train, validation = (nets.losses(found.history, split) for split in nets.SPLITS)
    drawn = np.interp(np.arange(1, len(validation) + 1), EPOCHS, answer)
    series = {names["train"]: train, names["validation"]: validation, names["yours"]: tuple(drawn.tolist())}
    curves = Curves(names["loss"], series, high=max(1.0, *(max(values) for values in series.values())))
    best = int(np.argmin(validation))
    figures = {
        "best_epoch": best + 1,
        "epochs": len(validation),
        "lowest": validation[best],
        "last": validation[-1],
        "train_last": train[-1],
    }
    key = _shape(answer)
    right = key == "rises"
    return Outcome(key, right, "" if right else key, figures=figures, blocks=[curves])


def _shape(values: Sequence[float]) -> str:
    """Whether a curve rises after its lowest point, falls until the end, or settles."""
    if values[-1] > min(values) + CHANGE:
        return "rises"
    return "keeps_falling" if values[-2] - values[-1] > CHANGE / 2 else "flat"


def _show_accuracy(_context: Context) -> Shown:
    return Shown(figures={"train_last": nets.losses(nets.start().history, "train")[-1]})


def _judge_accuracy(_context: Context, answer: float) -> Outcome:
    figures = {**_accuracies(), "given": f"{answer:.2f}"}
    off = answer - figures["validation"]
    key = "right" if abs(off) <= CLOSE else "too_high" if off > 0 else "too_low"
    right = key == "right"
    return Outcome(key, right, "" if right else key, figures={**figures, **loss_at(figures["wrong"])}, more=("loss",))


def loss_at(wrong: float) -> dict[str, float]:
    """What the binary log loss can be where a share ``wrong`` of the entries is on the wrong side of 0.5.

    ``least``: each wrong entry has a score of exactly 0.5, and all others are certain. ``honest`` and ``even``: the
    least and the most of calibrated scores, where what is not certain is a coin's, or all are equally sure.
    """
    even = -(wrong * math.log(wrong) + (1 - wrong) * math.log(1 - wrong)) if 0 < wrong < 1 else 0.0
    return {"least": wrong * math.log(2), "honest": 2 * wrong * math.log(2), "even": even}


def _accuracies() -> dict[str, Any]:
    found = nets.start()
    train, validation = (found.value(split) for split in nets.SPLITS)
    nothing = found.evaluations["validation"].metrics["label_accuracy"].nothing
    more = {"loss": found.value("validation", "loss"), "wrong": 1 - validation, "nothing": nothing}
    return {"train": train, "validation": validation, "gap": 100 * (train - validation), **more}


def _show_above(_context: Context) -> Shown:
    figures = {"noise": painted.WRONG, "ceiling": 1 - painted.WRONG}
    return Shown(figures={**figures, "train": nets.start().value("train")})


def _judge_above(_context: Context, answer: str) -> Outcome:
    scores = nets.start().scores["train"]
    flipped = scores.truth != painted.true_tags("train", painted.MANY)
    learned = ((scores.scores > 0.5) == scores.truth)[flipped].mean()
    figures = {"ceiling": 1 - painted.WRONG, "wrong_learned": float(learned)}
    right = answer == "memorised"
    return Outcome(answer, right, "" if right else answer, done=right, figures=figures)


LABS: Mapping[str, Lab] = {
    "expect": Lab(_judge_expect),
    "accuracy": Lab(_judge_accuracy, _show_accuracy),
    "above": Lab(_judge_above, _show_above),
}
