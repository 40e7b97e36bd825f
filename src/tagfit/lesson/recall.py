"""Recall: one card per concept, which comes again the later the better it is known, by the scheduler of ``fsrs``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tagfit.errors import MissingExtraError
from tagfit.lesson import bank
from tagfit.lesson.bank import Asked, Concept
from tagfit.lesson.exam import ANSWER, RECALL

if TYPE_CHECKING:
    from fsrs import Card, Scheduler

RETENTION = 0.9  # the probability of recall at which a card is due


@dataclass(frozen=True)
class Due:
    """One concept's card.

    Attributes:
        concept: which.
        due: when it is to be asked again, UTC.
        reviews: how often it was answered.
    """

    concept: Concept
    due: datetime
    reviews: int


def cards(events: Sequence[Mapping[str, Any]]) -> list[Due]:
    """The cards of the concepts that a test or recall asked about, the first one due first.

    Raises:
        MissingExtraError: ``fsrs`` is not installed.
    """
    scheduler = _scheduler()
    found = []
    for concept in bank.concepts():
        answers = [one for one in events if one["kind"] in (RECALL, ANSWER) and one["concept"] == concept.id]
        if answers:
            found.append(Due(concept, _card(scheduler, answers).due, len(answers)))
    return sorted(found, key=lambda one: one.due)


def due(events: Sequence[Mapping[str, Any]], now: datetime | None = None) -> list[Due]:
    """The cards that are due."""
    moment = now or datetime.now(UTC)
    return [one for one in cards(events) if one.due <= moment]


def question(card: Due) -> Asked:
    """The question that a card asks: another one of its concept each time, with other figures."""
    names = [one.id for one in card.concept.questions]
    return bank.asked(names[card.reviews % len(names)], card.reviews)


def _scheduler() -> Scheduler:
    try:
        from fsrs import Scheduler
    except ModuleNotFoundError:
        raise MissingExtraError("learn", "recall") from None
    # Without learning steps and fuzzing a card is due after days, and its state follows from the answers alone.
    return Scheduler(desired_retention=RETENTION, learning_steps=(), relearning_steps=(), enable_fuzzing=False)


def _card(scheduler: Scheduler, answers: Sequence[Mapping[str, Any]]) -> Card:
    from fsrs import Card, Rating

    card = Card(card_id=1)
    for one in answers:
        rating = (Rating.Hard if one.get("sure") is False else Rating.Good) if one["right"] else Rating.Again
        card, _ = scheduler.review_card(card, rating, datetime.fromisoformat(one["at"]))
    return card
