"""Station 7, Experiment: the learner's recipes, trained live on an unchanged Problem and interpreted."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tagfit.data.problem import Problem
from tagfit.diagnosis.diagnose import diagnose
from tagfit.errors import Fault, InputError, gathered
from tagfit.goal import Goal
from tagfit.lesson.blocks import Block, Curves, Shown, table
from tagfit.lesson.content import message
from tagfit.lesson.labs import nets, painted
from tagfit.lesson.labs.nets import Trained
from tagfit.lesson.steps import Context, Lab, OnEpoch, Outcome
from tagfit.recipe import Recipe, assign

GOAL = Goal("lesson")
FRESH_SEEDS = (1, 2, 3)
# Seconds for all trainings of one try, and the least that is left for one more seed.
ALL_SECONDS, LEAST_SECONDS = 9.0, 1.0
# Label accuracy on train that memory adds; below this a net has not memorised.
LITTLE_MEMORY = 0.03
# Findings that say how a training went.
ABOUT_FIT = ("overfitting", "underfitting", "memorising", "stopped-too-early", "unstable-curve", "training-diverged")
LOOK = "look=test"
# What belongs to the Problem, by the name that a learner may type, and how its value is read.
OF_PROBLEM = {"size": int, "pictures": int, "noise": float}
STEP = "try"
_TRIED: dict[str, Trained] = {}
MOST_KEPT = 20


@dataclass(frozen=True)
class Verdict:
    """How a try stands: the key of its interpretation, and what fresh seeds gave."""

    key: str
    others: tuple[Trained, ...] = ()


def values(found: Trained) -> dict[str, float]:
    """What the goal is about."""
    return {f"{split}.label_accuracy": found.value(split) for split in nets.SPLITS}


def interpret(found: Trained) -> str:
    """The key of the interpretation of one training, without regard to luck."""
    train, validation = values(found).values()
    if found.stopped:
        return "stopped"
    if GOAL.met_by(values(found)):
        return "met"
    enough, ceiling = GOAL.bounds
    if enough.met_by(validation):
        return "good_but_memorising"
    if not ceiling.met_by(train):
        return "overfitted"
    return "underfitted" if train - understood(validation) < LITTLE_MEMORY else "half_way"


def understood(validation: float) -> float:
    """The label accuracy on train of a net that is as often right about a picture there as on validation.

    It agrees with the tags that are right where it is right, and with those that are wrong where it is wrong. More of
    them are wrong in train, so the two figures cannot be compared as they are.
    """
    right = (validation - painted.NOISE["validation"]) / (1 - 2 * painted.NOISE["validation"])
    return painted.WRONG + (1 - 2 * painted.WRONG) * right


def confirmed(found: Trained, seconds: float) -> Verdict:
    """The verdict on a try that meets the goal: fresh seeds decide whether that was luck, in at most ``seconds``."""
    begun, others = time.monotonic(), []
    for seed in FRESH_SEEDS:
        left = seconds - (time.monotonic() - begun)
        if left < LEAST_SECONDS:
            break
        other = nets.train(found.recipe, seed=seed, problem=painted.experiment(), seconds=left)
        if other.stopped:
            break
        others.append(other)
    if not others:
        return Verdict("met_once")
    met = sum(GOAL.met_by(values(one)) for one in others)
    return Verdict("met" if 2 * met > len(others) else "met_by_luck", tuple(others))


def changed_problem(settings: Mapping[str, float]) -> Problem:
    """The Problem that a learner would get who changes what belongs to it."""
    own = {"size": painted.SMALL, "pictures": painted.MANY, "noise": painted.WRONG}
    return painted.made(**{**own, **settings})  # type: ignore[arg-type]


def _tried(recipe: Recipe, on_epoch: OnEpoch | None = None) -> Trained:
    """The training of a recipe; the last ones are kept, so that a look at test need not repeat them."""
    if recipe == nets.START:
        return nets.start(on_epoch)
    key = recipe.to_toml()
    if key not in _TRIED:
        while len(_TRIED) >= MOST_KEPT:
            _TRIED.pop(next(iter(_TRIED)))
        _TRIED[key] = nets.train(recipe, problem=painted.experiment(), splits=(*nets.SPLITS, "test"), on_epoch=on_epoch)
    return _TRIED[key]


def _show_try(context: Context) -> Shown:
    found = nets.start()
    names = context.step.names
    rows = [[names[split], f"{found.value(split):.3f}", f"{found.value(split, 'loss'):.3f}"] for split in nets.SPLITS]
    figures = {split: found.value(split) for split in nets.SPLITS}
    figures |= {f"{split}_loss": found.value(split, "loss") for split in nets.SPLITS}
    return Shown([table([names["split"], names["accuracy"], names["loss"]], rows)], figures)


def _judge_try(context: Context, answer: list[str]) -> Outcome:
    if LOOK in answer:
        return _look(context)
    touched = [word for word in answer if word.partition("=")[0] in OF_PROBLEM]
    if touched:
        return _refused(context, touched)
    recipe = assign(nets.START, answer)
    if recipe.architecture == "pretrained":
        raise InputError(Fault(" ".join(answer), instead=message("dense_or_conv")))
    begun = time.monotonic()
    found = _tried(recipe, context.on_epoch)
    key = "nothing_changed" if recipe == nets.START else interpret(found)
    verdict = Verdict(key)
    if key == "met":
        left = ALL_SECONDS - (time.monotonic() - begun)
        verdict = confirmed(found, math.inf if context.patient else left)
    looks = _looks(context)
    right = verdict.key in ("met", "met_once")
    figures = _figures(found, verdict)
    figures |= {"looks": looks, "answer": " ".join(answer), "right": right}
    more = [*_about(recipe), *(["tuned_on_test"] if right and looks else [])]
    misconception = verdict.key if verdict.key in context.step.misconceptions else ""
    blocks = _blocks(context, found, figures)
    return Outcome(verdict.key, right, misconception, done=right, figures=figures, blocks=blocks, more=tuple(more))


def _figures(found: Trained, verdict: Verdict) -> dict[str, Any]:
    train, validation = (found.value(split) for split in nets.SPLITS)
    return {
        "train": train,
        "validation": validation,
        "gap": 100 * (train - validation),
        "understood": understood(validation),
        "train_loss": found.value("train", "loss"),
        "validation_loss": found.value("validation", "loss"),
        "start_loss": nets.start().value("validation", "loss"),
        "nothing": found.evaluations["validation"].metrics["label_accuracy"].nothing,
        "epochs": len(found.history),
        "most": found.recipe.epochs,
        "seconds": nets.MOST_SECONDS,
        "seeds": len(verdict.others),
        "again": sum(GOAL.met_by(values(one)) for one in verdict.others),
        "others": ", ".join(f"{one.value('validation'):.1%}" for one in verdict.others),
        "recipe": found.recipe.to_dict(),
    }


def _about(recipe: Recipe) -> list[str]:
    """What is worth saying about the kind of net."""
    if recipe.architecture == "conv":
        return ["conv"]
    return ["small"] if sum(recipe.widths) * 2 <= sum(nets.START.widths) else []


def _blocks(context: Context, found: Trained, figures: Mapping[str, Any]) -> list[Block]:
    names = context.step.names
    curves = [
        Curves(names[what], {names[split]: of(found.history, split) for split in nets.SPLITS}, low, high)
        for what, of, low, high in (("loss", nets.losses, 0.0, 1.0), ("accuracy", nets.accuracies, 0.5, 1.0))
    ]
    tries = [one for one in (*context.figures(STEP), figures) if "recipe" in one]
    rows = [
        [str(place), one["answer"], *(f"{one[split]:.3f}" for split in nets.SPLITS), f"{one['gap']:.0f}"]
        for place, one in enumerate(tries, start=1)
    ]
    columns = [names[name] for name in ("number", "changes", "train", "validation", "gap")]
    findings = diagnose(
        train=found.scores["train"],
        validation=found.scores["validation"],
        history=found.history,
        recipe=found.recipe,
        kept_epoch=found.kept_epoch,
    )
    fired = [[one.code, one.verdict.says] for one in findings.fired if one.code in ABOUT_FIT]
    said = [table([names["finding"], names["evidence"]], fired)] if fired else []
    return [*curves, *said, table(columns, rows)]


def _refused(context: Context, touched: Sequence[str]) -> Outcome:
    """The fingerprints of the Problem that was, and of the one that would be."""
    names, faults, settings = context.step.names, list[Fault](), dict[str, float]()
    for word in touched:
        field, _, text = word.partition("=")
        with gathered(faults):
            settings[field] = _value(field, text)
    if faults:
        raise InputError(faults)
    before, after = painted.experiment().fingerprint, changed_problem(settings).fingerprint
    differing = [part for part in before if before[part] != after[part]]
    figures = {
        "fields": ", ".join(touched),
        "parts": ", ".join(names[part] for part in differing),
        "before": before[differing[0]][:12] if differing else "",
        "after": after[differing[0]][:12] if differing else "",
    }
    return Outcome("data_touched", False, "data_touched", done=False, figures=figures)


def _value(field: str, text: str) -> float:
    """A setting of the painter, within what can be painted in a moment."""
    try:
        number: float = OF_PROBLEM[field](text)
    except ValueError:
        raise InputError(Fault(f"{field}={text}", instead=f"{field}=1")) from None
    lowest, highest = {"size": (8, 64), "pictures": (50, 3000), "noise": (0, 0.45)}[field]
    return min(max(number, lowest), highest)


def _look(context: Context) -> Outcome:
    """The best try so far on test; every look is counted."""
    tries = [one for one in context.figures(STEP) if "recipe" in one]
    if not tries:
        return Outcome("nothing_to_look_at", None, done=False)
    best = max(tries, key=lambda one: one["validation"])
    found = _tried(Recipe(**best["recipe"]))
    figures = {"looks": _looks(context) + 1, "test": found.value("test")}
    return Outcome("looked_at_test", None, "looked_at_test", done=False, figures=figures)


def _looks(context: Context) -> int:
    return sum("test" in one for one in context.figures(STEP))


LABS: Mapping[str, Lab] = {"try": Lab(_judge_try, _show_try)}
