"""Exam: a test of ten questions, drawn with a seed from those that were asked least, and judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np

from tagfit.lesson import bank, practice
from tagfit.lesson.bank import Asked
from tagfit.lesson.verdict import Answer, Verdict, judge

COUNTS: Mapping[str, int] = {"easy": 4, "medium": 4, "hard": 2}
LEAST_CONCEPTS = 8
BEGIN, ANSWER, RECALL = "test_begin", "test_answer", "recall"


@dataclass(frozen=True)
class Exam:
    """A test and its answers so far.

    Attributes:
        seed: of its questions, their figures and their order.
        questions: their ids, in order.
        answers: the places of the chosen options, of the first questions.
    """

    seed: int
    questions: tuple[str, ...]
    answers: tuple[int, ...] = ()

    @property
    def current(self) -> Asked | None:
        """The next question; None after the last."""
        done = len(self.answers)
        return None if done == len(self.questions) else bank.asked(self.questions[done], self.seed)

    def verdict(self, events: Sequence[Mapping[str, Any]] = ()) -> Verdict:
        """The verdict on the answers so far; that of each concept counts earlier tests, recall and practice as well.

        Args:
            events: all that happened, this test included.
        """
        shown = [bank.asked(name, self.seed) for name in self.questions[: len(self.answers)]]
        now = [_answer(one, place) for one, place in zip(shown, self.answers, strict=True)]
        begun = _begun(events)
        before = events[: begun[-1]] if begun else ()
        return judge(now, [*_of_tests(before), *evidence(events)])


def _answer(asked: Asked, place: int) -> Answer:
    return Answer(asked.concept, asked.difficulty, len(asked.options), asked.chosen(place).right)


def evidence(events: Sequence[Mapping[str, Any]]) -> list[Answer]:
    """Answers outside tests that say something about a concept: of recall, and of practice the first of each question.

    Stations are left out: they ask before they explain, so their first answers say what a learner thought before.
    """
    found = [_recorded(one) for one in events if one["kind"] == RECALL and _is_known(one["question"])]
    items = {item.id: item for item in bank.practice()}
    first: dict[tuple[str, str], Mapping[str, Any]] = {}
    for one in events:
        if one["kind"] in (practice.ANSWER, practice.CHECK) and one["item"] in items:
            first.setdefault((one["kind"], one["item"]), one)
    for (kind, name), one in first.items():
        item = items[name]
        options = item.check.options if kind == practice.CHECK else item.options
        found.append(Answer(item.concept, item.difficulty, len(options), bool(one["right"])))
    return found


def _of_tests(events: Sequence[Mapping[str, Any]]) -> list[Answer]:
    return [_recorded(one) for one in events if one["kind"] == ANSWER and _is_known(one["question"])]


def _recorded(event: Mapping[str, Any]) -> Answer:
    """An answer to a question of the bank, as it was judged then."""
    concept, question = bank.find(event["question"])
    return Answer(concept.id, question.difficulty, len(question.options), bool(event["right"]))


def _is_known(question: str) -> bool:
    return any(one.id == question for concept in bank.concepts() for one in concept.questions)


def _begun(events: Sequence[Mapping[str, Any]]) -> list[int]:
    """Where tests begin, apart from those with questions that another version of the bank has."""
    begins = [place for place, one in enumerate(events) if one["kind"] == BEGIN]
    return [place for place in begins if all(_is_known(name) for name in events[place]["questions"])]


def draw(seed: int, events: Sequence[Mapping[str, Any]] = ()) -> Exam:
    """A test: COUNTS of each difficulty, over at least LEAST_CONCEPTS concepts.

    Questions that were asked least often come first; of these, the ones about concepts that one more answer would say
    most about: those with too few answers, then those without any, and those that are known last.

    Args:
        seed: the same seed and history give the same test.
        events: all that happened.
    """
    often, place_of = times_asked(events), _order(events)
    generator = np.random.default_rng(seed)
    chosen: list[str] = []
    per_concept: Counter[str] = Counter()
    for difficulty in ("hard", "medium", "easy"):
        pool = [(concept.id, one.id) for concept in bank.concepts() for one in concept.questions
                if one.difficulty == difficulty]  # fmt: skip
        pool = [pool[place] for place in generator.permutation(len(pool))]
        for _ in range(COUNTS[difficulty]):
            best = min(pool, key=lambda pair: (often[pair[1]], per_concept[pair[0]], place_of[pair[0]]))
            pool.remove(best)
            per_concept[best[0]] += 1
            chosen.append(best[1])
    order = {difficulty: place for place, difficulty in enumerate(bank.DIFFICULTIES)}
    chosen.sort(key=lambda name: order[bank.find(name)[1].difficulty])
    return Exam(seed, tuple(chosen))


def _order(events: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How late each concept is to be asked about, by what is known of it."""
    places = {"too_few": 0, "shaky": 2, "not_yet": 2, "strong": 3}
    known = {one.concept: places[one.verdict] for one in judge([], [*_of_tests(events), *evidence(events)]).concepts}
    return {concept.id: known.get(concept.id, 1) for concept in bank.concepts()}


def times_asked(events: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """How often each question was in a test."""
    return Counter(name for one in events if one["kind"] == BEGIN for name in one["questions"])


def unfinished(events: Sequence[Mapping[str, Any]]) -> Exam | None:
    """The last test, where it has questions left; None otherwise."""
    exam = latest(events)
    return None if exam is None or exam.current is None else exam


def latest(events: Sequence[Mapping[str, Any]]) -> Exam | None:
    """The last test that was begun; None before the first.

    Of a question that was answered twice, as by two processes at once, the first answer counts.
    """
    begun = _begun(events)
    if not begun:
        return None
    start = events[begun[-1]]
    given: dict[str, int] = {}
    for one in events[begun[-1] :]:
        if one["kind"] == ANSWER:
            given.setdefault(one["question"], int(one["answer"]))
    answers = [given[name] for name in takewhile(given.__contains__, start["questions"])]
    return Exam(int(start["seed"]), tuple(start["questions"]), tuple(answers))


def began(exam: Exam) -> dict[str, Any]:
    """The event of a test that begins."""
    return {"kind": BEGIN, "seed": exam.seed, "questions": list(exam.questions)}


def answered(asked: Asked, place: int, sure: bool | None = None, kind: str = ANSWER) -> dict[str, Any]:
    """The event of an answer to a question of the bank."""
    option = asked.chosen(place)
    return {
        "kind": kind, "question": asked.id, "concept": asked.concept, "seed": asked.seed, "answer": place,
        "right": option.right, "misconception": option.misconception, "sure": sure,
    }  # fmt: skip
