"""Progress: what is called while a cure runs, and the clock of its budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tagfit.curing.trial import OnEpoch, Trial


@dataclass(frozen=True)
class Progress:
    """Callbacks of a cure; each may be left out.

    Attributes:
        report: called with a line before each step.
        on_trial: called with each trial that was logged.
        on_epoch: called after each epoch of each training.
    """

    report: Callable[[str], None] = lambda _line: None
    on_trial: Callable[[Trial], None] = lambda _trial: None
    on_epoch: OnEpoch | None = None


@dataclass
class Clock:
    """The time that a cure has used, and what it may use.

    Attributes:
        budget: seconds; None for no limit.
        before: seconds that were used before an interruption, or by the starting training.
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
        """Seconds of the budget that are left; None without one."""
        return None if self.budget is None else max(0.0, self.budget - self.used)

    def over(self, reserve: float = 0.0) -> bool:
        """Whether less than ``reserve`` seconds are left."""
        return self.budget is not None and self.used + reserve > self.budget
