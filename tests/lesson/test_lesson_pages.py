"""The printed course: current, complete, and within its hour."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import environment
from tagfit.lesson import content, pages, reading
from tagfit.lesson.content import Station

FOLDER = Path(__file__).parents[2] / "docs" / "course"
MEASURE = FOLDER.parent / "course_times.py"
MOST_SECONDS = 10.0  # of a step
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


def times() -> dict[str, list[str]]:
    """The rows of the measured times on the teacher's page, by station."""
    page = (FOLDER / "teaching.md").read_text(encoding="utf-8")
    table = page.partition("<!-- times -->")[2].partition("<!-- /times -->")[0].strip().split("\n")[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {row[0].split()[1]: row for row in rows}


@pytest.mark.parametrize(("number", "station"), NUMBERED, ids=lambda part: getattr(part, "id", str(part)))
def test_a_station_takes_no_longer_than_it_says(number: int, station: Station) -> None:
    """Reading and running leave at least half of the time to think and to answer, and no step takes ten seconds."""
    named, minutes, read, total, each = times()[station.id]
    steps = [float(seconds) for seconds in each.split(", ")]
    assert named == f"{number} {station.id}"
    assert int(minutes) == station.minutes
    assert float(read) == pytest.approx(reading.minutes(station), abs=0.1), "run: python docs/course_times.py"
    assert len(steps) == len(station.steps)
    assert float(total) == pytest.approx(sum(steps), abs=0.1 * len(steps))
    assert max(steps) <= MOST_SECONDS
    assert reading.minutes(station) + float(total) / 60 <= station.minutes / 2


@pytest.mark.long
@pytest.mark.parametrize("name", content.course().stations)
def test_a_step_answers_within_ten_seconds(name: str, tmp_path: Path) -> None:
    """Processor time, so that a busy machine does not matter, with an empty cache folder."""
    command = [sys.executable, str(MEASURE), name]
    done = subprocess.run(
        command, env=environment(TAGFIT_CACHE_DIR=str(tmp_path)), stdout=subprocess.PIPE, text=True, check=True
    )
    assert max(used for used, _wall in json.loads(done.stdout)) <= MOST_SECONDS


def test_the_course_fits_into_its_hour() -> None:
    assert sum(station.minutes for station in content.stations()) <= content.course().minutes == 60


def test_a_figure_counts_as_one_word() -> None:
    assert reading.words("A gap of {gap:.0f} points, or {x}.") == 7
