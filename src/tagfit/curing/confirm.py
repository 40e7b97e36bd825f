"""Confirm: the winner of a search retrained with fresh seeds, and how far selecting on validation was optimistic."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tagfit.curing.board import Board
from tagfit.curing.jobs import Job
from tagfit.curing.section import Figure, Section, figure
from tagfit.curing.trial import OnEpoch, Trial, measured
from tagfit.data.problem import Problem
from tagfit.evaluation.compare import compare
from tagfit.goal import Goal
from tagfit.runs.run import Run, open_run
from tagfit.scores import Scores

SEEDS = "seeds"


@dataclass(frozen=True)
class Fresh:
    """One retraining of a winner, with a seed that the search had not used.

    Attributes:
        seed: of the training.
        run: its folder.
        values: the figures, as of a Trial.
    """

    seed: int
    run: Run
    values: dict[str, float]


@dataclass(frozen=True)
class Confirmed:
    """A winner and its retrainings.

    Attributes:
        trial: the winner, as the search saw it.
        fresh: one a seed, in the order of the seeds.
        goal: what it is compared with.
    """

    trial: Trial
    fresh: tuple[Fresh, ...]
    goal: Goal

    @property
    def means(self) -> dict[str, float]:
        """Each figure as the mean over the fresh seeds."""
        return {name: statistics.fmean(one.values[name] for one in self.fresh) for name in self.fresh[0].values}

    @property
    def met(self) -> bool:
        """Whether the means meet every constraint."""
        return self.goal.met_by(self.means)

    @property
    def kept(self) -> Fresh:
        """The median seed by the goal's metric on validation; of two in the middle the lower."""
        ordered = sorted(self.fresh, key=lambda one: (one.values[f"validation.{self.goal.metric}"], one.seed))
        return ordered[(len(ordered) - 1) // 2]

    @property
    def seconds(self) -> float:
        """How long the retrainings took."""
        return sum(float(one.run.info["seconds"]) for one in self.fresh)


def confirm(board: Board, winner: Trial, seeds: Sequence[int], on_epoch: OnEpoch | None = None) -> Confirmed:
    """Retrain a winner with each seed, as runs in the cure's folder; finished ones are taken as they are."""
    places = {seed: _place(board.folder, winner, seed).relative_to(board.folder).as_posix() for seed in seeds}
    board.train(
        [
            Job(winner.number, "seed", f"fresh seed {seed}", winner.recipe, seed, place=place)
            for seed, place in places.items()
        ],
        on_epoch,
    )
    confirmed = finished(board.problem, winner, board.goal, seeds, board.folder)
    assert confirmed is not None
    return confirmed


def finished(problem: Problem, winner: Trial, goal: Goal, seeds: Sequence[int], folder: Path) -> Confirmed | None:
    """The finished retrainings of a trial among these seeds; None where there is none."""
    places = {seed: _place(folder, winner, seed) for seed in seeds}
    runs = {seed: open_run(place) for seed, place in places.items() if (place / "run.json").exists()}
    fresh = [Fresh(seed, run, figures(run, problem, goal)) for seed, run in runs.items() if run.state == "done"]
    return Confirmed(winner, tuple(fresh), goal) if fresh else None


def _place(folder: Path, winner: Trial, seed: int) -> Path:
    return folder / SEEDS / f"trial-{winner.number}-seed-{seed}"


def figures(run: Run, problem: Problem, goal: Goal) -> dict[str, float]:
    """The figures of a goal, from the stored scores of a run."""
    scores = {split: run.scores(split).scores for split in ("train", "validation")}
    return measured(problem, scores, goal.figures)


class Optimism(Section):
    """How far selecting on validation was optimistic; the ends of its 95 % interval are None where it has none."""

    metric: str
    value: Figure
    low: Figure
    high: Figure
    says: str


def optimism(metric: str, before: Mapping[str, Scores], after: Mapping[str, Scores]) -> Optimism:
    """(validation - test) of the winner less the same of the starting run.

    Both models are scored on the same pictures of each split, so each split's difference is paired; the splits hold
    different pictures, so their variances add.

    Args:
        metric: the goal's.
        before, after: Scores of "validation" and "test" of the two.
    """
    moved = {}
    for split in ("validation", "test"):
        moved[split] = compare({"before": before[split], "after": after[split]}, metrics=[metric])[metric]
    value = moved["validation"].difference - moved["test"].difference
    ends = [(one.low, one.high) for one in moved.values() if one.low is not None and one.high is not None]
    if len(ends) < len(moved):
        return Optimism(metric=metric, value=figure(value), low=None, high=None, says="no interval could be made")
    middle = sum(ends[0]) / 2 - sum(ends[1]) / 2
    half = math.hypot(*((high - low) / 2 for low, high in ends))
    low, high = min(middle - half, value), max(middle + half, value)
    says = "not distinguishable from 0"
    if low > 0 or high < 0:
        says = "selecting on validation was optimistic" if low > 0 else "test gained more than validation"
    return Optimism(metric=metric, value=figure(value), low=figure(low), high=figure(high), says=says)
