"""State: rebuilt from events, so that a station is resumed, skipped through and restarted by any face."""

from __future__ import annotations

from pathlib import Path

import pytest

from tagfit.errors import InputError
from tagfit.lesson import content, progress
from tagfit.lesson.state import HINT, RESTART, SKIP, SOLUTION, answered, happened, next_station, state

STATION = content.station("tag")
TAGS, LOST, SOFTER = STATION.steps


def test_answers_are_recorded_and_the_first_step_that_is_not_over_is_the_current_one(tmp_path: Path) -> None:
    path = tmp_path / "learn.jsonl"
    assert state(STATION, progress.read(path)).status == "new"
    for answer in ("twelve", "explodes"):
        _, event = answered(state(STATION, progress.read(path)).context(SOFTER), answer, sure=True)
        progress.append(path, event)
    now = state(STATION, progress.read(path))
    assert (now.status, now.current, now.done, now.tries(SOFTER)) == ("begun", TAGS, 1, 2)
    assert now.to_dict()["wrong"] == 1
    for step in (TAGS, LOST):
        progress.append(path, happened(SKIP, STATION, step))
    assert state(STATION, progress.read(path)).status == "done"


def test_a_restart_forgets_what_was_before_it() -> None:
    events = [happened(SKIP, STATION, step) for step in STATION.steps]
    assert state(STATION, events).status == "done"
    assert state(STATION, [*events, happened(RESTART, STATION)]).current == TAGS
    assert next_station(events) != STATION


def test_hints_come_one_after_another_and_the_solution_after_one_try() -> None:
    events: list[dict[str, object]] = []
    given = []
    while (hint := state(STATION, events).next_hint(LOST)) is not None:
        given.append(hint)
        events.append(happened(HINT, STATION, LOST))
    assert given == list(LOST.hints)
    assert not state(STATION, events).may_see_solution(LOST)
    events.append(answered(state(STATION, events).context(LOST), 0)[1])
    assert state(STATION, events).may_see_solution(LOST)
    assert state(STATION, [*events, happened(SOLUTION, STATION, LOST)]).current == TAGS


def test_the_events_of_other_stations_do_not_count() -> None:
    assert state(STATION, [{"kind": "skip", "station": "cut", "step": "tags"}]).status == "new"
    assert state(STATION, [{"kind": "card", "concept": "x"}]).status == "new"


@pytest.mark.parametrize("answer", ["nowhere", 3, None])
def test_an_answer_of_another_form_is_refused_before_anything_is_recorded(answer: object) -> None:
    with pytest.raises(InputError):
        answered(state(STATION, []).context(SOFTER), answer)
