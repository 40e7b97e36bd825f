"""Notices: what is shown in place of a page: a wait, a question first, or what is wrong; nothing slow is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagfit.errors import InputError
from tagfit.lesson.texts import web
from tagfit.report import parts
from tagfit.report.parts import Part
from tagfit.studio.pages import frame

if TYPE_CHECKING:
    from tagfit.studio.desk import Desk


def ask_first(desk: Desk) -> Part:
    """What is shown in place of the test split until the look is agreed to."""
    said = "The test split is for one look at the end: each look is recorded, and choices made after it count less."
    form = frame.action("Look at the test split", desk.address("test"), "Show it and record the look")
    return frame.page(
        "Test split",
        parts.verdict("hint", said),
        command=("tagfit", "evaluate", desk.workspace.shown(desk.run.folder), "--split", "test"),
        actions=[form],
        ways=frame.ways(desk),
    )


def waiting(what: str, seconds: float) -> Part:
    """What is shown while a result is computed."""
    said = web("at_work_so_far", what=f"{what[0].upper()}{what[1:]}", seconds=seconds)
    verdict = parts.verdict("hint", said)
    return frame.page(web("at_work_title"), verdict, ways=frame.top(), data={"over": False, "to": ""})


def problem(title: str, error: InputError) -> Part:
    """What is shown where a request cannot be answered."""
    rows = [[fault.what, fault.instead] for fault in error.faults]
    table = parts.table([web("problem_what"), web("problem_instead")], rows, words=2, id="faults", title="")
    return frame.page(title, parts.verdict("issue", error.faults[0].what), sections=[table], ways=frame.top())
