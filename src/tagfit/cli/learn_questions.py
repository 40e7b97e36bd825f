"""tagfit learn test, practice and recall: the questions of the course in the terminal."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagfit.cli.output import AsJson, print_json, table

if TYPE_CHECKING:
    from tagfit.cli.prompts import Terminal
    from tagfit.lesson.bank import Asked, Item, Option
    from tagfit.lesson.verdict import Verdict

SEEDS = 10_000  # of tests that nobody chose a seed for


def take_test(
    context: typer.Context,
    seed: Annotated[int | None, typer.Option(metavar="N", min=0, help="Draw the questions with this seed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take a test of ten questions; get a verdict by concept."""
    from tagfit.lesson import exam, progress
    from tagfit.lesson.bank import word

    path: Path = context.obj
    events = progress.read(path)
    if as_json:
        print_json(_test_state(events))
        return
    terminal = _terminal()
    now = exam.unfinished(events)
    if now is not None and seed not in (None, now.seed):
        now = None
    if now is None:
        now = exam.draw(secrets.randbelow(SEEDS) if seed is None else seed, events)
        progress.append(path, exam.began(now))
        counts = {name: exam.COUNTS[name] for name in ("easy", "medium", "hard")}
        terminal.say(word("test_heading", seed=now.seed, count=len(now.questions), **counts), style="bold")
    else:
        terminal.say(word("test_resumed", done=len(now.answers), count=len(now.questions)))

    def ask_all() -> None:
        for number in range(len(now.answers) + 1, len(now.questions) + 1):
            current = exam.latest(progress.read(path))
            assert current is not None
            asked = current.current
            assert asked is not None
            kind = word(asked.difficulty)
            heading = word("question_heading", number=number, count=len(now.questions), difficulty=kind)
            place, sure = _answer(terminal, asked, heading)
            progress.append(path, exam.answered(asked, place, sure))
            _show_outcome(terminal, asked.chosen(place), sure)
        done, events = exam.latest(progress.read(path)), progress.read(path)
        assert done is not None
        _show_verdict(terminal, done.verdict(events))

    _until_quit(terminal, ask_all, "test_stopped")


def practice(context: typer.Context, as_json: AsJson = False) -> None:
    """Work through five questions with hints and solutions."""
    from tagfit.lesson import bank, progress
    from tagfit.lesson import practice as items
    from tagfit.lesson.bank import word

    path: Path = context.obj
    now = items.next_item(progress.read(path))
    if as_json:
        found = [{"id": one.id, "title": one.title, "right": now.tries.get(one.id)} for one in bank.practice()]
        print_json({"items": found})
        return
    terminal = _terminal()
    if now.item is None:
        progress.append(path, {"kind": items.AGAIN})

    def ask_all() -> None:
        while (item := items.next_item(progress.read(path)).item) is not None:
            number, count = bank.practice().index(item) + 1, len(bank.practice())
            kind = word(item.difficulty)
            heading = word("practice_heading", title=item.title, number=number, count=count, difficulty=kind)
            _practise(terminal, item, heading, path)
        right = items.next_item(progress.read(path)).first_tries
        terminal.say(word("practice_done", right=right, count=len(bank.practice())))

    _until_quit(terminal, ask_all, "practice_stopped")


def recall(context: typer.Context, as_json: AsJson = False) -> None:
    """Answer the questions that are due, one for each concept."""
    from tagfit.lesson import exam, progress
    from tagfit.lesson import recall as memory
    from tagfit.lesson.bank import word

    path: Path = context.obj
    cards = memory.cards(progress.read(path))
    due = memory.due(progress.read(path))
    if as_json:
        found = [{"concept": one.concept.id, "due": one.due.isoformat(), "reviews": one.reviews} for one in cards]
        print_json({"due": len(due), "cards": found})
        return
    terminal = _terminal() if due else _printer()
    if not due:
        nothing = word("recall_none", when=_when(cards[0].due)) if cards else word("recall_nothing")
        terminal.say(nothing)
        return
    terminal.say(word("recall_heading", count=len(due)), style="bold")

    def ask_all() -> None:
        right = 0
        for number, card in enumerate(due, start=1):
            asked = memory.question(card)
            heading = word("recall_card", title=card.concept.title, number=number, count=len(due))
            place, sure = _answer(terminal, asked, heading)
            progress.append(path, exam.answered(asked, place, sure, kind=exam.RECALL))
            option = asked.chosen(place)
            right += option.right
            _show_outcome(terminal, option, sure)
            again = next(one for one in memory.cards(progress.read(path)) if one.concept == card.concept)
            terminal.say(word("recall_next", when=_when(again.due)), style="dim")
        terminal.say(word("recall_done", right=right, count=len(due)))

    _until_quit(terminal, ask_all, "recall_stopped")


def _terminal() -> Terminal:
    terminal = _printer()
    terminal.require_answers()
    return terminal


def _printer() -> Terminal:
    from tagfit.cli.prompts import Terminal

    return Terminal()


def _until_quit(terminal: Terminal, ask_all: Callable[[], None], stopped: str) -> None:
    from tagfit.cli.prompts import Quit
    from tagfit.lesson.bank import word

    try:
        ask_all()
    except Quit:
        terminal.say(word(stopped))


def _answer(terminal: Terminal, asked: Asked, heading: str, *, ask_sure: bool = True) -> tuple[int, bool | None]:
    """The place of the chosen option, and whether the learner is sure of it."""
    from tagfit.cli.prompts import Skip
    from tagfit.lesson.content import message

    terminal.say()
    terminal.say(heading, style="dim")
    texts = [option.text for option in asked.options]
    while True:
        try:
            place = terminal.one_of(message("prompt_choice"), texts, asked.ask)
            return place, terminal.sure() if ask_sure else None
        except Skip:  # a question of a test is answered or left with quit
            terminal.say(message("help_choice"))


def _show_outcome(terminal: Terminal, option: Option, sure: bool | None) -> None:
    from tagfit.lesson import bank
    from tagfit.lesson.bank import word

    terminal.say(word("right" if option.right else "wrong", why=option.why))
    if option.right:
        return
    if sure:
        terminal.say(word("wrong_but_sure"))
    terminal.say(word("teaches", text=bank.misconceptions()[option.misconception]))


def _show_verdict(terminal: Terminal, verdict: Verdict) -> None:
    from tagfit.lesson import bank, content
    from tagfit.lesson.bank import word
    from tagfit.lesson.verdict import LEAST, LEAST_HARD

    titles = {concept.id: concept for concept in bank.concepts()}
    terminal.say()
    said = word(f"whole_{verdict.verdict}")
    terminal.say(word("test_result", right=verdict.right, count=verdict.count, verdict=said), style="bold")
    terminal.say(word("test_rule", least=LEAST, hard_least=LEAST_HARD, hard=verdict.hard))
    terminal.say(word("test_doubt", **verdict.chances))
    rows = [
        [
            *(titles[one.concept].title, word(one.verdict), titles[one.concept].station),
            *(f"{one.right} / {one.asked}", f"{one.knows:.0%}"),
        ]
        for one in verdict.concepts
    ]
    columns = [word(f"column_{name}") for name in ("concept", "verdict", "station", "asked", "knows")]
    terminal.verbatim(table(columns, rows, left=3))
    stations = {one.id: one.title for one in content.stations()}
    weak = list(dict.fromkeys(titles[name].station for name in verdict.weak))
    terminal.say(word("test_evidence"))
    if weak:
        terminal.say(word("test_revisit", stations=", ".join(stations.get(name, name) for name in weak)))
    if verdict.few:
        terminal.say(word("test_few", concepts=", ".join(titles[name].title for name in verdict.few)))
    terminal.say(word("test_again"))


def _practise(terminal: Terminal, item: Item, heading: str, path: Path) -> None:
    """One item until it is right, then its steps, its common mistakes and its check."""
    from tagfit.lesson import bank, progress
    from tagfit.lesson import practice as items
    from tagfit.lesson.bank import word

    terminal.hint = lambda: terminal.say(word("practice_hint", text=item.hint))
    terminal.solution = lambda: terminal.say("\n".join(_steps(item)))
    asked = bank.asked_item(item, 0)
    while not items.next_item(progress.read(path)).check:
        place, _ = _answer(terminal, asked, heading, ask_sure=False)
        progress.append(path, items.answered(item, place, check=False))
        _show_outcome(terminal, asked.chosen(place), None)
    terminal.say("\n".join(_steps(item)))
    terminal.say(word("practice_mistakes"))
    for name in item.mistakes:
        terminal.say(word("practice_mistake", text=bank.misconceptions()[name]))
    terminal.hint = terminal.solution = None
    check = bank.asked_check(item, 0)
    place, _ = _answer(terminal, check, word("practice_check", ask=item.title), ask_sure=False)
    progress.append(path, items.answered(item, place, check=True))
    _show_outcome(terminal, check.chosen(place), None)


def _steps(item: Item) -> list[str]:
    from tagfit.lesson.bank import word

    numbered = [word("practice_step", number=number, text=text) for number, text in enumerate(item.steps, start=1)]
    return [word("practice_steps"), *numbered]


def _test_state(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The last test as plain JSON values."""
    from tagfit.lesson import exam

    now = exam.latest(events)
    if now is None:
        return {"seed": None, "questions": 0, "answered": 0, "verdict": None}
    verdict = now.verdict(events).to_dict() if now.current is None else None
    return {"seed": now.seed, "questions": len(now.questions), "answered": len(now.answers), "verdict": verdict}


def _when(due: datetime) -> str:
    from tagfit.lesson.bank import word

    days = (due - datetime.now(UTC)).total_seconds() / 86400
    return word("today") if days < 0.5 else word("in_a_day") if days < 1.5 else word("in_days", days=round(days))
