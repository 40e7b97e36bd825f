"""The bank of questions: complete, fair to those who know, of no use to those who guess, and computed by the engine."""

from __future__ import annotations

import re
from collections import Counter
from statistics import median

import numpy as np
import pytest

from tagfit.lesson import bank, computed, content
from tagfit.lesson.bank import Asked, Question

QUESTIONS = [one for concept in bank.concepts() for one in concept.questions]
SHOWN = [bank.asked(one.id, seed) for one in QUESTIONS for seed in range(3)]
ITEMS = [draw(item, 0) for item in bank.practice() for draw in (bank.asked_item, bank.asked_check)]
WRITTEN = [bank.asked(one.id, 0) for one in QUESTIONS if not one.computed] + ITEMS


def test_every_concept_has_two_easy_two_medium_and_one_hard_question() -> None:
    assert len(QUESTIONS) >= 60
    assert len(bank.concepts()) == 12
    assert len({one.id for one in QUESTIONS}) == len(QUESTIONS)
    for concept in bank.concepts():
        counts = Counter(one.difficulty for one in concept.questions)
        assert counts == {"easy": 2, "medium": 2, "hard": 1}, concept.id


def test_every_concept_leads_to_a_station_of_the_course() -> None:
    assert {concept.station for concept in bank.concepts()} <= set(content.course().stations)


def test_every_misconception_is_used_and_taught() -> None:
    options = [option for one in (*SHOWN, *ITEMS) for option in one.options]
    used = {option.misconception for option in options if not option.right}
    mistakes = {name for item in bank.practice() for name in item.mistakes}
    assert used == set(bank.misconceptions())
    assert mistakes <= set(bank.misconceptions())


@pytest.mark.parametrize("one", WRITTEN, ids=lambda one: one.id)
def test_the_right_option_cannot_be_told_by_its_length(one: Asked) -> None:
    lengths = [len(option.text) for option in one.options]
    assert 0.8 <= lengths[one.key] / median(lengths) <= 1.25


def test_the_right_option_is_the_longest_as_often_as_chance_says() -> None:
    def is_longest(one: Asked) -> bool:
        lengths = [len(option.text) for option in one.options]
        return lengths[one.key] == max(lengths) and lengths.count(max(lengths)) == 1

    shares = [1 / len(one.options) for one in WRITTEN]
    assert np.mean([is_longest(one) for one in WRITTEN]) <= np.mean(shares) + 0.05


@pytest.mark.parametrize("one", [*WRITTEN, *SHOWN[::3]], ids=lambda one: one.id)
def test_options_are_distinct_and_never_refer_to_each_other(one: Asked) -> None:
    texts = [option.text.casefold() for option in one.options]
    assert len(set(texts)) == len(texts)
    assert not any("of the above" in text or "all of these" in text for text in texts)


def test_positions_of_the_right_option_are_balanced() -> None:
    places = Counter(bank.asked(one.id, seed).key for one in QUESTIONS for seed in range(20))
    shares = np.array([places[place] for place in range(3)]) / (20 * len(QUESTIONS))
    assert np.abs(shares - 1 / 3).max() < 0.05


@pytest.mark.parametrize("one", [one for one in QUESTIONS if one.computed], ids=lambda one: one.id)
def test_computed_questions_have_different_options_and_the_same_for_the_same_seed(one: Question) -> None:
    drawn = [bank.asked(one.id, seed) for seed in range(30)]
    assert all(len({option.text for option in each.options}) == len(each.options) for each in drawn)
    assert len({each.ask for each in drawn}) > 3
    assert drawn[4] == bank.asked(one.id, 4)


@pytest.mark.parametrize("name", computed.FIGURES)
def test_options_with_figures_are_far_enough_apart_for_rounding_on_paper(name: str) -> None:
    (question,) = (one for one in QUESTIONS if one.computed == name)
    for seed in range(50):
        shown = sorted(float(option.text) for option in bank.asked(question.id, seed).options)
        assert min(np.diff(shown)) >= 0.039


def test_the_key_of_a_computed_question_is_what_paper_and_pencil_give() -> None:
    for seed in range(20):
        found = computed.figures("averages", seed)
        value = {name: int(found[name]) for name in found if name[:2] in ("tp", "fp", "fn")}
        f1 = [2 * value[f"tp{n}"] / (2 * value[f"tp{n}"] + value[f"fp{n}"] + value[f"fn{n}"]) for n in (1, 2)]
        assert float(found["macro"]) == pytest.approx(sum(f1) / 2, abs=0.006)
        loss = computed.figures("cross_entropy", seed)
        expected = -(np.log(float(loss["a"])) + np.log(1 - float(loss["b"]))) / 2
        assert float(loss["right"]) == pytest.approx(expected, abs=0.006)
        share = computed.figures("softmax_share", seed)
        assert float(share["right"]) == pytest.approx(1 / int(share["k"]), abs=0.006)
        cut = computed.figures("precision_at_cut", seed)
        above = [score for score in cut["scores"].split(", ") if float(score) > float(cut["cut"])]
        hits = [score for score in above if score in cut["present"].split(", ")]
        assert float(cut["right"]) == pytest.approx(len(hits) / len(above), abs=0.006)
        constant = computed.figures("constant_accuracy", seed)
        shares = [float(share) for share in constant["shares"].split(", ")]
        assert float(constant["right"]) == pytest.approx(np.mean([max(p, 1 - p) for p in shares]), abs=0.006)
        tags = computed.figures("lost_tags", seed)
        counts = [int(count) for count in tags["counts"].split(", ")]
        assert int(tags["lost"]) == sum(max(count - 1, 0) for count in counts)
        exact = computed.figures("exact_and_label", seed)
        pairs = [line.partition(". ")[2].split(" / ") for line in exact["rows"].split("\n\n")]
        assert float(exact["exact"]) == pytest.approx(np.mean([a == b for a, b in pairs]), abs=0.006)


CUES = {
    "the longest": len,
    "the shortest": lambda text: -len(text),
    "most words": lambda text: len(text.split()),
    "no reason given": lambda text: -len(REASON.findall(text)),
    "a colon": lambda text: ":" in text,
    "no colon": lambda text: ":" not in text,
    "a comma": lambda text: "," in text,
    "no absolute": lambda text: -len(ABSOLUTE.findall(text)),
}
REASON = re.compile(r"\b(because|since|as|for)\b")
ABSOLUTE = re.compile(r"\b(all|always|any|every|never|no|nothing|only)\b", re.IGNORECASE)


@pytest.mark.parametrize("cue", CUES)
def test_no_look_at_the_wording_alone_earns_more_than_a_guess(cue: str) -> None:
    earned = []
    for one in [*WRITTEN, *SHOWN]:
        found = [float(CUES[cue](option.text)) for option in one.options]
        best = [place for place, value in enumerate(found) if value == max(found)]
        earned.append((one.key in best) / len(best))
    assert np.mean(earned) == pytest.approx(1 / 3, abs=0.08)
