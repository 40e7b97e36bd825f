"""Ablation: the effect of each change of a cured recipe, by undoing it alone and training again with the same seeds."""

from __future__ import annotations

import statistics
from typing import Any

from tagfit.curing.changes import Change, changes, undone
from tagfit.curing.confirm import Confirmed
from tagfit.curing.followup import Asked, Followup
from tagfit.curing.section import Figure, Section, figure
from tagfit.curing.trial import Trial
from tagfit.recipe import Recipe


class Undone(Section):
    """One change of the recipe, and what undoing it alone costs.

    Attributes:
        name, before, after: as of a Change.
        seeds: over how many seeds it was measured.
        brought: mean over seeds of the goal's metric on validation with the change, less without it.
        gap: the same of the gap between train and validation.
        spread: standard deviation of ``brought`` over seeds; None with one seed.
        stopped: why it was not measured, else empty.
    """

    name: str
    before: dict[str, Any]
    after: dict[str, Any]
    seeds: int
    brought: Figure
    gap: Figure
    spread: Figure
    stopped: str


def ablate(start: Recipe, cured: Confirmed, followup: Followup) -> tuple[Undone, ...]:
    """The effect of each change between two recipes, over the seeds that the winner was confirmed with.

    All changes are measured with the first seed before any is with the second, so that the time there is serves all.

    Args:
        start: the recipe that was cured.
        cured: the winner and its retrainings.
        followup: logs the trainings and trains what is missing.
    """
    wanted = changes(start, cured.trial.recipe)
    without = {change.name: undone(cured.trial.recipe, change) for change in wanted}
    followup.train(
        Asked(name, recipe, fresh.seed)
        for fresh in cured.fresh
        for name, recipe in without.items()
        if recipe is not None
    )
    return tuple(_measured(change, cured, followup.done) for change in wanted)


def _measured(change: Change, cured: Confirmed, trained: dict[tuple[str, int], Trial]) -> Undone:
    goal, name = cured.goal, f"validation.{cured.goal.metric}"
    brought, gaps, stopped = [], [], ""
    for fresh in cured.fresh:
        without = trained.get((change.name, fresh.seed))
        if without is None:
            continue
        if not without.completed:
            stopped = without.stopped
            continue
        brought.append(fresh.values[name] - without.values[name])
        gaps.append(goal.gap(fresh.values) - goal.gap(without.values))
    return Undone(
        name=change.name,
        before=change.before,
        after=change.after,
        seeds=len(brought),
        brought=figure(statistics.fmean(brought)) if brought else None,
        gap=figure(statistics.fmean(gaps)) if gaps else None,
        spread=figure(statistics.stdev(brought)) if len(brought) > 1 else None,
        stopped=stopped or ("" if brought else "not measured: no time was left"),
    )
