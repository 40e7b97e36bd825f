"""Bank: the questions of the course by concept, each option explained; drawn with a seed that shuffles its options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from tagfit.errors import InputError
from tagfit.lesson import computed
from tagfit.lesson.content import Part, Text, read_toml
from tagfit.lesson.texts import cached, folder, values_of

Difficulty = Literal["easy", "medium", "hard"]
DIFFICULTIES: tuple[Difficulty, ...] = ("easy", "medium", "hard")


class Option(Part):
    """One option of a question.

    Attributes:
        text: what the learner reads.
        why: what makes it right or wrong, shown after the answer.
        right: whether it is the right one.
        misconception: the mistake that a wrong option stands for.
    """

    text: Text
    why: Text
    right: bool = False
    misconception: str = ""

    @model_validator(mode="after")
    def _is_right_or_a_mistake(self) -> Option:
        if self.right == bool(self.misconception):
            raise ValueError("an option is either right, or stands for a misconception")
        return self


def _one_is_right(options: tuple[Option, ...]) -> tuple[Option, ...]:
    if sum(option.right for option in options) != 1:
        raise ValueError("exactly one option is right")
    return options


class Question(Part):
    """A question with options.

    Attributes:
        id: unique in the bank.
        difficulty: one of DIFFICULTIES.
        ask: the question.
        options: three or more, one of them right.
        computed: the function of ``lesson.computed`` whose figures the texts name; empty where the texts are complete.
    """

    id: Text
    difficulty: Difficulty
    ask: Text
    options: Annotated[tuple[Option, ...], Field(min_length=3)]
    computed: str = ""

    @model_validator(mode="after")
    def _fits_together(self) -> Question:
        _one_is_right(self.options)
        if self.computed and self.computed not in computed.FIGURES:
            raise ValueError(f"there are no figures {self.computed!r}")
        return self


class Concept(Part):
    """One concept of the course.

    Attributes:
        id, title: its name, and what a learner reads.
        station: the id of the station to revisit.
        questions: about it.
    """

    id: Text
    title: Text
    station: Text
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]


class Check(Part):
    """The quick check after an item of practice."""

    ask: Text
    options: Annotated[tuple[Option, ...], Field(min_length=3)]

    @model_validator(mode="after")
    def _fits_together(self) -> Check:
        _one_is_right(self.options)
        return self


class Item(Part):
    """An item of practice: a question with a hint, its solution in steps, and a quick check.

    Attributes:
        id, title, difficulty, ask, hint: what they say.
        concept: the id of the concept that it is about.
        steps: of the solution.
        mistakes: ids of the misconceptions that are common here.
        options, check: the question's, and the check.
    """

    id: Text
    concept: Text
    title: Text
    difficulty: Difficulty
    ask: Text
    hint: Text
    steps: tuple[Text, ...]
    mistakes: tuple[Text, ...]
    options: Annotated[tuple[Option, ...], Field(min_length=3)]
    check: Check

    @model_validator(mode="after")
    def _fits_together(self) -> Item:
        _one_is_right(self.options)
        return self


class Practice(Part):
    """``practice.toml``."""

    items: Annotated[tuple[Item, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Asked:
    """A question as a learner gets it: figures filled in, options in an order of their own.

    Attributes:
        id, concept, difficulty: of the question; an item of practice has no concept.
        seed: of its figures and of the order.
        ask: the text.
        options: in the order shown.
        figures: that the texts name.
    """

    id: str
    concept: str
    difficulty: str
    seed: int
    ask: str
    options: tuple[Option, ...]
    figures: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> int:
        """The place of the right option."""
        return next(place for place, option in enumerate(self.options) if option.right)

    def chosen(self, place: int) -> Option:
        """The option at a place, from 0.

        Raises:
            InputError: there is none.
        """
        if not 0 <= place < len(self.options):
            raise InputError(word("no_option", given=place + 1), instead=word("options", count=len(self.options)))
        return self.options[place]


@cached
def concepts() -> tuple[Concept, ...]:
    """All concepts, in the order of the course."""
    places = sorted((folder() / "bank").iterdir(), key=lambda place: place.name)
    return tuple(read_toml(place, Concept) for place in places if place.name.endswith(".toml"))


@cached
def misconceptions() -> dict[str, str]:
    """What corrects each misconception."""
    return {str(key): str(value) for key, value in values_of(folder() / "misconceptions.toml").items()}


@cached
def practice() -> tuple[Item, ...]:
    """The items of practice, in order."""
    return read_toml(folder() / "practice.toml", Practice).items


@cached
def words() -> dict[str, str]:
    """``questions.toml``: what a face says around questions."""
    return {str(key): str(value) for key, value in values_of(folder() / "questions.toml").items()}


def word(key: str, **figures: Any) -> str:
    """One of the words, with figures filled in."""
    return words()[key].format(**figures) if figures else words()[key]


def find(question: str) -> tuple[Concept, Question]:
    """A question of the bank by its id, with its concept.

    Raises:
        InputError: there is none.
    """
    for concept in concepts():
        for one in concept.questions:
            if one.id == question:
                return concept, one
    raise InputError(word("no_question", name=repr(question)))


def asked(question: str, seed: int) -> Asked:
    """A question of the bank for a seed; the same seed gives the same figures and the same order.

    Raises:
        InputError: there is no such question.
    """
    concept, one = find(question)
    figures = computed.figures(one.computed, seed) if one.computed else {}
    return _drawn(one.id, concept.id, one.difficulty, one.ask, one.options, seed, figures)


def asked_item(item: Item, seed: int) -> Asked:
    """The question of an item of practice."""
    return _drawn(item.id, "", item.difficulty, item.ask, item.options, seed, {})


def asked_check(item: Item, seed: int) -> Asked:
    """The quick check of an item of practice."""
    return _drawn(f"{item.id}-check", "", item.difficulty, item.check.ask, item.check.options, seed, {})


def _drawn(
    name: str, concept: str, difficulty: str, ask: str, options: tuple[Option, ...], seed: int, figures: dict[str, str]
) -> Asked:
    def filled(text: str) -> str:
        return text.format(**figures) if figures else text

    order = np.random.default_rng([seed, *name.encode()]).permutation(len(options))
    shown = tuple(
        options[place].model_copy(update={"text": filled(options[place].text), "why": filled(options[place].why)})
        for place in order
    )
    return Asked(name, concept, difficulty, seed, filled(ask), shown, figures)
