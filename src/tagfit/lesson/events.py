"""Events: what the lines of the progress file may hold, by kind; a kind that is not known here is kept as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Place = Annotated[int, Field(ge=0)]


class Event(BaseModel):
    """Anything that happened.

    Attributes:
        at: when, with a time zone.
        kind: what.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    at: AwareDatetime
    kind: str


class InStation(Event):
    """A hint, a skip, a look at the solution or a restart in a station; a restart has no step."""

    station: str
    step: str | None = None


class Outcome(BaseModel):
    """What a lab said of an answer, as far as the state depends on it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    right: bool | None
    done: bool
    figures: dict[str, Any] = Field(default_factory=dict)


class StationAnswer(InStation):
    """An answer to a step of a station."""

    step: str
    answer: Any
    sure: bool | None = None
    outcome: Outcome


class TestBegin(Event):
    """A test that begins: the seed, and the ids of its questions in order."""

    __test__ = False  # not a test of pytest

    seed: Place
    questions: tuple[str, ...]


class QuestionAnswer(Event):
    """An answer to a question of the bank, in a test or in recall: the place of the option, from 0."""

    question: str
    concept: str
    seed: Place
    answer: Place
    right: bool
    misconception: str = ""
    sure: bool | None = None


class PracticeAnswer(Event):
    """An answer to an item of practice, or to its quick check."""

    item: str
    answer: Place
    right: bool


KINDS: Mapping[str, type[Event]] = {
    "answer": StationAnswer,
    "hint": InStation,
    "skip": InStation,
    "solution": InStation,
    "restart": InStation,
    "test_begin": TestBegin,
    "test_answer": QuestionAnswer,
    "recall": QuestionAnswer,
    "practice": PracticeAnswer,
    "practice_check": PracticeAnswer,
}


def typed(values: Mapping[str, Any]) -> Event:
    """The event that the values of one line describe.

    Raises:
        pydantic.ValidationError: a field is missing or of another type.
    """
    return KINDS.get(str(values.get("kind")), Event).model_validate(values)
