"""Steps: a step and an answer give an Outcome, from the options alone or from the lab of the station."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from tagfit.history import Epoch
from tagfit.lesson import answers
from tagfit.lesson.blocks import Block, Shown
from tagfit.lesson.content import Station, Step

Event = Mapping[str, Any]
# Called after each epoch of a training: its record, and how many epochs there will be at most.
OnEpoch = Callable[[Epoch, int], None]


@dataclass(frozen=True)
class Outcome:
    """What an answer led to.

    Attributes:
        key: of the feedback in the content: an option's id, or a key of ``Step.feedback``.
        right: whether it was right; None where nothing is right or wrong, as with a prediction.
        misconception: the mistake behind it; empty if there is none.
        done: whether the step is over.
        figures: numbers and words that the feedback names, plain JSON values.
        blocks: tables, curves and pictures to show under the feedback.
        more: keys of further feedback, in order.
    """

    key: str
    right: bool | None
    misconception: str = ""
    done: bool = True
    figures: dict[str, Any] = field(default_factory=dict)
    blocks: Sequence[Block] = ()
    more: tuple[str, ...] = ()

    def feedback(self, step: Step) -> list[str]:
        """What the learner reads, a paragraph per key."""
        return [text.format(**self.figures) for key in (self.key, *self.more) if (text := feedback_text(step, key))]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, as an event keeps them."""
        return {
            "key": self.key,
            "right": self.right,
            "misconception": self.misconception,
            "done": self.done,
            "figures": self.figures,
            "blocks": [block.to_dict() for block in self.blocks],
            "more": list(self.more),
        }


@dataclass(frozen=True)
class Context:
    """What a lab may know.

    Attributes:
        station, step: where the learner is.
        events: what happened in this station since it was last started.
        on_epoch: to be called after each epoch of a training.
        patient: whether trainings may take as long as they need, as when pages are written.
    """

    station: Station
    step: Step
    events: Sequence[Event] = ()
    on_epoch: OnEpoch | None = None
    patient: bool = False

    def answers(self, step: str) -> list[Any]:
        """The answers given to a step of this station, oldest first."""
        return [one["answer"] for one in self.events if one["kind"] == "answer" and one["step"] == step]

    def figures(self, step: str) -> list[dict[str, Any]]:
        """The figures of the outcomes of a step, oldest first."""
        return [one["outcome"]["figures"] for one in self.events if one["kind"] == "answer" and one["step"] == step]


@dataclass(frozen=True)
class Lab:
    """A step that the engine runs.

    Attributes:
        judge: the answer becomes an Outcome.
        show: what is shown before the question.
    """

    judge: Callable[[Context, Any], Outcome]
    show: Callable[[Context], Shown] = lambda _context: Shown()


def show(context: Context) -> Shown:
    """What a step shows before its question."""
    lab = _lab(context)
    return Shown() if lab is None else lab.show(context)


def prompt(context: Context, shown: Shown) -> str:
    """The question, with the figures of what is shown."""
    return context.step.prompt.format(**shown.figures) if shown.figures else context.step.prompt


def judge(context: Context, answer: Any) -> Outcome:
    """The outcome of an answer.

    Raises:
        InputError: an answer of another form than the step asks for.
    """
    step = context.step
    answer = answers.checked(step, answer)
    lab = _lab(context)
    if lab is not None:
        return lab.judge(context, answer)
    return _of_choice(step, answer) if step.kind == "choice" else _of_many(step, answer)


def feedback_keys(step: Step) -> set[str]:
    """Every key that an outcome of the step may have."""
    return {*step.feedback, *(option.id for option in step.options if option.feedback)}


def _of_choice(step: Step, answer: str) -> Outcome:
    option = step.option(answer)
    return Outcome(option.id, option.right, option.misconception, done=option.right or step.once)


def _of_many(step: Step, answer: Sequence[str]) -> Outcome:
    """The first option that was wrongly chosen or left out says what to think of."""
    wrong = [option for option in step.options if option.right != (option.id in answer)]
    if wrong:
        return Outcome(wrong[0].id, False, wrong[0].misconception, done=step.once)
    right = tuple(option.id for option in step.options if option.right)
    return Outcome(right[0], True, more=right[1:])


def feedback_text(step: Step, key: str) -> str:
    """The feedback of a key before figures are filled in; empty where it has none."""
    if key in step.feedback:
        return step.feedback[key]
    return next((option.feedback for option in step.options if option.id == key), "")


def _lab(context: Context) -> Lab | None:
    if not context.step.lab:
        return None
    module: ModuleType = importlib.import_module(f"tagfit.lesson.labs.{context.station.id}")
    lab = module.LABS[context.step.lab]
    assert isinstance(lab, Lab)
    return lab
