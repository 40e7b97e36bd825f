"""Follow-up: trainings that explain a winner, logged so that an interrupted cure does not repeat them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tagfit.curing.board import Board
from tagfit.curing.jobs import Enough, Job
from tagfit.curing.trial import OnEpoch, Trial, append, load
from tagfit.recipe import Recipe

# The purposes, and the log of each.
LOGS = {"step": "steps.jsonl", "ablation": "ablation.jsonl", "learning curve": "learning_curve.jsonl"}


class Asked(NamedTuple):
    """One training: its name, recipe and seed, and as of a Job the rows that it sees."""

    name: str
    recipe: Recipe
    seed: int
    rows: int | None = None
    rows_seed: int = 0


@dataclass(frozen=True)
class Followup:
    """Trainings for one purpose.

    Attributes:
        folder: of the cure.
        origin: the purpose, one of LOGS.
        number: of the trial that is explained.
        board: of the cure; None where only what was logged is read.
        enough: whether no time is left.
        on_epoch: called after each epoch.
        done: what was logged for this trial, by name and seed.
    """

    folder: Path
    origin: str
    number: int
    board: Board | None = None
    enough: Enough = lambda: False
    on_epoch: OnEpoch | None = None
    done: dict[tuple[str, int], Trial] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.done.update({(one.name, one.seed): one for one in load(self._path) if one.number == self.number})

    @property
    def _path(self) -> Path:
        return self.folder / LOGS[self.origin]

    def train(self, asked: Iterable[Asked]) -> None:
        """Train what is not in the log yet, while there is time, and log it."""
        jobs = [
            Job(self.number, self.origin, one.name, one.recipe, one.seed, rows=one.rows, rows_seed=one.rows_seed)
            for one in asked
            if (one.name, one.seed) not in self.done
        ]
        if self.board is None or not jobs or self.enough():
            return
        for found in self.board.train(jobs, self.on_epoch, self.enough):
            if found is not None:
                append(self._path, found)
                self.done[found.name, found.seed] = found
