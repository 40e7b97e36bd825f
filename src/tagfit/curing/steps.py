"""Steps: the way from the starting run to the winner, one change more at a time, so that the effect of each is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tagfit.curing.changes import GROUPS, changes
from tagfit.curing.followup import Beside
from tagfit.curing.moves import LESSON
from tagfit.curing.search import START, Search
from tagfit.curing.trial import Trial
from tagfit.errors import InputError
from tagfit.goal import Goal
from tagfit.history import Epoch
from tagfit.recipe import Recipe

STEPS = "steps.jsonl"
# In the order of the lesson, then as they stand.
ORDER = list(dict.fromkeys((*(group for _, group, _ in LESSON), *GROUPS)))


def steps(
    looking: Search,
    winner: Trial,
    enough: Callable[[], bool],
    on_epoch: Callable[[Epoch, Recipe], None] | None = None,
) -> list[dict[str, Any]]:
    """One record a step: the starting run, each change added to those before it, and the winner.

    Single moves were trained by the search. What the lesson's answer changed at once is added here change by change
    and trained with the search's seed. A proposal of the sampler has no way to it.

    Args:
        looking: the search that found it.
        winner: one of its trials.
        enough: says when there is no time for another training.
        on_epoch: told of each epoch.

    Returns:
        For each step ``name``, ``trial`` (its number in the log; None where it was trained for this), ``train`` and
        ``validation`` (the goal's metric; None where it was not measured), ``stopped`` (why not, else empty).
    """
    way = _way(looking, winner)
    if not way:
        return []
    beside = Beside(looking.folder / STEPS, "step", winner.number, looking.goal, enough, on_epoch)
    found, recipe = [_record(looking.start.name, looking.start, looking.goal)], looking.start.recipe
    for trial in way:
        at_once = trial.origin == "lesson"
        for name, changed in one_by_one(recipe, trial.recipe) if at_once else [(trial.name, trial.recipe)]:
            last = changed == trial.recipe
            made = trial if last else beside.train(looking.problem, changed, looking.seed, name)
            found.append(_record(name, made, looking.goal))
        recipe = trial.recipe
    return found


def one_by_one(before: Recipe, after: Recipe) -> Iterator[tuple[str, Recipe]]:
    """Each change from one recipe to another added to those before it; such as are no recipe alone go together."""
    fields: dict[str, Any] = {}
    names: list[str] = []
    recipe = before
    for change in sorted(changes(before, after), key=lambda one: ORDER.index(one.name)):
        fields |= change.after
        names.append(change.name)
        try:
            recipe = recipe.changed(**fields)
        except InputError:
            continue
        yield " and ".join(names), recipe
        fields, names = {}, []


def _way(looking: Search, winner: Trial) -> list[Trial]:
    """The trials of which each changed the one before, the first of them the starting run; the winner last."""
    way = [winner]
    while way[0].base not in (None, START):
        way.insert(0, next(one for one in looking.trials if one.number == way[0].base))
    return way if way[0].base == START else []


def _record(name: str, trial: Trial | None, goal: Goal) -> dict[str, Any]:
    values = {} if trial is None else trial.values
    return {
        "name": name,
        "trial": None if trial is None or trial.origin in ("start", "step") else trial.number,
        "train": values.get(f"train.{goal.metric}"),
        "validation": values.get(f"validation.{goal.metric}"),
        "stopped": "not measured: no time was left" if trial is None else trial.stopped,
    }
