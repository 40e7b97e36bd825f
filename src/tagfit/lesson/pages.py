"""Pages: the stations as Markdown, to read without the program, with figures that the engine computes as they are made.

``python -m tagfit.lesson.pages docs/course`` writes them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tagfit.files import write_text
from tagfit.lesson import answers, content
from tagfit.lesson.blocks import Block, Code, Pictures, Table
from tagfit.lesson.content import Station, Step, message
from tagfit.lesson.state import answered, state
from tagfit.lesson.steps import Context, prompt, show


def pages() -> dict[str, str]:
    """The text of each page by its file name."""
    found = {"index.md": _index()}
    for number, station in enumerate(content.stations(), start=1):
        found[name_of(number, station)] = _page(number, station)
    return found


def name_of(number: int, station: Station) -> str:
    """The file of a station."""
    return f"{number:02}-{station.id}.md"


def write(folder: Path) -> None:
    """Write all pages."""
    for name, text in pages().items():
        write_text(folder / name, text)


def _index() -> str:
    course = content.course()
    rows = [
        [str(number), f"[{one.title}]({name_of(number, one)})", str(one.minutes)]
        for number, one in enumerate(content.stations(), start=1)
    ]
    columns = [message(f"column_{name}") for name in ("number", "title", "minutes")]
    lines = [message(key) for key in ("page_how", "page_more")]
    return "\n\n".join([f"# {course.title}", course.intro, _table(columns, rows), *lines]) + "\n"


def _page(number: int, station: Station) -> str:
    """Questions first, then the answers with everything that the program would say."""
    questions, solved = [], []
    events: list[dict[str, Any]] = []
    for place, step in enumerate(station.steps, start=1):
        context = replace(state(station, events).context(step), patient=True)
        shown = show(context)
        questions += [f"## {number}.{place}", prompt(context, shown), *map(_block, shown.blocks), *_asked(step)]
        solved += [f"### {number}.{place}", *_solved(context, shown.figures, events)]
    heading = f"# {message('station_heading', number=number, title=station.title, minutes=station.minutes)}"
    parts = [heading, station.intro, *questions, f"## {message('page_answers')}", *solved, station.outro]
    return "\n\n".join(part for part in parts if part) + "\n"


def _asked(step: Step) -> Iterator[str]:
    if step.options:
        yield "\n".join(f"{place}. {option.text}" for place, option in enumerate(step.options, start=1))
    for place, hint in enumerate(step.hints, start=1):
        yield message("hint", number=place, count=len(step.hints), text=hint)


def _solved(context: Context, figures: Mapping[str, Any], events: list[dict[str, Any]]) -> Iterator[str]:
    """The right answer, what came of it, and the mistakes."""
    step = context.step
    if not step.lab:
        for option in step.options:
            mark = message("page_right" if option.right else "page_wrong")
            yield f"- {mark} **{option.text}** {option.feedback}"
        return
    outcome, event = answered(context, answers.read(step, step.example))
    events.append(event)
    yield f"```\n{step.example}\n```" if step.kind in ("code", "recipe") else f"**{step.example}**"
    yield from (_block(block) for block in outcome.blocks)
    yield from outcome.feedback(step)
    # The figures of a choice are those of every option; what another recipe would have given is not known.
    known = _Known({"choice": {**figures, **outcome.figures}, "recipe": {}}.get(step.kind, figures))
    for key in step.misconceptions:
        yield f"- {step.feedback[key].format_map(known)}"


class _Known(dict[str, Any]):
    """Figures; one that only a wrong answer has is left open."""

    def __missing__(self, _key: str) -> _Open:
        return _Open()


class _Open:
    """Takes any format, as a figure that is not known."""

    def __format__(self, _form: str) -> str:
        return "..."


def _block(block: Block) -> str:
    """A block as Markdown; curves are left out, their figures are in the text."""
    if isinstance(block, Table):
        return _table(block.columns, block.rows)
    if isinstance(block, Code):
        return f"```python\n{block.text}\n```"
    if isinstance(block, Pictures):
        return "\n".join(f"{place}. {text}" for place, text in enumerate(block.descriptions, start=1))
    return ""


def _table(columns: Any, rows: Any) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
