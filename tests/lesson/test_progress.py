"""The progress file: nothing is lost by two processes or a crash, and nothing else is taken for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagfit.errors import InputError
from tagfit.lesson import progress

HINT = {"kind": "hint", "station": "cut", "step": "one"}
WRITER = """
import sys
from pathlib import Path
from tagfit.lesson import progress
for number in range(40):
    progress.append(Path(sys.argv[1]), {"kind": "note", "writer": sys.argv[2], "number": number, "text": "x" * 5000})
"""


def test_two_processes_that_append_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in "ab"]
    assert [one.wait() for one in writers] == [0, 0]
    events = progress.read(path)
    for name in "ab":
        assert [one["number"] for one in events if one["writer"] == name] == list(range(40))


@settings(max_examples=30, deadline=None)
@given(length=st.integers(0, 200))
def test_a_crash_costs_the_last_line_at_most_and_the_file_goes_on(
    length: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "p.jsonl"
    for step in ("äöü", "two"):
        progress.append(path, {**HINT, "step": step})
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    path.write_bytes(whole[: min(first + length, len(whole))])
    kept = progress.record(path)
    assert [one["step"] for one in kept.events][:1] == ["äöü"]
    progress.append(path, {**HINT, "step": "three"})
    after = progress.record(path)
    assert [one["step"] for one in after.events] == [*(one["step"] for one in kept.events), "three"]
    assert after.cut == kept.cut


@pytest.mark.parametrize(
    "line",
    [
        "Dear diary",
        '{"at": "yesterday", "kind": "hint", "station": "cut"}',
        '{"at": "2026-01-01T00:00:00", "kind": "hint", "station": "cut"}',
        '{"kind": "hint", "station": "cut"}',
        '{"at": "2026-01-01T00:00:00+00:00", "kind": "test_answer", "question": "x"}',
        '{"at": "2026-01-01T00:00:00+00:00", "kind": "test_begin", "seed": -1, "questions": []}',
        "[]",
        "3",
        "[" * 100_000,
    ],
)
def test_what_is_not_an_event_is_refused_with_its_line(line: str, tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    progress.append(path, HINT)
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(InputError, match=r"line 2 of .*p\.jsonl is not an event"):
        progress.read(path)


def test_kinds_of_later_versions_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    written = progress.append(path, {"kind": "essay", "words": ["one"]})
    assert progress.read(path) == [written]
    assert progress.export(path, tmp_path / "copy.jsonl") == 1
    assert json.loads((tmp_path / "copy.jsonl").read_text(encoding="utf-8")) == written


def test_erasing_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "p.jsonl"
    progress.append(path, HINT)
    progress.erase(path)
    assert list(path.parent.iterdir()) == []
    with pytest.raises(InputError):
        progress.erase(path)
