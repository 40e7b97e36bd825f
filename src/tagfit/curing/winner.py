"""Winner: trials go on until one of them holds the goal with fresh seeds, or until trials or time are used up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tagfit.curing import confirm
from tagfit.curing.changes import changes
from tagfit.curing.confirm import Confirmed
from tagfit.curing.request import Asked
from tagfit.curing.search import Search
from tagfit.curing.trial import Trial
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.history import Epoch
from tagfit.recipe import Recipe

# At the end, as many of the best are retrained until one meets the goal.
CANDIDATES = 3
# Within a budget, time is kept for undoing this many changes.
ABLATED = 3


@dataclass(frozen=True)
class Told:
    """Who is told of progress; each may be left out.

    Attributes:
        say: a line before each step.
        trial: each trial that was kept.
        epoch: each epoch of each training.
    """

    say: Callable[[str], None] = lambda _line: None
    trial: Callable[[Trial], None] = lambda _trial: None
    epoch: Callable[[Epoch, Recipe], None] | None = None


@dataclass
class Clock:
    """The time that a cure has used, and what it may use.

    Attributes:
        budget: seconds; None for no limit.
        before: seconds that were used before an interruption.
    """

    budget: float | None
    before: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    @property
    def used(self) -> float:
        """Seconds so far."""
        return self.before + time.perf_counter() - self.started

    @property
    def left(self) -> float | None:
        """Seconds of the budget; None without one."""
        return None if self.budget is None else max(0.0, self.budget - self.used)

    def over(self, reserve: float = 0.0) -> bool:
        """Whether less than ``reserve`` seconds are left."""
        return self.budget is not None and self.used + reserve > self.budget


@dataclass(frozen=True)
class Choosing:
    """The choice of a winner.

    Attributes:
        looking: the search that trials come from.
        problem: what winners are retrained on: all of it, where trials saw a part of train.
        asked: goal, seeds, and how many trials.
        clock: what time there is.
        told: of progress.
        retrained: what was retrained so far, by the number of its trial.
    """

    looking: Search
    problem: Problem
    asked: Asked
    clock: Clock
    told: Told
    retrained: dict[int, Confirmed] = field(default_factory=dict)

    def winner(self) -> Confirmed:
        """The first trial that holds the goal with fresh seeds; where something is to be maximised, the best one once
        all trials are done; where none holds it, the one that comes nearest.

        Raises:
            InputError: no trial came to its end.
        """
        for trial in self.looking.judged:  # what was retrained before an interruption is part of the story
            begun = confirm.there(self.looking.folder, trial, self._seeds)
            if begun and all(run.state == "done" for run in begun):
                self._retrain(trial, self._seeds)
        found = self._tried()
        if found is not None:
            return found
        if not self.looking.judged:
            raise InputError(
                f"none of {len(self.looking.trials)} trials came to its end: {self.looking.trials[-1].stopped}",
                instead="a starting run whose training is steadier, such as one with a lower learning_rate",
            )
        for candidate in self.looking.ranked()[:CANDIDATES]:
            in_time = not (self.retrained and self.clock.over(candidate.seconds * self.asked.seeds))
            if (candidate.number in self.retrained or in_time) and self._confirmed(candidate).met:
                return self._confirmed(candidate)
            if not self.asked.goal.met_by(candidate.values):
                break  # those after it are further off
        return max(self.retrained.values(), key=lambda one: (self.asked.goal.merit(one.means), -one.trial.number))

    def _tried(self) -> Confirmed | None:
        """Trials, until they are used up or, where the bounds are all that is asked for, one of them holds."""
        while True:
            candidate = None if self.asked.goal.maximise is not None else self._candidate()
            if candidate is not None:
                if self._confirmed(candidate).met:
                    return self._confirmed(candidate)
                self.told.say("its fresh seeds do not hold the goal; the search goes on")
                continue
            if self.asked.trials is not None and len(self.looking.trials) >= self.asked.trials:
                return None
            trial = self._next()
            if trial is None:
                return None
            self.told.trial(trial)

    def _next(self) -> Trial | None:
        """The next trial; None where what time is left is needed for the best one."""
        recipe, about = self.looking.next()
        reserve = self._reserve(recipe)
        if self.clock.over(reserve):
            return None
        return self.looking.step(recipe, about, self.told.epoch, lambda: self.clock.over(reserve))

    def _candidate(self) -> Trial | None:
        """The best trial that meets the goal and was not retrained yet."""
        for one in self.looking.ranked():
            if one.number not in self.retrained and self.asked.goal.met_by(one.values):
                return one
        return None

    def _confirmed(self, trial: Trial) -> Confirmed:
        if trial.number not in self.retrained:
            seeds = self._seeds_for(trial)
            self.told.say(f"retraining trial {trial.number} with fresh seeds: {', '.join(map(str, seeds))}")
            self._retrain(trial, seeds)
            if self.retrained[trial.number].met:  # a goal is met with all seeds that were asked for, or not at all
                self._retrain(trial, self._seeds)
        return self.retrained[trial.number]

    def _retrain(self, trial: Trial, seeds: list[int]) -> None:
        self.retrained[trial.number] = confirm.confirm(
            self.problem, trial, self.asked.goal, seeds, self.looking.folder, self.told.epoch
        )
        if self.asked.search_on is None:  # else the trials saw less of train, and these figures are no match for theirs
            self.looking.held[trial.number] = self.retrained[trial.number].means

    @property
    def _seeds(self) -> list[int]:
        """Seeds that the search has not used."""
        return [self.asked.seed + 1 + number for number in range(self.asked.seeds)]

    def _seeds_for(self, trial: Trial) -> list[int]:
        """All for a trial that meets the goal; for another as many as there is time for, and one in any case."""
        left = self.clock.left
        if left is None or self.asked.goal.met_by(trial.values) or not trial.seconds:
            return self._seeds
        return self._seeds[: max(1, int(left / trial.seconds))]

    def _reserve(self, recipe: Recipe) -> float:
        """Seconds to keep back, while ``recipe`` is tried, for retraining the best and for undoing its changes."""
        if not self.looking.judged:
            return 0.0
        best = self.looking.best
        if not self.asked.goal.met_by(best.values):  # then this one may be the one to retrain, and may take less time
            return self.asked.seeds * min(best.seconds, self.looking.expected(recipe) or best.seconds)
        undone = 0  # where the bounds are all, a trial that meets them ends the search, and the rest is for its changes
        if self.asked.goal.maximise is not None:
            undone = min(ABLATED, len(changes(self.looking.start.recipe, best.recipe)))
        return best.seconds * (self.asked.seeds + undone)
