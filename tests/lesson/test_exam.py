"""Tests of the course: what they are drawn from, what guessing earns, and what a verdict may claim."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagfit.lesson import bank, exam, verdict
from tagfit.lesson.verdict import Answer, judge, posterior


@pytest.mark.parametrize("seed", range(10))
def test_a_test_has_its_counts_over_at_least_eight_concepts(seed: int) -> None:
    drawn = exam.draw(seed)
    found = [bank.find(name) for name in drawn.questions]
    assert Counter(one.difficulty for _, one in found) == exam.COUNTS
    assert len({concept.id for concept, _ in found}) >= exam.LEAST_CONCEPTS
    assert drawn == exam.draw(seed)


def test_three_tests_have_no_question_in_common() -> None:
    events: list[dict[str, Any]] = []
    for seed in range(3):
        events.append(exam.began(exam.draw(seed, events)))
    names = [name for one in events for name in one["questions"]]
    assert len(set(names)) == len(names) == 30


def played(seed: int, choose: Any) -> verdict.Verdict:
    drawn = exam.draw(seed)
    places = tuple(choose(bank.asked(name, seed)) for name in drawn.questions)
    return exam.Exam(seed, drawn.questions, places).verdict()


def test_guessing_and_choosing_the_longest_earn_what_chance_says() -> None:
    generator = np.random.default_rng(0)
    guessed = [played(seed, lambda asked: int(generator.integers(len(asked.options)))) for seed in range(120)]
    longest = [
        played(seed, lambda asked: int(np.argmax([len(option.text) for option in asked.options])))
        for seed in range(120)
    ]
    for player in (guessed, longest):
        right = np.mean([one.right for one in player]) / 10
        assert right == pytest.approx(1 / 3, abs=0.06)
        assert np.mean([one.verdict == "strong" for one in player]) < 0.05
    assert guessed[0].chances["guesser"] < 0.01


def test_the_stated_chances_are_those_of_simulated_learners() -> None:
    generator = np.random.default_rng(1)
    hard = np.array([False] * 8 + [True] * 2)
    for ability in (0.9, 0.6, 1 / 3):
        right = generator.random((20000, 10)) < ability
        strong = (right.sum(axis=1) >= verdict.LEAST) & (right[:, hard].sum(axis=1) >= verdict.LEAST_HARD)
        assert verdict.chance_of_strong(exam.COUNTS, ability) == pytest.approx(strong.mean(), abs=0.01)


@pytest.mark.parametrize(
    ("right", "expected"),
    [([1], 0.73), ([1, 1], 0.88), ([0], 0.13), ([1, 0], 0.29), ([1, 1, 1, 0], 0.75), ([0, 0], 0.02)],
)
def test_the_posterior_of_knowing(right: list[int], expected: float) -> None:
    assert posterior((bool(one), 3) for one in right) == pytest.approx(expected, abs=0.006)


@given(st.lists(st.booleans(), max_size=12))
def test_a_right_answer_never_lowers_the_posterior_and_a_wrong_one_never_raises_it(right: list[bool]) -> None:
    now = posterior((one, 3) for one in right)
    assert posterior((one, 3) for one in [*right, True]) >= now >= posterior((one, 3) for one in [*right, False])


def test_a_concept_is_judged_by_all_tests_and_the_whole_by_this_one() -> None:
    earlier = [Answer("cuts", "easy", 3, True)]
    now = [Answer("cuts", "hard", 3, True), Answer("loss", "easy", 3, False)]
    alone, both = judge(now), judge(now, earlier)
    assert alone.concepts[0].verdict == "too_few"
    assert (both.concepts[0].asked, both.concepts[0].verdict) == (2, "strong")
    assert (both.right, both.count) == (1, 2)
    assert (both.weak, both.few, alone.few) == (["loss"], [], ["cuts"])


def test_recall_counts_and_of_practice_the_first_answer_to_each_question() -> None:
    item = bank.practice()[0]
    asked = bank.asked("loss-which", 0)
    events = [
        *({"kind": "practice", "item": item.id, "answer": 0, "right": right} for right in (False, True)),
        {"kind": "practice_check", "item": item.id, "answer": 0, "right": True},
        exam.answered(asked, asked.key, kind=exam.RECALL),
    ]
    found = [(one.concept, one.right) for one in exam.evidence(events)]
    assert sorted(found) == [("loss", True), (item.concept, False), (item.concept, True)]
    drawn = exam.draw(1, events)
    verdict = exam.Exam(drawn.seed, drawn.questions).verdict(events)
    assert {one.concept: one.verdict for one in verdict.concepts} == {"loss": "too_few", item.concept: "shaky"}


def learned(knows: set[str], seed: int, tests: int) -> tuple[int, int, int]:
    """A learner who knows some concepts takes tests: how many are judged rightly, wrongly, not yet."""
    generator = np.random.default_rng(seed)
    events: list[dict[str, Any]] = []
    for _ in range(tests):
        events.append(exam.began(exam.draw(int(generator.integers(1000)), events)))
        while (now := exam.unfinished(events)) is not None and (asked := now.current) is not None:
            right = generator.random() < (1 - verdict.SLIP if asked.concept in knows else 1 / 3)
            events.append(exam.answered(asked, asked.key if right else (asked.key + 1) % 3))
    last = exam.latest(events)
    assert last is not None
    found = [one for one in last.verdict(events).concepts if one.verdict in ("strong", "not_yet")]
    right = sum((one.verdict == "strong") == (one.concept in knows) for one in found)
    return right, len(found) - right, len(last.verdict(events).few)


@pytest.mark.parametrize(("tests", "judged", "wrong"), [(1, 3.5, 0.15), (2, 7.5, 0.2), (3, 8, 0.2)])
def test_what_is_said_of_concepts_grows_with_every_test_and_is_mostly_right(
    tests: int, judged: float, wrong: float
) -> None:
    names = [one.id for one in bank.concepts()]
    players = [learned(set(np.random.default_rng(seed).permutation(names)[:6]), seed, tests) for seed in range(25)]
    right, errors = (np.mean([one[place] for one in players]) for place in (0, 1))
    assert right + errors >= judged
    assert errors / (right + errors) <= wrong


def test_a_test_is_continued_where_it_was_left() -> None:
    drawn = exam.draw(5)
    events: list[dict[str, Any]] = [exam.began(drawn)]
    for _ in range(3):
        now = exam.unfinished(events)
        assert now is not None
        assert now.current is not None
        events.append(exam.answered(now.current, 0))
    now = exam.unfinished(events)
    assert now is not None
    assert len(now.answers) == 3
    assert now.questions == drawn.questions


def test_a_question_that_two_processes_ask_at_once_counts_once() -> None:
    drawn = exam.draw(5)
    asked = exam.Exam(5, drawn.questions).current
    assert asked is not None
    events = [exam.began(drawn), exam.answered(asked, asked.key), exam.answered(asked, (asked.key + 1) % 3)]
    now = exam.latest(events)
    assert now is not None
    assert now.answers == (asked.key,)
    found = now.verdict(events)
    assert (found.right, found.count, found.concepts[0].asked) == (1, 1, 1)


def test_tests_of_another_version_of_the_bank_are_left_out() -> None:
    gone = {"kind": exam.ANSWER, "question": "gone", "concept": "gone", "seed": 1, "answer": 0, "right": True}
    events: list[dict[str, Any]] = [{"kind": exam.BEGIN, "seed": 1, "questions": ["gone"]}, gone]
    assert exam.latest(events) is None
    events.append(exam.began(exam.draw(2)))
    now = exam.latest(events)
    assert now is not None
    assert now.verdict(events).count == 0
