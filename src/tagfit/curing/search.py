"""Search: which recipes are tried next, depending on nothing but the trials so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tagfit.curing import space, trial
from tagfit.curing.jobs import Job
from tagfit.curing.moves import Move
from tagfit.curing.names import TRIALS
from tagfit.curing.trial import Trial
from tagfit.data.problem import Problem
from tagfit.goal import Goal
from tagfit.recipe import Recipe

# How often the sampler is asked again where it proposes what was tried already.
ATTEMPTS = 10
START = -1


@dataclass(frozen=True)
class Search:
    """A search and its trials.

    Attributes:
        problem: of the run.
        goal: of the cure.
        start: the starting run as a trial.
        moves: in the order of trying.
        seed: of every training in the search, and with the number of a trial that of its proposal.
        augment: whether pictures may be augmented.
        folder: of the cure, where the trials are logged.
        parallel: how many trials are chosen at a time, without knowing of one another.
        rows: about how many train rows trials see; None for all.
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
    parallel: int = 1
    rows: int | None = None
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

    def next(self, number: int | None = None, others: Sequence[Trial] = ()) -> tuple[Recipe, dict[str, Any]]:
        """The recipe to try next and what is known of it: moves first, each on the best so far, then proposals.

        Args:
            number: of the trial; None for the one after those of the search.
            others: trials that are not repeated, though nothing is known of them.
        """
        number = len(self.trials) if number is None else number
        done = {one.name for one in (*self.trials, *others) if one.base is not None}
        best = self.best
        only_quality = self.goal.misses_quality_alone(best.values)
        for move in sorted(self.moves, key=lambda move: only_quality and move.waits):
            base = self.start if move.origin == "lesson" else best
            changed = None if move.name in done else move.applied(base.recipe)
            if changed is not None and not self._tried(changed, others):
                about = {"origin": move.origin, "name": move.name, "why": move.because, "base": base.number}
                return changed, {"number": number, **about}
        about = {"origin": "search", "name": "proposal", "why": "the sampler", "base": None}
        return self._proposal(number, others), {"number": number, **about}

    def expected(self, recipe: Recipe) -> float | None:
        """How many seconds all its epochs take, from the last trial of that architecture; None before there is one."""
        like = [one for one in self.trials if one.recipe.architecture == recipe.architecture and one.epochs]
        return like[-1].seconds / like[-1].epochs * recipe.epochs if like else None

    def group(self, most: int | None = None) -> list[Job]:
        """The next trials to train, at most ``most``: the rest of a group of ``parallel`` ones.

        What they are depends on the trials before the group alone, so that it does not matter which of them ends first.
        """
        first = len(self.trials) - len(self.trials) % self.parallel
        known, others = replace(self, trials=self.trials[:first]), self.trials[first:]
        found: list[Job] = []
        for number in range(len(self.trials), first + self.parallel)[:most]:
            recipe, about = known.next(number, others)
            peers = known.peers(recipe) if about["origin"] == "search" else ()
            job = Job(recipe=recipe, seed=self.seed, rows=self.rows, rows_seed=self.seed, peers=peers, **about)
            found.append(job)
            others = [*others, Trial(recipe=recipe, seed=self.seed, stopped="not trained yet", **about)]
        return found

    @property
    def within_group(self) -> bool:
        """Whether some trials of a group are in the log and others are not."""
        return len(self.trials) % self.parallel != 0

    def log(self, found: Iterable[Trial | None]) -> list[Trial]:
        """Log what was completed of a group, and return it."""
        logged = []
        for one in found:
            if one is not None:
                numbered = replace(one, number=len(self.trials))  # another one where the time was up for one before it
                trial.append(self.folder / TRIALS, numbered)
                self.trials.append(numbered)
                logged.append(numbered)
        return logged

    def peers(self, recipe: Recipe) -> tuple[tuple[float, ...], ...]:
        """The curves of judged trials that watched the same metric of the same architecture."""
        return tuple(
            one.curve
            for one in self.judged
            if one.recipe.monitor == recipe.monitor and one.recipe.architecture == recipe.architecture and one.curve
        )

    def _tried(self, recipe: Recipe, others: Sequence[Trial]) -> bool:
        return recipe == self.start.recipe or any(one.recipe == recipe for one in (*self.trials, *others))

    def _proposal(self, number: int, others: Sequence[Trial]) -> Recipe:
        best = self.best
        for attempt in range(ATTEMPTS):
            seed = int(np.random.default_rng([self.seed, number, attempt]).integers(2**31))
            recipe = space.propose(
                best.recipe, self.goal, [self.start, *self._known], seed, augment=self.augment and _has_pictures(self)
            )
            if not self._tried(recipe, others):
                break
        return recipe


def _has_pictures(search: Search) -> bool:
    return search.problem.preprocessing.size is not None
