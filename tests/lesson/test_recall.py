"""Recall: a card per concept that was asked, due later the better it is known, rebuilt from the events alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tagfit.lesson import exam, recall

START = datetime(2026, 1, 1, tzinfo=UTC)


def event(concept: str, right: bool, day: float, kind: str = exam.RECALL) -> dict[str, Any]:
    return {"kind": kind, "concept": concept, "right": right, "at": (START + timedelta(days=day)).isoformat()}


def test_a_concept_that_was_never_asked_has_no_card() -> None:
    assert recall.cards([]) == []
    found = recall.cards([event("cuts", True, 0, exam.ANSWER)])
    assert [one.concept.id for one in found] == ["cuts"]


def test_a_known_card_comes_later_than_a_forgotten_one_and_later_each_time() -> None:
    known, forgotten = (recall.cards([event("cuts", right, 0)])[0].due for right in (True, False))
    assert START < forgotten < known
    events, gaps, day = [], [], 0.0
    for _ in range(4):
        events.append(event("cuts", True, day))
        due = recall.cards(events)[0].due
        gaps.append((due - START).days - day)
        day = float((due - START).days)
    assert gaps == sorted(gaps)
    assert gaps[-1] > 3 * gaps[0]


def test_due_cards_are_those_whose_time_has_come_the_first_one_first() -> None:
    events = [event("loss", True, 0), event("cuts", False, 0)]
    assert recall.due(events, START) == []
    later = recall.due(events, START + timedelta(days=60))
    assert [one.concept.id for one in later] == ["cuts", "loss"]


def test_each_review_asks_another_question_of_the_concept() -> None:
    events: list[dict[str, Any]] = []
    asked = []
    for day in range(5):
        events.append(event("cuts", True, day))
        asked.append(recall.question(recall.cards(events)[0]).id)
    assert len(set(asked)) == 5
