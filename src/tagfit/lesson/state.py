"""State: where a learner is in a station, rebuilt from the events, so that any face resumes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tagfit.lesson import content
from tagfit.lesson.content import Station, Step
from tagfit.lesson.steps import Context, Event, OnEpoch, Outcome, judge

ANSWER, HINT, SKIP, SOLUTION, RESTART = "answer", "hint", "skip", "solution", "restart"
NEW, BEGUN, DONE = "new", "begun", "done"


@dataclass(frozen=True)
class State:
    """A station and what has happened in it.

    Attributes:
        station: which one.
        events: since it was last started, oldest first.
    """

    station: Station
    events: tuple[Event, ...]

    @property
    def current(self) -> Step | None:
        """The first step that is neither done nor skipped; None where the station is done."""
        over = {one["step"] for one in self.events if _ends(one)}
        return next((step for step in self.station.steps if step.id not in over), None)

    @property
    def status(self) -> str:
        """NEW, BEGUN or DONE."""
        if self.current is None:
            return DONE
        return BEGUN if self.events else NEW

    @property
    def done(self) -> int:
        """How many steps are over."""
        return len({one["step"] for one in self.events if _ends(one)} & {step.id for step in self.station.steps})

    def of(self, step: Step, kind: str) -> list[Event]:
        """The events of one kind in a step."""
        return [one for one in self.events if one.get("step") == step.id and one["kind"] == kind]

    def tries(self, step: Step) -> int:
        """How many answers a step had."""
        return len(self.of(step, ANSWER))

    def next_hint(self, step: Step) -> str | None:
        """The next hint, or None where all have been given."""
        given = len(self.of(step, HINT))
        return step.hints[given] if given < len(step.hints) else None

    def may_see_solution(self, step: Step) -> bool:
        """Whether there is a solution, and one try was made."""
        return bool(step.solution) and self.tries(step) > 0

    def context(self, step: Step, on_epoch: OnEpoch | None = None) -> Context:
        """What the lab of a step may know."""
        return Context(self.station, step, self.events, on_epoch)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: what a list of stations shows."""
        answers = [one for one in self.events if one["kind"] == ANSWER]
        return {
            "id": self.station.id,
            "title": self.station.title,
            "minutes": self.station.minutes,
            "status": self.status,
            "steps": len(self.station.steps),
            "done": self.done,
            "answers": len(answers),
            "wrong": sum(one["outcome"]["right"] is False for one in answers),
            "hints": sum(one["kind"] == HINT for one in self.events),
            "skipped": sum(one["kind"] == SKIP for one in self.events),
        }


def state(station: Station, events: Sequence[Event]) -> State:
    """The state of a station after all events, those of other stations included."""
    own = [one for one in events if one.get("station") == station.id]
    starts = [place for place, one in enumerate(own) if one["kind"] == RESTART]
    return State(station, tuple(own[starts[-1] + 1 :] if starts else own))


def states(events: Sequence[Event]) -> list[State]:
    """The state of every station, in the order of the course."""
    return [state(one, events) for one in content.stations()]


def next_station(events: Sequence[Event]) -> Station | None:
    """The first station that is not done; None after the last."""
    return next((one.station for one in states(events) if one.status != DONE), None)


def answered(context: Context, answer: Any, *, sure: bool | None = None) -> tuple[Outcome, dict[str, Any]]:
    """Judge an answer: the outcome, and the event to record.

    Raises:
        InputError: an answer of another form than the step asks for; nothing is recorded then.
    """
    outcome = judge(context, answer)
    event = happened(ANSWER, context.station, context.step)
    return outcome, {**event, "answer": answer, "sure": sure, "outcome": outcome.to_dict()}


def happened(kind: str, station: Station, step: Step | None = None) -> dict[str, Any]:
    """An event without an answer: HINT, SKIP, SOLUTION or RESTART."""
    event = {"kind": kind, "station": station.id}
    return event if step is None else {**event, "step": step.id}


def _ends(event: Event) -> bool:
    return event["kind"] == SKIP or (event["kind"] == ANSWER and bool(event["outcome"]["done"]))
