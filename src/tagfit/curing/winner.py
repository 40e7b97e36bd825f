"""Winner: trials go on until one of them meets the goal with fresh seeds, or until trials or time are used up."""

from __future__ import annotations

from dataclasses import dataclass, field

from tagfit.curing import confirm
from tagfit.curing.board import Board
from tagfit.curing.changes import changes
from tagfit.curing.confirm import Confirmed
from tagfit.curing.progress import Clock, Progress
from tagfit.curing.request import CureRequest
from tagfit.curing.search import Search
from tagfit.curing.trial import Trial
from tagfit.errors import InputError
from tagfit.goal import Goal
from tagfit.recipe import Recipe

# At the end, this many of the best are retrained until one meets the goal.
CANDIDATES = 3
# Within a budget, time is reserved for undoing this many changes.
ABLATED = 3


@dataclass(frozen=True)
class Selection:
    """The selection of a winner.

    Attributes:
        search: that trials come from.
        board: where trainings are carried out, by the processes that share the cure.
        request: goal, seeds, and how many trials.
        clock: of the budget.
        progress: its callbacks.
        retrained: what was retrained so far, by the number of its trial.
    """

    search: Search
    board: Board
    request: CureRequest
    clock: Clock
    progress: Progress
    retrained: dict[int, Confirmed] = field(default_factory=dict)

    def winner(self) -> Confirmed:
        """The first trial that meets the goal with fresh seeds; where something is to be maximised, the best one once
        all trials are done; where none meets it, the one that comes nearest.

        Raises:
            InputError: no trial was completed.
        """
        for trial in self.search.judged:  # retrained before an interruption
            done = confirm.finished(self.board.problem, trial, self._goal, self._seeds, self.search.folder)
            if done is not None and len(done.fresh) == len(self._seeds):
                self._keep(trial, done)
        met = [one for one in self.retrained.values() if one.met and self._goal.maximise is None]
        found = met[0] if met else self._tried()
        if found is not None:
            return found
        self._refuse_nothing()
        for candidate in self.search.ranked()[:CANDIDATES]:
            in_time = not (self.retrained and self.clock.over(candidate.seconds * self.request.options.seeds))
            if (candidate.number in self.retrained or in_time) and self._confirmed(candidate).met:
                return self._confirmed(candidate)
            if not self._goal.met_by(candidate.values):
                break  # those after it are further off
        return max(self.retrained.values(), key=lambda one: (self._goal.merit(one.means), -one.trial.number))

    def _refuse_nothing(self) -> None:
        if not self.search.trials:
            raise InputError(
                f"the budget of {self.clock.budget:g} s is used up before the first trial ({self.clock.used:.0f} s)",
                instead=f"`tagfit cure --resume {self.search.folder}` with a larger --budget",
            )
        if not self.search.judged:
            raise InputError(
                f"none of {len(self.search.trials)} trials was completed: {self.search.trials[-1].stopped}",
                instead="a starting run whose training is more stable, such as one with a lower learning_rate",
            )

    def _tried(self) -> Confirmed | None:
        """Trials, until they are used up or, where there is nothing to maximise, one of them meets the goal."""
        most = self.request.options.trials
        while True:
            over = most is not None and len(self.search.trials) >= most
            later = self._goal.maximise is not None or (self.search.within_group and not over)
            candidate = None if later else self._candidate()
            if candidate is not None:
                if self._confirmed(candidate).met:
                    return self._confirmed(candidate)
                self.progress.report("its fresh seeds do not meet the goal; the search continues")
                continue
            if over or not self._next(None if most is None else most - len(self.search.trials)):
                return None

    def _next(self, most: int | None) -> bool:
        """Train the next trials, at most ``most``; False where the time left is needed for the best one."""
        jobs = self.search.group(most)
        reserve = max(self._reserve(job.recipe) for job in jobs)
        if self.clock.over(reserve):
            return False
        found = self.board.train(jobs, self.progress.on_epoch, lambda: self.clock.over(reserve))
        for trial in self.search.log(found):
            self.progress.on_trial(trial)
        return None not in found

    def _candidate(self) -> Trial | None:
        """The best trial that meets the goal and was not retrained yet."""
        for one in self.search.ranked():
            if one.number not in self.retrained and self._goal.met_by(one.values):
                return one
        return None

    def _confirmed(self, trial: Trial) -> Confirmed:
        if trial.number not in self.retrained:
            seeds = self._seeds_for(trial)
            self.progress.report(f"retraining trial {trial.number} with fresh seeds: {', '.join(map(str, seeds))}")
            self._retrain(trial, seeds)
            if self.retrained[trial.number].met:  # a goal is met with all seeds that were asked for, or not at all
                self._retrain(trial, self._seeds)
        return self.retrained[trial.number]

    def _retrain(self, trial: Trial, seeds: list[int]) -> None:
        on_epoch = self.progress.on_epoch
        self._keep(trial, confirm.confirm(self.board, trial, seeds, on_epoch))

    def _keep(self, trial: Trial, confirmed: Confirmed) -> None:
        self.retrained[trial.number] = confirmed
        if self.request.options.search_on is None:  # else trials saw less of train, and the figures do not compare
            self.search.confirmed[trial.number] = confirmed.means

    @property
    def _goal(self) -> Goal:
        return self.request.goal

    @property
    def _seeds(self) -> list[int]:
        """Seeds that the search has not used."""
        return [self.request.options.seed + 1 + number for number in range(self.request.options.seeds)]

    def _seeds_for(self, trial: Trial) -> list[int]:
        """All for a trial that meets the goal; for another as many as there is time for, and at least one."""
        left = self.clock.left
        if left is None or self._goal.met_by(trial.values) or not trial.seconds:
            return self._seeds
        return self._seeds[: max(1, int(left / trial.seconds))]

    def _reserve(self, recipe: Recipe) -> float:
        """Seconds to reserve, while ``recipe`` is tried, for retraining the best and for undoing its changes."""
        if not self.search.judged:
            return 0.0
        best = self.search.best
        if not self._goal.met_by(best.values):  # then this recipe may be the one to retrain, and may be faster
            return self.request.options.seeds * min(best.seconds, self.search.expected(recipe) or best.seconds)
        undone = 0  # without maximise, a trial that meets the bounds ends the search, and the rest is for its changes
        if self._goal.maximise is not None:
            undone = min(ABLATED, len(changes(self.search.start.recipe, best.recipe)))
        return best.seconds * (self.request.options.seeds + undone)
