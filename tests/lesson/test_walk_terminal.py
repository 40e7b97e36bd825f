"""Every station walked through in a terminal to its end, with one mistake; in the long form with all."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from commands import environment
from lesson import ways
from lesson.ways import Way, typed
from tagfit.lesson import content, progress, steps
from tagfit.lesson.content import Step, message

pexpect = pytest.importorskip("pexpect")
pytest.importorskip("torch")
PROMPT = re.compile(r"(tags of picture \d+|your \w+|\(y/n\))> $")
PATIENCE = 120  # seconds; a busy machine is slow, and a test that passes does not wait for it


class Learner:
    """A terminal with a station in it."""

    def __init__(self, station: str, file: Path, *words: str) -> None:
        self.station, self.file = content.station(station), file
        command = ["-m", "tagfit", "learn", "--progress", str(file), "station", station, *words]
        env = environment(TERM="dumb", COLUMNS="400")
        self.child = pexpect.spawn(
            sys.executable, command, env=env, encoding="utf-8", timeout=PATIENCE, dimensions=(50, 400), echo=False
        )
        self.said = self._next()

    def _next(self) -> str:
        self.child.expect([PROMPT, pexpect.EOF])
        return " ".join(re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", self.child.before).split())

    def type(self, line: str) -> str:
        self.child.sendline(line)
        self.said = self._next()
        return self.said

    @property
    def over(self) -> bool:
        return bool(self.child.flag_eof)

    def take(self, way: Way, *, sure: bool) -> dict[str, Any]:
        """Give an answer, and check that what was recorded was also said."""
        step = self.station.step(way.step)
        before = [one["answer"] for one in self._answers(step)]
        for line in typed(step, way.answer, before[-1] if before else step.start):
            said = self.type(line)
        if step.sure:
            said = self.type("y" if sure else "n")
        event = self._answers(step)[-1]
        outcome = event["outcome"]
        assert outcome["key"] in way.keys, (way, said)
        for key in (outcome["key"], *outcome["more"]):
            expected = steps.feedback_text(step, key).format(**outcome["figures"])
            assert " ".join(expected.split()) in said, (way, said)
        assert (message("wrong_but_sure") in said) == (outcome["right"] is False and step.sure and sure)
        return dict(event)

    def _answers(self, step: Step) -> list[dict[str, Any]]:
        events = progress.read(self.file)
        starts = [place for place, one in enumerate(events) if one["kind"] == "restart"]
        own = events[starts[-1] if starts else 0 :]
        return [one for one in own if one["kind"] == "answer" and one["step"] == step.id]


@pytest.mark.parametrize("short", [True, pytest.param(False, marks=pytest.mark.long)], ids=["short", "all"])
@pytest.mark.parametrize("station", content.course().stations)
def test_a_station_is_walked_through_in_a_terminal(
    station: str, short: bool, tmp_path: Path, course_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(course_cache))
    file = tmp_path / "learn.jsonl"
    learner = Learner(station, file)
    wrong = 0
    for walk in ways.walks(content.station(station), short=short):
        if learner.over:
            learner = Learner(station, file, "--restart")
        elif progress.read(file):
            assert message("restarted") in learner.type(message("word_restart"))
        todo = {way.step: [one for one in walk if one.step == way.step] for way in walk}
        for step in learner.station.steps:
            if step.id not in todo and any(name in todo for name in later(learner.station, step)):
                learner.type(message("word_skip"))
            taken = [
                learner.take(ways.measured(way), sure=place % 2 == 0) for place, way in enumerate(todo.get(step.id, []))
            ]
            wrong = sum(one["outcome"]["right"] is False for one in taken) + wrong * (step != learner.station.steps[0])
    assert learner.over
    assert learner.station.outro.split("\n")[0] in learner.said
    assert f"Station done: {len(learner.station.steps)} steps, {wrong} wrong answers" in learner.said


def later(station: content.Station, step: Step) -> list[str]:
    """The ids of the steps after one."""
    return [one.id for one in station.steps[station.steps.index(step) + 1 :]]
