"""Frame: what every page has: title, verdict, the way around, and the command that shows the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tagfit.lesson.texts import web
from tagfit.report import parts
from tagfit.report.page import clean
from tagfit.report.parts import Part

if TYPE_CHECKING:
    from tagfit.studio.desk import Desk

PLACES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Overview", ()),
    ("Curves", ("curves",)),
    ("Findings", ("findings",)),
    ("Data", ("data",)),
    ("Corrections", ("corrections",)),
    ("Try it", ("try",)),
)


def page(
    title: str,
    verdict: Part,
    *,
    command: Sequence[object] = (),
    sections: Iterable[Part | None] = (),
    ways: Iterable[dict[str, str]] = (),
    actions: Iterable[dict[str, Any]] = (),
    data: dict[str, Any] | None = None,
    result: Callable[[], dict[str, Any]] | None = None,
) -> Part:
    """A page.

    Args:
        title: of the page.
        verdict: the sentence it begins with.
        command: the words of the command that shows the same in a terminal.
        sections: the evidence; None is left out.
        ways: links to the pages around this one.
        actions: forms, see :func:`action`.
        data: what the scripts of the page read.
        result: makes what the command prints with --json, for the twin of the page.
    """
    return {
        "title": clean(title),
        "verdict": verdict,
        "command": parts.command(*command) if command else "",
        "ways": list(ways),
        "sections": [section for section in sections if section is not None],
        "actions": list(actions),
        "data": data or {},
        "result": result,
    }


def ways(desk: Desk, here: str = "", split: str = "") -> list[dict[str, str]]:
    """The pages of a run; ``here`` is the name of the present one."""
    first = split or (desk.splits or ["validation"])[0]
    found = [parts.link("Runs", "/")]
    found += [parts.link(name, desk.address(*more)) for name, more in PLACES]
    if desk.run.scored_splits:
        found.insert(3, parts.link("Pictures", desk.address(first, "pictures")))
        found.insert(4, parts.link("Thresholds", desk.address(first, "thresholds")))
        found.insert(5, parts.link("Calibration", desk.address(first, "calibration")))
    return [{**one, "here": "page" if one["text"] == here else ""} for one in found]


def top(here: str = "") -> list[dict[str, str]]:
    """The pages of the whole workspace; ``here`` is the key of the present one's name."""
    places = {"frame_runs": "/", "frame_cures": "/cures", "frame_train": "/train", "learn": "/learn"}
    return [{**parts.link(web(name), to), "here": "page" if name == here else ""} for name, to in places.items()]


def action(
    title: str,
    to: str,
    button: str,
    fields: Iterable[dict[str, Any]] = (),
    note: str = "",
    id: str = "",  # noqa: A002
    ask: str = "",
    groups: Iterable[dict[str, Any]] = (),
    method: str = "post",
) -> dict[str, Any]:
    """A form: where it goes, its fields (see :func:`field`), what it does in one sentence, its id in addresses.

    ``ask`` is the text of a second button, which gets the same page with what the fields say, and changes nothing.
    ``groups`` hold further fields, see :func:`group`. With the ``method`` get, the form leads to a page.
    """
    shown = {"title": title, "to": to, "button": button, "fields": list(fields), "note": note, "id": id}
    return {**shown, "ask": ask, "groups": list(groups), "method": method}


def group(
    title: str,
    parts: Iterable[tuple[str, list[dict[str, Any]]]],
    *,
    note: str = "",
) -> dict[str, Any]:
    """Fields of a form that are shown when asked for, in parts with a heading each."""
    shown = [{"title": heading, "fields": fields} for heading, fields in parts]
    return {"title": title, "parts": shown, "note": note}


def field(
    name: str,
    label: str,
    value: object = "",
    *,
    choices: Sequence[str] = (),
    suggested: Sequence[str] = (),
    help: str = "",  # noqa: A002
    mark: bool = False,
) -> dict[str, Any]:
    """A field of a form; with ``choices``, one of these; without a label, hidden; ``mark`` makes it stand out."""
    shown = {
        "name": name,
        "label": label,
        "value": clean(value),
        "choices": list(map(clean, choices)),
        "help": clean(help),
    }
    return {**shown, "suggested": list(map(clean, suggested)), "mark": mark}


def counted(count: int, what: str) -> str:
    """A number of things, in words."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
