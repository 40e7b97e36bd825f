"""Beside the search: trainings that explain a winner, written down so that an interrupted cure does not repeat them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tagfit.curing.trial import Trial, append, load, run
from tagfit.data.problem import Problem
from tagfit.goal import Goal
from tagfit.history import Epoch
from tagfit.recipe import Recipe


@dataclass(frozen=True)
class Beside:
    """Trainings for one purpose.

    Attributes:
        path: where each is kept that came to its end, or to its fault.
        origin: the purpose, as of a Trial.
        number: of the trial that is explained.
        goal: whose figures are measured.
        enough: says when no time is left.
        on_epoch: told of each epoch.
    """

    path: Path
    origin: str
    number: int
    goal: Goal
    enough: Callable[[], bool]
    on_epoch: Callable[[Epoch, Recipe], None] | None
    done: dict[tuple[str, int], Trial] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.done.update({(one.name, one.seed): one for one in load(self.path)})

    def train(self, problem: Problem, recipe: Recipe, seed: int, name: str) -> Trial | None:
        """The training of a name and a seed, as it is written down, or now; None where no time is left for it."""
        if (name, seed) in self.done:
            return self.done[name, seed]
        if self.enough():
            return None
        out_of_time = [False]

        def watch(epoch: Epoch) -> str:
            if self.on_epoch is not None:
                self.on_epoch(epoch, recipe)
            out_of_time[0] = self.enough()
            return "no time left" if out_of_time[0] else ""

        about = {"number": self.number, "origin": self.origin, "name": name, "why": "", "base": None}
        found = run(problem, recipe, seed, self.goal.figures, watch, **about)
        if out_of_time[0] and not found.completed:
            return None
        append(self.path, found)
        self.done[name, seed] = found
        return found
