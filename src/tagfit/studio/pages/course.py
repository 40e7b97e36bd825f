"""Course: what the pages of the course have in common."""

from __future__ import annotations

from typing import Any

from tagfit.lesson import content
from tagfit.report.parts import Part
from tagfit.studio.pages import frame


def course_page(title: str, verdict: Part, **more: Any) -> Part:
    """A page like any other, in the language of the content and with the way around of the workspace."""
    course = content.course()
    shown = frame.page(title, verdict, ways=frame.top("learn"), **more)
    return {**shown, "language": course.language, "direction": course.direction}
