"""Reach: why a goal was not met, told from what was tried, from more and less data, and from the noise in the tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tagfit.curing.confirm import Confirmed
from tagfit.curing.followup import Beside
from tagfit.curing.search import sampled
from tagfit.curing.trial import Trial
from tagfit.data.problem import Problem
from tagfit.diagnosis.finding import Estimate, Findings
from tagfit.evaluation.metrics import find
from tagfit.goal import Goal
from tagfit.history import Epoch
from tagfit.recipe import Recipe

LEARNING = "learning_curve.jsonl"
# Shares of train that the learning curve is measured at, beside all of it.
SHARES = (0.25, 0.5)
# A doubling of the pictures that brings more than this share of what is missing is worth being told.
WORTH_TELLING = 0.25


def trade_off(trials: Sequence[Trial], goal: Goal) -> list[dict[str, Any]]:
    """The trials that no other beats on validation at a smaller or equal gap, by rising gap."""
    better = 1 if find(goal.metric).better == "higher" else -1
    points = [
        {
            "trial": trial.number,
            "train": trial.values[f"train.{goal.metric}"],
            "validation": trial.values[f"validation.{goal.metric}"],
            "gap": goal.gap(trial.values),
        }
        for trial in trials
    ]
    front: list[dict[str, Any]] = []
    for point in sorted(points, key=lambda one: (one["gap"], -better * one["validation"])):
        if not front or better * point["validation"] > better * front[-1]["validation"]:
            front.append(point)
    return front


def learning_curve(
    problem: Problem,
    cured: Confirmed,
    folder: Path,
    enough: Callable[[], bool],
    on_epoch: Callable[[Epoch, Recipe], None] | None = None,
) -> list[dict[str, Any]]:
    """The goal's figures of the winning recipe on parts of train: ``share``, ``rows``, ``train``, ``validation``.

    Each part is trained with the seed of the kept run; the last record is that run, on all of train.
    """
    beside = Beside(folder / LEARNING, "learning curve", cured.trial.number, cured.goal, enough, on_epoch)
    fresh, rows = cured.kept, len(problem.part("train"))
    found = []
    for share in SHARES:
        few = max(2, round(share * rows))
        trained = beside.train(sampled(problem, few, fresh.seed), cured.trial.recipe, fresh.seed, f"{share:g}")
        if trained is not None and trained.completed:
            found.append({"share": share, "rows": few, **_both(trained.values, cured.goal)})
    return [*found, {"share": 1.0, "rows": rows, **_both(fresh.values, cured.goal)}]


def _both(values: Any, goal: Goal) -> dict[str, float]:
    return {split: values[f"{split}.{goal.metric}"] for split in ("train", "validation")}


def ceiling(findings: Findings) -> Estimate | None:
    """The label accuracy that the noise in the tags allows, where it was found to be there."""
    finding = findings["suspect-tags"]
    found = finding.evidence.get("ceiling") if finding.outcome == "fired" else None
    return found if isinstance(found, Estimate) else None


def beyond(goal: Goal, highest: Estimate | None) -> list[str]:
    """The bounds on label accuracy that lie above what the noise in the tags allows."""
    if highest is None:
        return []
    return [
        f"{bound.text} lies beyond what the tags allow: with the estimated share of wrong ones, label accuracy cannot "
        f"pass {highest}"
        for bound in goal.bounds
        if bound.metric == "label_accuracy"
        and bound.split == "validation"
        and bound.sense == "higher"
        and bound.value > highest.high
    ]


def limits(
    cured: Confirmed, curve: Sequence[dict[str, Any]], highest: Estimate | None, trials: Sequence[Trial]
) -> list[dict[str, Any]]:
    """What held the cure back, one record each: ``what``, ``says``; the surest first.

    Args:
        cured: the winner, which misses the goal.
        curve: the learning curve.
        highest: the label accuracy that the noise in the tags allows, where there is some.
        trials: those that came to their end.
    """
    goal, means = cured.goal, cured.means
    short = {text: value for text, value in goal.shortfalls(means).items() if value > 0}
    found = [{"what": "noise", "says": says} for says in beyond(goal, highest)]
    wished = [bound for bound in goal.bounds if bound.split == "validation" and bound.asks_for_quality]
    for bound in wished:
        train = means.get(f"train.{bound.metric}")
        if bound.text in short and train is not None and not bound.met_by(train):
            says = f"even on train, {bound.metric} is {train:.3f}: the net does not fit what {bound.text} asks for"
            found.append({"what": "underfitting", "says": says})
    gained = doubling(curve, goal)
    missing = max((value for text, value in short.items() if _about(goal, text)), default=0.0)
    if gained is not None and missing > 0 and gained > WORTH_TELLING * missing:
        says = (
            f"the last doubling of the training pictures brought {gained:+.3f} of {goal.metric} on validation, where "
            f"{missing:.3f} is missing: more pictures would help, about {2 ** min(missing / gained, 6):.1f} times as "
            "many if each doubling brings as much"
        )
        found.append({"what": "too little data", "says": says})
    found += _pulling_apart(goal, trials)
    if not found:
        told = "; ".join(f"{text} is short by {value:.3f}" for text, value in short.items())
        found.append({"what": "none named", "says": f"{told}; neither noise, nor capacity, nor data explains it here"})
    return found


def _pulling_apart(goal: Goal, trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Whether what is asked of validation was reached, and what is asked of train or of the gap, never both at once."""
    better = max if find(goal.metric).better == "higher" else min
    wished = {bound.text for bound in goal.bounds if bound.split == "validation" and bound.asks_for_quality}
    all_short = [(one, goal.shortfalls(one.values)) for one in trials]
    held = [one for one, short in all_short if all(value <= 0 for text, value in short.items() if text not in wished)]
    reached = [one for one, short in all_short if all(value <= 0 for text, value in short.items() if text in wished)]
    if not wished or not held or not reached or {one.number for one in held} & {one.number for one in reached}:
        return []
    best = better(one.values[f"validation.{goal.metric}"] for one in held)
    least = min(goal.gap(one.values) for one in reached)
    says = (
        f"the bounds pull against each other: of {len(trials)} trials {len(held)} kept train and gap where they were "
        f"asked to be, with {goal.metric} on validation of {best:.3f} at best; {len(reached)} reached what is asked of "
        f"validation, with a gap of {least:.3f} at least"
    )
    return [{"what": "trade-off", "says": says}]


def doubling(curve: Sequence[dict[str, Any]], goal: Goal) -> float | None:
    """What the last doubling of train brought on validation; None where it was not measured."""
    halves = {record["share"]: record["validation"] for record in curve}
    if 0.5 not in halves:
        return None
    gained = halves[1.0] - halves[0.5]
    return float(gained if find(goal.metric).better == "higher" else -gained)


def _about(goal: Goal, text: str) -> bool:
    return text == goal.gap_text or any(
        bound.text == text and bound.split == "validation" and bound.metric == goal.metric for bound in goal.bounds
    )
