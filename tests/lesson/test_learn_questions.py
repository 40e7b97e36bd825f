"""tagfit learn test, practice, recall and progress, with answers from a pipe."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Command
from tagfit.lesson import bank, exam, progress, recall

Typed = Callable[..., None]
FILE = ("learn", "--progress", "p.jsonl")
EVENT = {
    "at": "2026-01-01T00:00:00+00:00", "kind": exam.ANSWER, "question": "cuts-raise", "concept": "cuts", "seed": 0,
    "answer": 0, "right": True,
}  # fmt: skip


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Typed:
    def lines(*given: object) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in given)))

    return lines


def keys(seed: int) -> list[int]:
    return [bank.asked(name, seed).key + 1 for name in exam.draw(seed).questions]


def test_a_test_answered_right_is_strong_and_fills_the_cards(tagfit: Command, typed: Typed) -> None:
    typed(*(word for key in keys(7) for word in (key, "y")))
    found = tagfit(*FILE, "test", "--seed", "7")
    assert found.code == 0
    assert "10 of 10 right: strong." in found.out
    state = json.loads(tagfit(*FILE, "test", "--json").out)
    assert (state["answered"], state["verdict"]["verdict"]) == (10, "strong")
    cards = json.loads(tagfit(*FILE, "recall", "--json").out)["cards"]
    assert len(cards) == len({bank.find(name)[0].id for name in exam.draw(7).questions})


def test_a_wrong_answer_is_explained_and_a_test_resumes_where_it_was_left(tagfit: Command, typed: Typed) -> None:
    first, second, *rest = keys(7)
    wrong = first % 3 + 1
    typed(wrong, "y", second, "n", "quit")
    said = tagfit(*FILE, "test", "--seed", "7").out
    asked = bank.asked(exam.draw(7).questions[0], 7)
    option = asked.options[wrong - 1]
    said_flat = " ".join(said.split())
    assert " ".join(option.why.split()) in said_flat
    assert " ".join(bank.misconceptions()[option.misconception].split()) in said_flat
    assert "You were sure" in said
    typed(*(word for key in rest for word in (key, "n")))
    again = tagfit(*FILE, "test", "--seed", "7").out
    assert "2 of 10 questions are answered" in again
    assert "9 of 10 right" in again


def test_practice_repeats_until_right_and_counts_first_tries(tagfit: Command, typed: Typed) -> None:
    given: list[object] = []
    for place, item in enumerate(bank.practice()):
        key = bank.asked_item(item, 0).key + 1
        given += ["hint", *([key % 3 + 1] if place == 0 else []), key, bank.asked_check(item, 0).key + 1]
    typed(*given)
    said = tagfit(*FILE, "practice").out
    assert "4 of 5 right at the first try" in " ".join(said.split())
    assert all(" ".join(item.hint.split()) in " ".join(said.split()) for item in bank.practice())
    items = json.loads(tagfit(*FILE, "practice", "--json").out)["items"]
    assert [one["right"] for one in items] == [False, True, True, True, True]


def test_due_cards_are_announced_and_asked(tagfit: Command, typed: Typed) -> None:
    pytest.importorskip("fsrs")
    events = [EVENT]
    Path("p.jsonl").write_text("".join(json.dumps(one) + "\n" for one in events), encoding="utf-8")
    assert "1 card is due" in tagfit(*FILE).out
    asked = recall.question(recall.cards(progress.read(Path("p.jsonl")))[0])
    typed(asked.key + 1, "y")
    assert "1 of 1 right" in tagfit(*FILE, "recall").out
    assert "is due" not in tagfit(*FILE).out
    assert "No card is due" in tagfit(*FILE, "recall").out


def test_progress_is_exported_and_erased_only_when_that_is_confirmed(tagfit: Command) -> None:
    line = json.dumps(EVENT)
    Path("p.jsonl").write_text(line + "\n", encoding="utf-8")
    assert tagfit(*FILE, "progress", "--erase").code == 2
    assert Path("p.jsonl").exists()
    assert tagfit(*FILE, "progress", "--export", "copy.jsonl", "--erase", "--yes").code == 0
    assert Path("copy.jsonl").read_text(encoding="utf-8") == line + "\n"
    assert not Path("p.jsonl").exists()
    assert tagfit(*FILE, "progress", "--erase", "--yes").code == 2


def test_a_line_that_a_crash_cut_short_is_left_out_and_named(tagfit: Command) -> None:
    Path("p.jsonl").write_text(json.dumps(EVENT) + '\n{"at": "2026-01', encoding="utf-8")
    assert "line 2 of p.jsonl was cut short" in tagfit(*FILE, "progress").out
    found = tagfit(*FILE, "progress", "--export", "copy.jsonl", "--json").json
    assert (found["events"], found["cut_short"]) == (1, [2])
    assert Path("copy.jsonl").read_text(encoding="utf-8") == json.dumps(EVENT) + "\n"
