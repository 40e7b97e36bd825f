"""Learn: what the forms of the course's pages do; each answer is judged by the engine and recorded as an event."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request

from tagfit.errors import InputError
from tagfit.lesson import answers, exam, practice, progress, recall
from tagfit.lesson.content import Step, message
from tagfit.lesson.state import HINT, RESTART, SKIP, SOLUTION, answered, happened, state
from tagfit.lesson.texts import web
from tagfit.studio.context import Studio
from tagfit.studio.pages.learn import find
from tagfit.studio.workspace import MissingError, address

Form = Sequence[tuple[str, str]]
NEW_SEEDS = 10_000


def answer(studio: Studio, request: Request, form: Form) -> str:
    """Judge the answer to the step that a station is at."""
    station, step = _step(request)
    now = state(station, progress.read(studio.progress))
    if now.current != step:  # another tab was faster
        return address("learn", station.id)
    given = _given(step, form)
    sure = {"yes": True, "no": False}.get(dict(form).get("sure", "")) if step.sure else None
    with studio.watching(station.id) as on_epoch:
        _, event = answered(now.context(step, on_epoch), given, sure=sure)
    progress.append(studio.progress, event)
    return address("learn", station.id, after=step.id)


def helped(kind: str) -> Callable[[Studio, Request, Form], str]:
    """The change that records a hint, the solution or a skip."""

    def change(studio: Studio, request: Request, _form: Form) -> str:
        station, step = _step(request)
        now = state(station, progress.read(studio.progress))
        allowed = {
            HINT: now.next_hint(step) is not None,
            SOLUTION: now.may_see_solution(step),
            SKIP: now.current == step,
        }
        if allowed[kind]:
            progress.append(studio.progress, happened(kind, station, step))
        return address("learn", station.id)

    return change


hint, solution, skip = helped(HINT), helped(SOLUTION), helped(SKIP)


def restart(studio: Studio, request: Request, _form: Form) -> str:
    """Start a station from its first step."""
    station = find(request.path_params["station"])
    progress.append(studio.progress, happened(RESTART, station))
    return address("learn", station.id)


def begin_test(studio: Studio, _request: Request, _form: Form) -> str:
    """Draw a new test."""
    drawn = exam.draw(secrets.randbelow(NEW_SEEDS), progress.read(studio.progress))
    progress.append(studio.progress, exam.began(drawn))
    return address("learn", "test")


def answer_test(studio: Studio, _request: Request, form: Form) -> str:
    """Answer the next question of the test, or go on after its outcome."""
    now = exam.unfinished(progress.read(studio.progress))
    if now is None or now.current is None or not form:
        return address("learn", "test")
    progress.append(studio.progress, exam.answered(now.current, _place(form), _sure(form)))
    return address("learn", "test", answered=1)


def answer_practice(studio: Studio, _request: Request, form: Form) -> str:
    """Answer the next item of practice or its check, or go on after the outcome."""
    now = practice.next_item(progress.read(studio.progress))
    if now.item is None or not form:
        return address("learn", "practice")
    progress.append(studio.progress, practice.answered(now.item, _place(form), check=now.check))
    return address("learn", "practice", answered=1)


def practise_again(studio: Studio, _request: Request, _form: Form) -> str:
    """Start practice from its first item."""
    progress.append(studio.progress, {"kind": practice.AGAIN})
    return address("learn", "practice")


def answer_recall(studio: Studio, _request: Request, form: Form) -> str:
    """Answer the first card that is due, or go on after its outcome."""
    due = recall.due(progress.read(studio.progress))
    if not due or not form:
        return address("learn", "recall")
    asked = recall.question(due[0])
    progress.append(studio.progress, exam.answered(asked, _place(form), _sure(form), kind=exam.RECALL))
    return address("learn", "recall", answered=1)


def erase(studio: Studio, _request: Request, form: Form) -> str:
    """Delete all progress, where the word for it was typed."""
    if dict(form).get("word", "").strip().casefold() != web("erase_word"):
        raise InputError(web("erase_refused"), instead=web("erase_help"))
    if studio.progress.exists():
        progress.erase(studio.progress)
    return "/learn"


def _step(request: Request) -> tuple[Any, Step]:
    station = find(request.path_params["station"])
    name = request.path_params["step"]
    step = next((one for one in station.steps if one.id == name), None)
    if step is None:
        raise MissingError(message("no_step", name=repr(name), station=station.id))
    return station, step


def _given(step: Step, form: Form) -> Any:
    """The answer that the fields of a form give."""
    values = [value for name, value in form if name == "answer"]
    if step.kind == "many":
        return answers.checked(step, values)
    if step.kind == "tags":
        return answers.checked(step, [[v for name, v in form if name == f"answer{row}"] for row in range(step.length)])
    if step.kind == "order":
        places = {name.removeprefix("place:"): value for name, value in form if name.startswith("place:")}
        if len(set(places.values())) != len(step.options):
            return answers.checked(step, [])
        return answers.checked(step, sorted(places, key=lambda option: int(places[option])))
    if step.kind == "choice":
        return answers.checked(step, values[0] if values else "")
    return answers.read(step, (values[0] if values else "").replace("\r\n", "\n"))


def _place(form: Form) -> int:
    value = dict(form).get("answer", "")
    return int(value) if value.isdecimal() else -1


def _sure(form: Form) -> bool | None:
    return {"yes": True, "no": False}.get(dict(form).get("sure", ""))
