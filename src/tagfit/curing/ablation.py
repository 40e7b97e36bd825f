"""Ablation: what each change of a cured recipe brought, by undoing it alone and training again with the same seeds."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tagfit.curing.changes import Change, changes, undone
from tagfit.curing.confirm import Confirmed
from tagfit.curing.followup import Beside
from tagfit.curing.trial import Trial
from tagfit.data.problem import Problem
from tagfit.history import Epoch
from tagfit.recipe import Recipe

ABLATION = "ablation.jsonl"


def ablate(
    problem: Problem,
    start: Recipe,
    cured: Confirmed,
    folder: Path,
    enough: Callable[[], bool],
    on_epoch: Callable[[Epoch, Recipe], None] | None = None,
) -> list[dict[str, Any]]:
    """One record a change: the goal's metric and the gap with it less without it, over the same seeds.

    All changes are measured with the first seed before any is with the second, so that what time there is serves all.

    Args:
        problem: what the cured recipe was confirmed on.
        start: the recipe that was cured.
        cured: the winner and its retrainings.
        folder: of the cure; trainings that are written down there are not done again.
        enough: says when there is no time for another training.
        on_epoch: told of each epoch.

    Returns:
        For each change ``name``, ``before``, ``after``, ``seeds`` (how many), ``brought`` (mean difference of the
        goal's metric on validation), ``gap`` (mean difference of train less validation), ``spread`` (standard
        deviation of ``brought`` over seeds, None with one), ``stopped`` (why it could not be trained, else empty).
    """
    beside = Beside(folder / ABLATION, "ablation", cured.trial.number, cured.goal, enough, on_epoch)
    wanted = changes(start, cured.trial.recipe)
    for fresh in cured.fresh:
        for change in wanted:
            without = undone(cured.trial.recipe, change)
            if without is not None:
                beside.train(problem, without, fresh.seed, change.name)
    return [_record(change, cured, beside.done) for change in wanted]


def _record(change: Change, cured: Confirmed, trained: dict[tuple[str, int], Trial]) -> dict[str, Any]:
    goal, figure = cured.goal, f"validation.{cured.goal.metric}"
    brought, gaps, stopped = [], [], ""
    for fresh in cured.fresh:
        without = trained.get((change.name, fresh.seed))
        if without is None:
            continue
        if not without.completed:
            stopped = without.stopped
            continue
        brought.append(fresh.values[figure] - without.values[figure])
        gaps.append(goal.gap(fresh.values) - goal.gap(without.values))
    return {
        **change.to_dict(),
        "seeds": len(brought),
        "brought": statistics.fmean(brought) if brought else None,
        "gap": statistics.fmean(gaps) if gaps else None,
        "spread": statistics.stdev(brought) if len(brought) > 1 else None,
        "stopped": stopped or ("" if brought else "not measured: no time was left"),
    }
