"""The printed course: current, complete, and within its hour."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagfit.lesson import content, pages, reading
from tagfit.lesson.content import Station

FOLDER = Path(__file__).parents[2] / "docs" / "course"
# Seconds of user CPU to run every step of a station once, measured (docs/decisions/0232), rounded up.
RUNNING = {
    "tag": 1, "heads": 1, "cut": 5, "worth": 1, "memorise": 5, "diagnose": 11, "experiment": 11, "repair": 13,
    "bonus": 11, "explain": 4,
}  # fmt: skip
NUMBERED = list(enumerate(content.stations(), start=1))


def texts(station: Station) -> Iterator[str]:
    yield from (station.title, station.intro, station.outro)
    for step in station.steps:
        yield from (step.prompt, *step.hints, *(option.text for option in step.options))
        yield from (step.feedback[key] for key in step.misconceptions)
        yield from (option.feedback for option in step.options)


@pytest.mark.parametrize(("number", "station"), NUMBERED, ids=lambda part: getattr(part, "id", str(part)))
def test_every_text_of_a_station_is_on_its_page(number: int, station: Station) -> None:
    page = (FOLDER / pages.name_of(number, station)).read_text(encoding="utf-8")
    missing = [
        fragment for text in texts(station) for fragment in re.split(r"\{[^}]*\}", text) if fragment.strip() not in page
    ]
    assert missing == [], "run: python -m tagfit.lesson.pages docs/course"
    assert "{" not in re.sub(r"```.*?```", "", page, flags=re.DOTALL)


def test_the_index_lists_all_pages() -> None:
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    for number, station in NUMBERED:
        assert f"({pages.name_of(number, station)})" in index
    for name in re.findall(r"\(([\w-]+\.md)\)", index):
        assert (FOLDER / name).exists(), name


@pytest.mark.long
def test_the_pages_are_those_that_the_engine_would_write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Figures may differ in their digits from machine to machine, and the fingerprints with them."""
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path))
    for name, text in pages.pages().items():
        there = (FOLDER / name).read_text(encoding="utf-8")
        assert re.sub(r"[\d.]+", "#", text) == re.sub(r"[\d.]+", "#", there), name


@pytest.mark.parametrize(("number", "station"), NUMBERED, ids=lambda part: getattr(part, "id", str(part)))
def test_a_station_takes_no_longer_than_it_says(number: int, station: Station) -> None:
    """Reading and running leave at least half of the time to think and to answer."""
    assert reading.minutes(station) + RUNNING[station.id] / 60 <= station.minutes / 2


def test_the_course_fits_into_its_hour() -> None:
    assert sum(station.minutes for station in content.stations()) <= content.course().minutes == 60


def test_a_figure_counts_as_one_word() -> None:
    assert reading.words("A gap of {gap:.0f} points, or {x}.") == 7
