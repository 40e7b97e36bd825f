"""Follow-up: trainings that explain a winner, logged so that an interrupted cure does not repeat them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tagfit.curing.trial import OnEpoch, Trial, append, load, run
from tagfit.data.problem import Problem
from tagfit.goal import Goal
from tagfit.history import Epoch
from tagfit.recipe import Recipe

# The purposes, and the log of each.
LOGS = {"step": "steps.jsonl", "ablation": "ablation.jsonl", "learning curve": "learning_curve.jsonl"}


@dataclass(frozen=True)
class Followup:
    """Trainings for one purpose.

    Attributes:
        folder: of the cure.
        origin: the purpose, one of LOGS.
        number: of the trial that is explained.
        goal: whose figures are measured.
        enough: whether no time is left; by default always, so that only what was logged is read.
        on_epoch: called after each epoch.
        done: what was logged for this trial, by name and seed.
    """

    folder: Path
    origin: str
    number: int
    goal: Goal
    enough: Callable[[], bool] = lambda: True
    on_epoch: OnEpoch | None = None
    done: dict[tuple[str, int], Trial] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.done.update({(one.name, one.seed): one for one in load(self._path) if one.number == self.number})

    @property
    def _path(self) -> Path:
        return self.folder / LOGS[self.origin]

    def train(self, problem: Problem, recipe: Recipe, seed: int, name: str) -> Trial | None:
        """The training of a name and a seed, from the log or now; None where no time is left for it."""
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
        append(self._path, found)
        self.done[name, seed] = found
        return found
