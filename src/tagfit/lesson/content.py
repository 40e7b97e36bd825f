"""Content: the course and its stations as frozen models, read from TOML; all problems of a file at once."""

from __future__ import annotations

import re
from importlib.resources.abc import Traversable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from tagfit.errors import Fault, InputError
from tagfit.lesson.texts import cached, folder, values_of

Kind = Literal["choice", "many", "number", "order", "text", "curve", "recipe", "code", "tags"]
# Kinds whose answer names options.
OF_OPTIONS = ("choice", "many", "order", "tags")
LINES_MATTER = ("start", "example")
_LINE_BREAK = re.compile(r"(?<!\n)\n(?!\n)")
Text = Annotated[str, Field(min_length=1)]
Model = TypeVar("Model", bound=BaseModel)


class Part(BaseModel):
    """A part of the content; texts may hold ``{figures}`` that the engine fills in."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    @field_validator("*", mode="after")
    @classmethod
    def _is_prose(cls, value: Any, info: ValidationInfo) -> Any:
        """The lines of a paragraph are one line; an empty line ends it. Code keeps its lines."""
        return _LINE_BREAK.sub(" ", value) if isinstance(value, str) and info.field_name not in LINES_MATTER else value


class Option(Part):
    """One option of a step.

    Attributes:
        id: what an answer calls it.
        text: what the learner reads.
        right: whether it belongs to the right answer; of a step that a lab judges, always false.
        feedback: what a learner reads who chose it.
        misconception: the mistake behind it; empty where it is right, or no mistake.
    """

    id: Text
    text: Text
    right: bool = False
    feedback: str = ""
    misconception: str = ""


class Step(Part):
    """One thing that a learner does.

    Attributes:
        id: unique in its station.
        kind: what an answer looks like.
        prompt: what is asked.
        options: to choose from or to put in order.
        lab: the function of the station's lab that shows and judges this step; empty where the options say all.
        once: whether the first answer ends the step, as with a prediction; else it is asked again until it is right.
        sure: whether the learner is asked how sure they are before they see the outcome.
        length: how many numbers, or tagged pictures, an answer has.
        low, high: the range of its numbers.
        hints: given one after another.
        solution: shown after one try to a learner who asks, and to one who skips.
        start: what the learner edits, of a recipe or code.
        example: a right answer as a learner types it, for the printed pages; needed where a lab judges.
        feedback: texts by the key that a lab returns.
        misconceptions: keys of ``feedback`` that are mistakes.
        names: words that the lab's tables and plots need, by key.
    """

    id: Text
    kind: Kind
    prompt: Text
    options: tuple[Option, ...] = ()
    lab: str = ""
    once: bool = False
    sure: bool = False
    length: Annotated[int, Field(ge=1)] = 1
    low: float | None = None
    high: float | None = None
    hints: tuple[Text, ...] = ()
    solution: str = ""
    start: str = ""
    example: str = ""
    feedback: dict[str, Text] = Field(default_factory=dict)
    misconceptions: tuple[str, ...] = ()
    names: dict[str, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_together(self) -> Step:
        problems = []
        ids = [option.id for option in self.options]
        if len(set(ids)) != len(ids):
            problems.append("options share an id")
        if (self.kind in OF_OPTIONS) != bool(self.options):
            problems.append(f"a step of kind {self.kind} {'needs' if self.kind in OF_OPTIONS else 'has no'} options")
        if not self.lab and self.kind not in ("choice", "many"):
            problems.append(f"a step of kind {self.kind} needs a lab")
        if not self.lab and not any(option.right for option in self.options):
            problems.append("no option is right")
        if not self.lab and not all(option.feedback for option in self.options):
            problems.append("an option has no feedback")
        if self.lab and any(option.right for option in self.options):
            problems.append("a lab judges this step, so no option is marked right")
        if self.lab and not self.example:
            problems.append("a lab judges this step, so an example of a right answer is needed")
        if unknown := sorted(set(self.misconceptions) - set(self.feedback)):
            problems.append(f"misconceptions without feedback: {', '.join(unknown)}")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def option(self, name: str) -> Option:
        """The option of that id."""
        return next(option for option in self.options if option.id == name)


class Station(Part):
    """One station of the course.

    Attributes:
        id: what commands call it; also the name of its lab's module.
        title, intro, outro: before the first step, and after the last.
        minutes: how long it takes.
        steps: in order.
    """

    id: Text
    title: Text
    minutes: Annotated[int, Field(ge=4, le=8)]
    intro: Text
    outro: Text
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _has_distinct_steps(self) -> Station:
        ids = [step.id for step in self.steps]
        if len(set(ids)) != len(ids):
            raise ValueError("steps share an id")
        return self

    def step(self, name: str) -> Step:
        """The step of that id."""
        return next(step for step in self.steps if step.id == name)


class Course(Part):
    """The course.

    Attributes:
        title, intro: what the list of stations begins with.
        language, direction: of the texts, as HTML names them.
        minutes: how long it takes.
        stations: their ids, in order.
    """

    language: Text = "en"
    direction: Literal["ltr", "rtl"] = "ltr"
    title: Text
    intro: Text
    minutes: Annotated[int, Field(ge=1)]
    stations: tuple[Text, ...]


@cached
def course() -> Course:
    """``course.toml``."""
    return read_toml(folder() / "course.toml", Course)


@cached
def stations() -> tuple[Station, ...]:
    """All stations, in the order of the course."""
    places = sorted((folder() / "stations").iterdir(), key=lambda place: place.name)
    found = {}
    for place in places:
        if place.name.endswith(".toml"):
            station = read_toml(place, Station)
            found[station.id] = station
    return tuple(found[name] for name in course().stations if name in found)


def station(name: str) -> Station:
    """A station by its id or its number.

    Raises:
        InputError: there is none, with all that there are.
    """
    for number, one in enumerate(stations(), start=1):
        if name in (one.id, str(number)):
            return one
    instead = ", ".join(f"{number} {one.id}" for number, one in enumerate(stations(), start=1))
    raise InputError(message("no_station").format(name=repr(name)), instead=instead)


@cached
def messages() -> dict[str, str]:
    """``messages.toml``: every string that a face shows beside the stations."""
    return {str(key): str(value) for key, value in values_of(folder() / "messages.toml").items()}


def message(key: str, **figures: object) -> str:
    """One of the messages, with figures filled in."""
    text = messages()[key]
    return text.format(**figures) if figures else text


def read_toml(place: Traversable, model: type[Model]) -> Model:
    """One content file.

    Raises:
        InputError: everything that is wrong with it.
    """
    try:
        return model.model_validate(values_of(place))
    except ValidationError as error:
        faults = [
            Fault(problem["msg"], where=f"{place.name}, {'.'.join(map(str, problem['loc']))}")
            for problem in error.errors()
        ]
        raise InputError(faults) from None
