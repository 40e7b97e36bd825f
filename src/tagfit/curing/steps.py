"""Steps: the way from the starting run to the winner, one change at a time, so that the effect of each can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tagfit.curing.changes import GROUPS, changes
from tagfit.curing.followup import Asked, Followup
from tagfit.curing.moves import STANDARD
from tagfit.curing.search import START, Search
from tagfit.curing.section import Figure, Section, figure
from tagfit.curing.trial import Trial
from tagfit.errors import InputError
from tagfit.goal import Goal
from tagfit.recipe import Recipe

# In the order of the moves, then as the groups are declared.
ORDER = list(dict.fromkeys((*(group for _, group, _ in STANDARD), *GROUPS)))


class Step(Section):
    """One step.

    Attributes:
        name: the change that was added to those before it.
        trial: its number in the log of trials; None for the start, and where it was trained for this table.
        train, validation: the goal's metric; None where it was not measured.
        stopped: why it was not measured, else empty.
    """

    name: str
    trial: int | None
    train: Figure
    validation: Figure
    stopped: str


def steps(search: Search, winner: Trial, followup: Followup) -> tuple[Step, ...]:
    """The starting run, each change added to those before it, and the winner.

    Single moves were trained by the search. Where one trial changed everything at once, the changes are added one by
    one here and trained with the search's seed. No such way leads to a proposal of the sampler.

    Args:
        search: that found the winner.
        winner: one of its trials.
        followup: logs the trainings, and trains what is missing.
    """
    way = _way(search, winner)
    if not way:
        return ()
    taken, recipe = [], search.start.recipe
    for trial in way:
        at_once = trial.origin == "lesson"
        for name, changed in one_by_one(recipe, trial.recipe) if at_once else [(trial.name, trial.recipe)]:
            taken.append((name, changed, trial if changed == trial.recipe else None))
        recipe = trial.recipe
    followup.train(
        Asked(name, changed, search.seed, search.rows, search.seed) for name, changed, trial in taken if trial is None
    )
    made = [(name, trial or followup.done.get((name, search.seed))) for name, _, trial in taken]
    return tuple(_step(name, trial, search.goal) for name, trial in [(search.start.name, search.start), *made])


def one_by_one(before: Recipe, after: Recipe) -> Iterator[tuple[str, Recipe]]:
    """Each change from one recipe to another added to those before it; changes that are invalid alone go together."""
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


def _way(search: Search, winner: Trial) -> list[Trial]:
    """The trials from the starting run to the winner, each of which changed the one before it."""
    way = [winner]
    while way[0].base not in (None, START):
        way.insert(0, next(one for one in search.trials if one.number == way[0].base))
    return way if way[0].base == START else []


def _step(name: str, trial: Trial | None, goal: Goal) -> Step:
    values = {} if trial is None else trial.values
    return Step(
        name=name,
        trial=None if trial is None or trial.origin in ("start", "step") else trial.number,
        train=figure(values.get(f"train.{goal.metric}")),
        validation=figure(values.get(f"validation.{goal.metric}")),
        stopped="not measured: no time was left" if trial is None else trial.stopped,
    )
