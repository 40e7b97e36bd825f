"""Station 10, Explain: a run with its evidence, the learner's verdict, and that of the engine."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from tagfit.diagnosis.diagnose import diagnose
from tagfit.diagnosis.finding import Finding
from tagfit.lesson.blocks import Curves, Shown, table
from tagfit.lesson.labs import nets
from tagfit.lesson.labs.nets import Trained
from tagfit.lesson.steps import Context, Lab, Outcome
from tagfit.recipe import Recipe

# Unlike the net of the other stations, so that its verdict has to be read from its own evidence.
UNSEEN = Recipe(widths=(48,), learning_rate=2e-3, epochs=40)
FEWEST_WORDS = 8
OPTIONS = ("both", "chance", "turn", "remedy", "unknown")


@functools.cache
def unseen() -> Trained:
    """The run."""
    return nets.known(UNSEEN)


@functools.cache
def findings() -> tuple[Finding, ...]:
    """What the engine says of how it was trained."""
    found = unseen()
    said = diagnose(
        train=found.scores["train"],
        validation=found.scores["validation"],
        history=found.history,
        recipe=found.recipe,
        kept_epoch=found.kept_epoch,
    )
    return tuple(said[code] for code in ("overfitting", "memorising", "underfitting"))


def _show(context: Context) -> Shown:
    names, found = context.step.names, unseen()
    rows = [[names[split], f"{found.value(split):.3f}", f"{found.value(split, 'loss'):.3f}"] for split in nets.SPLITS]
    curves = Curves(names["loss"], {names[split]: nets.losses(found.history, split) for split in nets.SPLITS})
    return Shown([table([names["split"], names["accuracy"], names["loss"]], rows), curves])


def _judge_verdict(context: Context, answer: str) -> Outcome:
    names = context.step.names
    rows = [[one.code, one.verdict.says] for one in findings() if one.outcome == "fired"]
    shown = [table([names["finding"], names["says"]], rows)]
    if not any(sign.isdecimal() for sign in answer):
        key = "no_numbers"
    else:
        key = "no_remedy" if len(answer.split()) < FEWEST_WORDS else "compared"
    misconception = "" if key == "compared" else key
    return Outcome(key, False if misconception else None, misconception, blocks=shown)


def _judge_compare(_context: Context, answer: Sequence[str]) -> Outcome:
    found, overfitting = unseen(), findings()[0]
    remedy = next((one.remedy for one in findings() if one.remedy is not None), None)
    figures = {
        **{split: found.value(split) for split in nets.SPLITS},
        "gap": str(overfitting.evidence["gap"]["label_accuracy"]),
        "best_epoch": findings()[1].evidence["best_epoch"],
        "epochs": len(found.history),
        "remedy": "" if remedy is None else remedy.words,
    }
    missing = [f"missing_{option}" for option in OPTIONS if option not in answer]
    if not missing:
        return Outcome("complete", True, figures=figures)
    return Outcome(missing[0], None, missing[0], figures=figures, more=tuple(missing[1:]))


LABS: Mapping[str, Lab] = {"verdict": Lab(_judge_verdict, _show), "compare": Lab(_judge_compare)}
