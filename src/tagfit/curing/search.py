"""Search: which recipe is tried next, and when a trial is given up; both depend on nothing but the trials so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.curing import space, trial
from tagfit.curing.moves import Move
from tagfit.curing.trial import OnEpoch, Trial
from tagfit.data.problem import Problem
from tagfit.data.splits.stratify import assign
from tagfit.errors import InputError
from tagfit.goal import Goal
from tagfit.history import Epoch
from tagfit.recipe import Recipe

# A proposal is given up where, this far into its epochs, it is below the median of the trials before it (Golovin et
# al., Google Vizier, 2017, section 3.2.2: the median stopping rule).
FIRST_LOOK = 1 / 3
FEWEST_CURVES = 4
# How often the sampler is asked again where it proposes what was tried already.
ATTEMPTS = 10
START = -1
TRIALS = "trials.jsonl"


@dataclass(frozen=True)
class Search:
    """A search and its trials.

    Attributes:
        problem: what trials are trained on: that of the run, or with a part of its train.
        goal: of the cure.
        start: the starting run as a trial.
        moves: in the order of trying.
        seed: of every training in the search, and with the number of a trial that of its proposal.
        augment: whether pictures may be augmented.
        folder: of the cure, where the trials are logged.
        confirmed: the figures of retrained trials, as means over their fresh seeds, by the number of the trial. A trial
            that was selected for its figures owes some of them to luck; from then on these are its figures.
    """

    problem: Problem
    goal: Goal
    start: Trial
    moves: Sequence[Move]
    seed: int
    augment: bool
    folder: Path
    trials: list[Trial] = field(default_factory=list)
    confirmed: dict[int, Mapping[str, float]] = field(default_factory=dict)

    @property
    def best(self) -> Trial:
        """The best trial; the starting run while none is better."""
        return max((self.start, *self.judged), key=lambda one: (self.goal.merit(one.values), -one.number))

    @property
    def judged(self) -> list[Trial]:
        """The completed trials in their order, with the figures that are known of them now."""
        return [one for one in self._known if one.completed]

    @property
    def _known(self) -> list[Trial]:
        return [replace(one, values=self.confirmed.get(one.number, one.values)) for one in self.trials]

    def ranked(self) -> list[Trial]:
        """The judged ones, the best first."""
        return sorted(self.judged, key=lambda one: (self.goal.merit(one.values), -one.number), reverse=True)

    def next(self) -> tuple[Recipe, dict[str, Any]]:
        """The recipe to try next and what is known of it: moves first, each on the best so far, then proposals."""
        number = len(self.trials)
        done = {one.name for one in self.trials if one.base is not None}
        best = self.best
        only_quality = self.goal.misses_quality_alone(best.values)
        for move in sorted(self.moves, key=lambda move: only_quality and move.waits):
            base = self.start if move.origin == "lesson" else best
            changed = None if move.name in done else move.applied(base.recipe)
            if changed is not None and not self._tried(changed):
                about = {"origin": move.origin, "name": move.name, "why": move.because, "base": base.number}
                return changed, {"number": number, **about}
        about = {"origin": "search", "name": "proposal", "why": "the sampler", "base": None}
        return self._proposal(number), {"number": number, **about}

    def expected(self, recipe: Recipe) -> float | None:
        """How many seconds all its epochs take, from the last trial of that architecture; None before there is one."""
        like = [one for one in self.trials if one.recipe.architecture == recipe.architecture and one.epochs]
        return like[-1].seconds / like[-1].epochs * recipe.epochs if like else None

    def step(
        self,
        recipe: Recipe,
        about: dict[str, Any],
        on_epoch: OnEpoch | None,
        enough: Callable[[], bool],
    ) -> Trial | None:
        """Train what :meth:`next` gave and log it; None, and nothing logged, where ``enough`` came true first."""
        given_up = self._hopeless(recipe) if about["origin"] == "search" else None
        out_of_time = [False]

        def watch(epoch: Epoch) -> str:
            if on_epoch is not None:
                on_epoch(epoch, recipe)
            out_of_time[0] = enough()
            if out_of_time[0]:
                return "no time left"
            return "" if given_up is None else given_up(epoch)

        found = trial.run(self.problem, recipe, self.seed, self.goal.figures, watch, **about)
        if out_of_time[0] and not found.completed:
            return None
        trial.append(self.folder / TRIALS, found)
        self.trials.append(found)
        return found

    def _tried(self, recipe: Recipe) -> bool:
        return recipe == self.start.recipe or any(one.recipe == recipe for one in self.trials)

    def _proposal(self, number: int) -> Recipe:
        best = self.best
        for attempt in range(ATTEMPTS):
            seed = int(np.random.default_rng([self.seed, number, attempt]).integers(2**31))
            recipe = space.propose(
                best.recipe, self.goal, [self.start, *self._known], seed, augment=self.augment and _has_pictures(self)
            )
            if not self._tried(recipe):
                break
        return recipe

    def _hopeless(self, recipe: Recipe) -> Callable[[Epoch], str] | None:
        """The median stopping rule for one proposal; None where too few trials watched the same metric."""
        peers = [
            best_so_far(one.curve, recipe)
            for one in self.judged
            if one.recipe.monitor == recipe.monitor and one.recipe.architecture == recipe.architecture and one.curve
        ]
        if len(peers) < FEWEST_CURVES:
            return None
        curve: list[float] = []

        def look(epoch: Epoch) -> str:
            curve.append(math.nan if epoch.monitored is None else epoch.monitored)
            share = epoch.epoch / recipe.epochs
            if share < FIRST_LOOK or epoch.epoch >= recipe.epochs:
                return ""
            at = [one[min(len(one), max(1, round(share * len(one)))) - 1] for one in peers]
            now, median = best_so_far(curve, recipe)[-1], float(np.nanmedian(at))
            return f"hopeless after epoch {epoch.epoch}: {now:.4f}, median {median:.4f}" if now < median else ""

        return look


def best_so_far(curve: Sequence[float], recipe: Recipe) -> NDArray[np.float64]:
    """The best monitored value up to each epoch, the higher the better (a loss is turned round)."""
    values = np.asarray(curve, dtype=np.float64)
    upward = -values if recipe.monitor == "loss" else values
    return np.asarray(np.maximum.accumulate(np.where(np.isnan(upward), -np.inf, upward)))


def sampled(problem: Problem, rows: int, seed: int) -> Problem:
    """The same Problem with about ``rows`` of its train rows, stratified by labels, groups kept whole.

    Raises:
        InputError: fewer than two, or more than there are.
    """
    part = problem.part("train")
    if not 2 <= rows <= len(part):
        raise InputError(f"--search-on {rows} of {len(part)} train rows", instead=f"2 to {len(part)}")
    if rows == len(part):
        return problem
    shares = [rows / len(part), 1 - rows / len(part)]
    keys = [str(name) for name in part.ids]
    kept = assign(part.truth, part.known, shares, keys=keys, groups=part.groups, seed=seed) == 0
    split = problem.split.copy()
    split[part.rows[~kept]] = ""
    return replace(problem, split=split)


def _has_pictures(search: Search) -> bool:
    return search.problem.preprocessing.size is not None
