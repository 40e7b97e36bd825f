"""Learn: the stations of the course as pages: what a step shows, its form, and what an answer led to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tagfit.errors import MissingExtraError
from tagfit.lesson import content, progress, recall, steps
from tagfit.lesson.blocks import Code, Pictures, Shown
from tagfit.lesson.content import Station, Step, message
from tagfit.lesson.state import ANSWER, DONE, HINT, SOLUTION, State, next_station, state, states
from tagfit.lesson.texts import web
from tagfit.report import charts, parts
from tagfit.report.page import number
from tagfit.report.parts import Cell, Part
from tagfit.studio.pages import frame
from tagfit.studio.pages.course import course_page
from tagfit.studio.workspace import MissingError, address

Show = Callable[[steps.Context], Shown]
STYLES = ("one", "two", "curve2", "curve3", "curve4", "curve5")


def overview(path: Path) -> Part:
    """The stations and the questions, with what is done."""
    events = progress.read(path)
    found = states(events)
    done = sum(one.status == DONE for one in found)
    rows: list[list[Cell]] = [
        [
            parts.link(f"{place}. {one.station.title}", address("learn", one.station.id)),
            str(one.station.minutes),
            message(f"status_{one.status}", done=one.done, steps=len(one.station.steps)),
        ]
        for place, one in enumerate(found, start=1)
    ]
    columns = [message(f"column_{name}") for name in ("title", "minutes", "status")]
    stations = parts.table(
        columns, rows, words=3, id="stations", title=web("stations_title"), sentence=web("stations_sentence")
    )
    asked: list[list[Cell]] = [
        [parts.link(web("test"), address("learn", "test")), web("test_about")],
        [parts.link(web("practice"), address("learn", "practice")), web("practice_about")],
        [parts.link(web("recall"), address("learn", "recall")), _of_recall(events)],
        [parts.link(web("export"), address("learn", "progress.jsonl")), web("export_about")],
    ]
    questions = parts.table(
        [web("column_questions"), web("column_about")], asked, words=2, id="questions", title=web("questions_title")
    )
    erase = frame.action(
        web("erase"), address("learn", "erase"), web("erase"),
        [frame.field("word", web("erase_field"), "", help=web("erase_help"))], web("erase_note"),
    )  # fmt: skip
    said = web("overview_verdict", done=done, count=len(found))
    return course_page(
        content.course().title,
        parts.verdict("good" if done == len(found) else "hint", said),
        command=("tagfit", "learn"),
        sections=[stations, questions],
        actions=[erase] if events else [],
    )


def station(path: Path, name: str, query: Mapping[str, str], show: Show) -> Part:
    """A station: its first step that is not over, or with ``after`` what the last answer to that step led to.

    Args:
        path: of the progress.
        name: of the station.
        query: of the address.
        show: what gives a step's tables, curves and pictures.
    """
    found = find(name)
    now = state(found, progress.read(path))
    after = next((step for step in found.steps if step.id == query.get("after")), None)
    place = content.stations().index(found) + 1
    title = f"{place}. {found.title}"
    if after is not None and now.of(after, ANSWER):
        outcome = now.of(after, ANSWER)[-1]["outcome"]
        if outcome["done"]:
            return _page(found, title, after, _happened(found, after, now), None)
    step = now.current
    if step is None:
        return _over(path, found, title)
    shown = (
        _happened(found, step, now) if after is step else [_text("intro", "", found.intro)] if not now.events else []
    )
    before = show(now.context(step))
    shown += [_asked(step, now, before), *_blocks(found, step, _given(step, before), "shown")]
    shown += _helped(step, now, before.figures)
    return _page(found, title, step, shown, _form(found, step, now, before))


def find(name: str) -> Station:
    """A station by its id.

    Raises:
        MissingError: there is none.
    """
    station = next((one for one in content.stations() if one.id == name), None)
    if station is None:
        raise MissingError(
            message("no_station", name=repr(name)), instead=", ".join(one.id for one in content.stations())
        )
    return station


def pictures(path: Path, name: str, step_name: str) -> Pictures:
    """The pictures that a step shows.

    Raises:
        MissingError: it shows none.
    """
    station = find(name)
    step = next((one for one in station.steps if one.id == step_name), None)
    blocks = steps.show(state(station, progress.read(path)).context(step)).blocks if step is not None else ()
    found = next((block for block in blocks if isinstance(block, Pictures)), None)
    if found is None:
        raise MissingError(message("no_picture", name=repr(step_name)))
    return found


def _page(found: Station, title: str, step: Step, sections: list[Part], form: Part | None) -> Part:
    """A step with its form, or what an answer led to with a button to go on."""
    place = [one.id for one in found.steps].index(step.id) + 1
    onward = [] if form is not None else [frame.action("", address("learn", found.id), web("proceed"))]
    shown = course_page(
        title,
        parts.verdict("hint", web("step_of", number=place, count=len(found.steps))),
        command=("tagfit", "learn", found.id),
        sections=sections,
        data={"live": address("learn", found.id, "live"), "training": web("training"), "waiting": web("waiting")},
    )
    return {**shown, "form": form, "onward": onward}


def _given(step: Step, before: Shown) -> list[dict[str, Any]]:
    """What is shown under the question; code that is edited is in the form already."""
    return [
        one.to_dict() for one in before.blocks if not (isinstance(one, Code) and one.text.strip() == step.start.strip())
    ]


def _asked(step: Step, now: State, before: Shown) -> Part:
    """The question of a step."""
    return _text("question", "", steps.prompt(now.context(step), before))


def _over(path: Path, found: Station, title: str) -> Part:
    following = next_station(progress.read(path))
    links = [parts.link(web("to_overview"), "/learn")]
    if following is not None:
        links.insert(0, parts.link(web("next_station", title=following.title), address("learn", following.id)))
    else:
        links.insert(0, parts.link(web("to_test"), address("learn", "test")))
    onward = parts.table([web("proceed")], [[link] for link in links], words=1, id="onward", label=web("table"))
    return course_page(
        title,
        parts.verdict("good", web("done", title=found.title)),
        command=("tagfit", "learn", found.id, "--restart"),
        sections=[_text("outro", "", found.outro), onward],
        actions=[frame.action("", address("learn", found.id, "restart"), web("restart"))],
    )


def _happened(found: Station, step: Step, now: State) -> list[Part]:
    """What the last answer to a step led to."""
    event = now.of(step, ANSWER)[-1]
    outcome = event["outcome"]
    word = {True: "right", False: "wrong", None: "seen"}[outcome["right"]]
    keys = [outcome["key"], *outcome["more"]]
    lines = [message(word)]
    if outcome["right"] is False and event.get("sure"):
        lines.append(message("wrong_but_sure"))
    lines += [text.format(**outcome["figures"]) for key in keys if (text := steps.feedback_text(step, key))]
    mark = {True: "good", False: "issue", None: "hint"}[outcome["right"]]
    said = {**_text("outcome", web("what_happened"), "\n\n".join(lines)), "mark": mark}
    return [said, *_blocks(found, step, outcome["blocks"], "led")]


def _helped(step: Step, now: State, figures: Mapping[str, Any]) -> list[Part]:
    """The hints that were asked for, and the solution."""
    given = len(now.of(step, HINT))
    lines = [
        message("hint", number=place, count=len(step.hints), text=text)
        for place, text in enumerate(step.hints[:given], start=1)
    ]
    if now.of(step, SOLUTION):
        lines.append(message("solution", text=step.solution.format(**figures)))
    return [_text("hints", web("so_far"), "\n\n".join(lines))] if lines else []


def _form(found: Station, step: Step, now: State, before: Shown) -> Part:
    """The form of a step."""
    below = address("learn", found.id, step.id)
    helps = []
    if now.next_hint(step) is not None:
        helps.append({"to": f"{below}/hint", "text": web("give_hint")})
    if now.may_see_solution(step) and not now.of(step, SOLUTION):
        helps.append({"to": f"{below}/solution", "text": web("give_solution")})
    helps.append({"to": f"{below}/skip", "text": web("skip")})
    if now.events:
        helps.append({"to": address("learn", found.id, "restart"), "text": web("restart")})
    last = now.of(step, ANSWER)
    return {
        "to": below,
        "kind": step.kind,
        "help": web(f"help_{step.kind}", count=step.length),
        "legend": web("answer_is"),
        "options": [{"id": option.id, "text": option.text} for option in step.options],
        "rows": _rows(found, step, before) if step.kind == "tags" else [],
        "places": [web("place_of", text=option.text) for option in step.options] if step.kind == "order" else [],
        "start": _start(step, last[-1]["answer"] if last else None),
        "sure": {"ask": web("sure_question"), "yes": web("sure_yes"), "no": web("sure_no")} if step.sure else None,
        "button": web("answer"),
        "helps": helps,
    }


def _rows(found: Station, step: Step, before: Shown) -> list[dict[str, str]]:
    """The pictures that are tagged, each with its address and what is painted in words."""
    shown = next((one for one in before.blocks if isinstance(one, Pictures)), None)
    described = () if shown is None else zip(shown.names, shown.descriptions, strict=True)
    return [
        {
            "src": address("learn", found.id, step.id, f"{place}.jpg"),
            "name": web("picture_number", name=name),
            "description": description,
        }
        for place, (name, description) in enumerate(described)
    ]


def _start(step: Step, last: Any) -> str:
    """What the field of a form begins with: the last answer, or what the step gives."""
    if step.kind in ("text", "code") and isinstance(last, str):
        return last
    if step.kind == "recipe" and isinstance(last, Sequence) and last:
        return " ".join(map(str, last))
    return step.start


def _blocks(found: Station, step: Step, blocks: Iterable[Mapping[str, Any]], where: str) -> list[Part]:
    return [_block(found, step, one, f"{where}-{place}") for place, one in enumerate(blocks)]


def _block(found: Station, step: Step, one: Mapping[str, Any], name: str) -> Part:
    if one["kind"] == "table":
        return parts.table(one["columns"], one["rows"], words=len(one["columns"]), id=name, label=web("table"))
    if one["kind"] == "curves":
        return _curves(one, name)
    if one["kind"] == "code":
        return {"kind": "code", "id": name, "title": "", "sentence": "", "text": one["text"]}
    shown = [
        {
            **parts.picture("", place, description, []),
            "src": address("learn", found.id, step.id, f"{place}.jpg"),
        }
        for place, description in enumerate(one["descriptions"])
    ]
    # A form of tags shows each picture next to its tags.
    return parts.pictures(name, "", "", [] if step.kind == "tags" else shown)


def _curves(one: Mapping[str, Any], name: str) -> Part:
    series = [
        {"style": STYLES[place % len(STYLES)], "name": label, "values": values}
        for place, (label, values) in enumerate(one["series"].items())
    ]
    longest = max((len(values) for values in one["series"].values()), default=0)
    rows = [
        [str(epoch + 1), *(number(values[epoch]) if epoch < len(values) else "" for values in one["series"].values())]
        for epoch in range(longest)
    ]
    data = parts.table([web("epoch"), *one["series"]], rows, words=0)
    drawn = charts.epochs(one["title"], series, None, one["title"], web("epoch"))
    return {**parts.chart(one["title"], "", drawn, data, id=name), "table_summary": web("as_table")}


def _text(name: str, title: str, text: str) -> Part:
    """Paragraphs."""
    return {"kind": "text", "id": name, "title": title, "sentence": "", "paragraphs": text.split("\n\n"), "mark": ""}


def _of_recall(events: Sequence[Mapping[str, Any]]) -> str:
    try:
        return web("recall_about", due=len(recall.due(events)))
    except MissingExtraError:
        return web("recall_missing")
