"""Verdict: what a test says of each concept and of the whole, and how far that can be trusted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

PRIOR, SLIP = 0.5, 0.1  # of a learner who knows a concept, and of a wrong answer all the same
STRONG, NOT_YET = 0.8, 0.25  # posteriors from which, and below which, a concept is judged
FEWEST = 2  # answers to one concept, unless these already say that it is not known
LEAST, LEAST_HARD = 8, 1  # right answers of a test that counts as strong
ABLE, UNABLE = 0.9, 0.6  # the share of right answers of learners whose chances are stated


@dataclass(frozen=True)
class Answer:
    """One answered question: its concept, difficulty, number of options, and whether it was right."""

    concept: str
    difficulty: str
    options: int
    right: bool


@dataclass(frozen=True)
class OfConcept:
    """One concept.

    Attributes:
        concept: its id.
        asked, right: how many questions, and how many right.
        knows: the posterior that the learner knows it.
        verdict: strong, shaky, not_yet, or too_few.
    """

    concept: str
    asked: int
    right: int
    knows: float
    verdict: str


@dataclass(frozen=True)
class Verdict:
    """A whole test.

    Attributes:
        right, count: answers.
        hard_right, hard: of the hard ones.
        verdict: strong or not_yet.
        chances: how often learners of known ability would be called strong: able, unable, guesser.
        concepts: one record each: first those that this test asked about, then those of earlier answers.
    """

    right: int
    count: int
    hard_right: int
    hard: int
    verdict: str
    chances: dict[str, float]
    concepts: tuple[OfConcept, ...]

    @property
    def weak(self) -> list[str]:
        """The concepts to revisit, the weakest first."""
        found = [one for one in self.concepts if one.verdict in ("shaky", "not_yet")]
        return [one.concept for one in sorted(found, key=lambda one: one.knows)]

    @property
    def few(self) -> list[str]:
        """The concepts that were right so far and asked too rarely to say more."""
        return [one.concept for one in self.concepts if one.verdict == "too_few"]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        concepts = [
            {"concept": one.concept, "asked": one.asked, "right": one.right, "knows": one.knows, "verdict": one.verdict}
            for one in self.concepts
        ]
        return {
            "right": self.right, "count": self.count, "hard_right": self.hard_right, "hard": self.hard,
            "verdict": self.verdict, "chances": self.chances, "concepts": concepts,
        }  # fmt: skip


def posterior(answers: Iterable[tuple[bool, int]]) -> float:
    """The probability that a learner knows a concept, from 0 to 1.

    Args:
        answers: (right, number of options) of each question.

    Reference: the observation model of Bayesian knowledge tracing (Corbett and Anderson, 1995) without learning:
    who knows is wrong with probability SLIP, who does not guesses.
    """
    knows, guesses = PRIOR, 1 - PRIOR
    for right, options in answers:
        knows *= 1 - SLIP if right else SLIP
        guesses *= 1 / options if right else 1 - 1 / options
    return knows / (knows + guesses)


def chance_of_strong(counts: Mapping[str, int], ability: float) -> float:
    """How often a learner who is right with probability ``ability`` is called strong.

    Args:
        counts: questions by difficulty.
        ability: from 0 to 1, the same for every question.
    """
    hard = counts.get("hard", 0)
    others = sum(counts.values()) - hard
    return sum(
        _exactly(of_hard, hard, ability) * _exactly(of_others, others, ability)
        for of_hard in range(LEAST_HARD, hard + 1)
        for of_others in range(others + 1)
        if of_hard + of_others >= LEAST
    )


def _exactly(right: int, count: int, ability: float) -> float:
    """The probability of ``right`` right answers of ``count``."""
    return comb(count, right) * ability**right * (1 - ability) ** (count - right)


def judge(answers: Iterable[Answer], earlier: Sequence[Answer] = ()) -> Verdict:
    """The verdict on all answers of a test.

    Args:
        answers: of this test.
        earlier: of tests before, recall and practice, which count for the concepts.
    """
    given = list(answers)
    counts = Counter(one.difficulty for one in given)
    right = sum(one.right for one in given)
    hard_right = sum(one.right for one in given if one.difficulty == "hard")
    guess = 1 / min((one.options for one in given), default=1)
    chances = {
        "able": chance_of_strong(counts, ABLE),
        "unable": chance_of_strong(counts, UNABLE),
        "guesser": chance_of_strong(counts, guess),
    }
    strong = right >= LEAST and hard_right >= LEAST_HARD
    everything = [*given, *earlier]
    concepts = tuple(_of_concept(name, everything) for name in dict.fromkeys(one.concept for one in everything))
    verdict = "strong" if strong else "not_yet"
    return Verdict(right, len(given), hard_right, counts["hard"], verdict, chances, concepts)


def _of_concept(name: str, answers: list[Answer]) -> OfConcept:
    own = [one for one in answers if one.concept == name]
    knows = posterior((one.right, one.options) for one in own)
    if knows < NOT_YET:
        verdict = "not_yet"
    elif len(own) < FEWEST:
        verdict = "too_few"
    else:
        verdict = "strong" if knows >= STRONG else "shaky"
    return OfConcept(name, len(own), sum(one.right for one in own), knows, verdict)
