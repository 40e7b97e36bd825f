"""Shortfall: why a goal was not met, from the trials, from trainings on less data, and from the noise in the tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tagfit.curing.confirm import Confirmed
from tagfit.curing.followup import Asked, Followup
from tagfit.curing.section import Figure, Section, figure, number
from tagfit.curing.trial import Trial
from tagfit.data.problem import Problem
from tagfit.diagnosis.finding import Estimate, Findings
from tagfit.evaluation.metrics import find
from tagfit.goal import Goal

# Shares of train that the learning curve is measured at, in addition to all of it.
SHARES = (0.25, 0.5)
# A doubling of the pictures is reported where it gains more than this share of what is missing.
WORTH_REPORTING = 0.25


class TradeOffPoint(Section):
    """A trial that no other beats on validation at a smaller or equal gap; the values are of the goal's metric."""

    trial: int
    train: Figure
    validation: Figure
    gap: Figure


class TrainShare(Section):
    """The goal's metric of the winning recipe, trained on a share of train."""

    share: float
    rows: int
    train: Figure
    validation: Figure


class Limit(Section):
    """One reason why the goal was not met: its name, and a sentence with the numbers."""

    what: str
    says: str


def trade_off(trials: Sequence[Trial], goal: Goal) -> tuple[TradeOffPoint, ...]:
    """The trials that no other beats on validation at a smaller or equal gap, by rising gap."""
    better = 1 if find(goal.metric).better == "higher" else -1
    validation = f"validation.{goal.metric}"
    front: list[Trial] = []
    for trial in sorted(trials, key=lambda one: (goal.gap(one.values), -better * one.values[validation])):
        if not front or better * trial.values[validation] > better * front[-1].values[validation]:
            front.append(trial)
    return tuple(
        TradeOffPoint(trial=one.number, gap=figure(goal.gap(one.values)), **_both(one.values, goal)) for one in front
    )


def learning_curve(problem: Problem, cured: Confirmed, followup: Followup) -> tuple[TrainShare, ...]:
    """The winning recipe on parts of train, each with the seed of the kept run; last that run, on all of train."""
    fresh, rows = cured.kept, len(problem.part("train"))
    few = {share: max(2, round(share * rows)) for share in SHARES}
    followup.train(Asked(f"{share:g}", cured.trial.recipe, fresh.seed, part, fresh.seed) for share, part in few.items())
    found = []
    for share, part in few.items():
        trained = followup.done.get((f"{share:g}", fresh.seed))
        if trained is not None and trained.completed:
            found.append(TrainShare(share=share, rows=part, **_both(trained.values, cured.goal)))
    return (*found, TrainShare(share=1.0, rows=rows, **_both(fresh.values, cured.goal)))


def _both(values: Mapping[str, float], goal: Goal) -> dict[str, Figure]:
    return {split: figure(values[f"{split}.{goal.metric}"]) for split in ("train", "validation")}


def ceiling(findings: Findings) -> Estimate | None:
    """The label accuracy that the noise in the tags allows; None where no noise was found."""
    finding = findings["suspect-tags"]
    found = finding.evidence.get("ceiling") if finding.outcome == "fired" else None
    return found if isinstance(found, Estimate) else None


def above_ceiling(goal: Goal, highest: Estimate | None) -> list[str]:
    """One sentence for each bound on label accuracy above what the noise in the tags allows."""
    if highest is None:
        return []
    return [
        f"{bound.text} is above what the tags allow: at the estimated share of wrong tags, label accuracy cannot "
        f"exceed {highest}"
        for bound in goal.bounds
        if bound.metric == "label_accuracy"
        and bound.split == "validation"
        and bound.sense == "higher"
        and bound.value > highest.high
    ]


def limits(
    cured: Confirmed, curve: Sequence[TrainShare], highest: Estimate | None, trials: Sequence[Trial]
) -> tuple[Limit, ...]:
    """The reasons why the goal was not met, the surest first.

    Args:
        cured: the winner, which misses the goal.
        curve: the learning curve.
        highest: the label accuracy that the noise in the tags allows, where there is noise.
        trials: the completed ones.
    """
    goal, means = cured.goal, cured.means
    short = {text: value for text, value in goal.shortfalls(means).items() if value > 0}
    found = [Limit(what="noise", says=says) for says in above_ceiling(goal, highest)]
    wished = [bound for bound in goal.bounds if bound.split == "validation" and bound.asks_for_quality]
    for bound in wished:
        train = means.get(f"train.{bound.metric}")
        if bound.text in short and train is not None and not bound.met_by(train):
            says = f"even on train, {bound.metric} is {train:.3f}: the net does not fit what {bound.text} asks for"
            found.append(Limit(what="underfitting", says=says))
    gained = doubling(curve, goal)
    missing = max((value for text, value in short.items() if _about(goal, text)), default=0.0)
    if gained is not None and missing > 0 and gained > WORTH_REPORTING * missing:
        says = (
            f"the last doubling of the training pictures brought {gained:+.3f} of {goal.metric} on validation, where "
            f"{missing:.3f} is missing: more pictures would help, about {2 ** min(missing / gained, 6):.1f} times as "
            "many if each doubling brings as much"
        )
        found.append(Limit(what="too little data", says=says))
    found += _conflicting(goal, trials)
    if not found:
        missed = "; ".join(f"{text} is short by {value:.3f}" for text, value in short.items())
        says = f"{missed}; neither noise, nor capacity, nor data explains it here"
        found.append(Limit(what="none named", says=says))
    return tuple(found)


def _conflicting(goal: Goal, trials: Sequence[Trial]) -> list[Limit]:
    """Whether some trials met the bounds on validation and others those on train or the gap, but none met both."""
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
        f"the bounds conflict: of {len(trials)} trials {len(held)} met the bounds on train and gap, with {goal.metric} "
        f"on validation of {best:.3f} at best; {len(reached)} met the bounds on validation, with a gap of {least:.3f} "
        "at least"
    )
    return [Limit(what="trade-off", says=says)]


def doubling(curve: Sequence[TrainShare], goal: Goal) -> float | None:
    """What the last doubling of train gained on validation; None where it was not measured."""
    by_share = {record.share: number(record.validation) for record in curve}
    if 0.5 not in by_share:
        return None
    gained = by_share[1.0] - by_share[0.5]
    return gained if find(goal.metric).better == "higher" else -gained


def _about(goal: Goal, text: str) -> bool:
    return text == goal.gap_text or any(
        bound.text == text and bound.split == "validation" and bound.metric == goal.metric for bound in goal.bounds
    )
