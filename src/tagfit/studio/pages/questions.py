"""Questions: the test, practice and recall of the course as pages, one question each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tagfit.lesson import bank, content, exam, progress, recall
from tagfit.lesson.bank import Asked, Option, word
from tagfit.lesson.practice import next_item
from tagfit.lesson.texts import web
from tagfit.lesson.verdict import LEAST, LEAST_HARD, Verdict
from tagfit.report import parts
from tagfit.report.parts import Cell, Part
from tagfit.studio.pages import frame
from tagfit.studio.pages.course import course_page
from tagfit.studio.workspace import address

Query = Mapping[str, str]


def test_page(path: Path, query: Query) -> Part:
    """The next question of the test; with ``answered`` what the last answer was worth; at the end the verdict."""
    events = progress.read(path)
    now = exam.latest(events)
    to = address("learn", "test")
    begin = frame.action(
        web("test"), address("learn", "test", "begin"), web("begin_test" if now is None else "new_test")
    )
    if now is None:
        return _page(web("test"), parts.verdict("hint", web("test_none")), [], actions=[begin])
    count, done = len(now.questions), len(now.answers)
    if "answered" in query and done:
        asked = bank.asked(now.questions[done - 1], now.seed)
        last = [one for one in events if one["kind"] == exam.ANSWER][-1]
        return _outcome(web("test"), asked, now.answers[-1], bool(last.get("sure")), to)
    if now.current is None:
        return _verdict(now.verdict(events), begin)
    said = web("question_of", number=done + 1, count=count, difficulty=word(now.current.difficulty))
    return _question(web("test"), said, now.current, to, sure=True)


def practice_page(path: Path, query: Query) -> Part:
    """The next item of practice, its check, or what the last answer was worth with the solution in steps."""
    events = progress.read(path)
    to = address("learn", "practice")
    now = next_item(events)
    if "answered" in query and (last := now.last) is not None:
        shown = bank.asked_check(last.item, 0) if last.is_check else bank.asked_item(last.item, 0)
        more = [] if last.is_check or not last.right else _solution(last.item)
        return _outcome(web("practice"), shown, last.answer, False, to, more)
    if now.item is None:
        again = frame.action(web("practice"), address("learn", "practice", "again"), web("practice_again"))
        said = web("practice_done", right=now.first_tries)
        return _page(web("practice"), parts.verdict("good", said), [], actions=[again])
    item = now.item
    asked = bank.asked_check(item, 0) if now.check else bank.asked_item(item, 0)
    number = bank.practice().index(item) + 1
    said = web("question_of", number=number, count=len(bank.practice()), difficulty=word(item.difficulty))
    hint = "" if now.check else item.hint
    return _question(f"{web('practice')}: {item.title}", said, asked, to, sure=False, hint=hint)


def recall_page(path: Path, query: Query) -> Part:
    """The first card that is due, or what the last answer was worth."""
    events = progress.read(path)
    to = address("learn", "recall")
    given = [one for one in events if one["kind"] == exam.RECALL]
    if "answered" in query and given:
        last = given[-1]
        asked = bank.asked(last["question"], last["seed"])
        return _outcome(web("recall"), asked, last["answer"], bool(last.get("sure")), to)
    due = recall.due(events)
    if not due:
        return _page(web("recall"), parts.verdict("good", web("nothing_due")), [])
    said = word("recall_card", title=due[0].concept.title, number=1, count=len(due))
    return _question(web("recall"), said, recall.question(due[0]), to, sure=True)


def _question(title: str, said: str, asked: Asked, to: str, *, sure: bool, hint: str = "") -> Part:
    form: Part = {
        "to": to,
        "kind": "choice",
        "help": "",
        "legend": web("answer_is"),
        "options": [{"id": str(place), "text": option.text} for place, option in enumerate(asked.options)],
        "sure": {"ask": web("sure_question"), "yes": web("sure_yes"), "no": web("sure_no")} if sure else None,
        "button": web("answer"),
        "hint": hint,
        "hint_title": web("give_hint"),
        "helps": [],
    }
    shown = {
        "kind": "text",
        "id": "question",
        "title": "",
        "sentence": "",
        "mark": "",
        "paragraphs": asked.ask.split("\n\n"),
    }
    return {**_page(title, parts.verdict("hint", said), [shown]), "form": form}


def _outcome(title: str, asked: Asked, place: int, sure: bool, to: str, more: Sequence[str] = ()) -> Part:
    """What an answer was worth, with the reason of every option."""
    option = asked.chosen(place)
    lines = [word("right" if option.right else "wrong", why=option.why)]
    if not option.right:
        lines += [word("wrong_but_sure")] if sure else []
        lines.append(word("teaches", text=bank.misconceptions()[option.misconception]))
    said = parts.verdict("good" if option.right else "issue", lines[0])
    shown = {
        "kind": "text",
        "id": "outcome",
        "title": asked.ask,
        "sentence": "",
        "mark": "",
        "paragraphs": [*lines[1:], *more],
    }
    reasons = parts.table(
        [web("answer_is"), ""], [_reason(one) for one in asked.options], words=2, id="options", label=web("table")
    )
    onward = [frame.action("", to, web("next_question"), id="continue")]
    # Practice asks again until the answer is right, so it does not give the other options away before.
    sections = [shown, reasons] if option.right or asked.concept else [shown]
    return {**_page(title, said, sections), "onward": onward}


def _reason(option: Option) -> list[Cell]:
    return [option.text, option.why]


def _solution(item: bank.Item) -> list[str]:
    lines = [word("practice_steps")]
    lines += [word("practice_step", number=number, text=text) for number, text in enumerate(item.steps, start=1)]
    lines.append(word("practice_mistakes"))
    return lines + [word("practice_mistake", text=bank.misconceptions()[name]) for name in item.mistakes]


def _verdict(verdict: Verdict, begin: dict[str, Any]) -> Part:
    concepts = {one.id: one for one in bank.concepts()}
    stations = {one.id: one.title for one in content.stations()}
    rows: list[list[Cell]] = []
    for one in verdict.concepts:
        concept = concepts[one.concept]
        station = parts.link(stations.get(concept.station, concept.station), address("learn", concept.station))
        rows.append([concept.title, word(one.verdict), station, f"{one.right} / {one.asked}", f"{one.knows:.0%}"])
    columns = [word(f"column_{name}") for name in ("concept", "verdict", "station", "asked", "knows")]
    rule = word("test_rule", least=LEAST, hard_least=LEAST_HARD, hard=verdict.hard)
    table = parts.table(columns, rows, words=3, id="concepts", label=web("table"), sentence=rule)
    doubt = {"kind": "text", "id": "doubt", "title": "", "sentence": "", "mark": "",
             "paragraphs": _advice(verdict)}  # fmt: skip
    said = word("test_result", right=verdict.right, count=verdict.count, verdict=word(f"whole_{verdict.verdict}"))
    mark = "good" if verdict.verdict == "strong" else "hint"
    return _page(web("test"), parts.verdict(mark, said), [table, doubt], actions=[begin])


def _advice(verdict: Verdict) -> list[str]:
    """How far to trust a verdict, and what to do next."""
    titles = {one.id: one.title for one in bank.concepts()}
    lines = [word("test_doubt", **verdict.chances), word("test_evidence")]
    if verdict.few:
        lines.append(word("test_few", concepts=", ".join(titles[name] for name in verdict.few)))
    return lines


def _page(title: str, verdict: Part, sections: Sequence[Part], actions: Sequence[dict[str, Any]] = ()) -> Part:
    return course_page(title, verdict, sections=sections, actions=actions, command=("tagfit", "learn"))
