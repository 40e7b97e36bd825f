"""Watching a folder: driven by events and a clock of its own, and once by the file system itself."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Collection
from pathlib import Path

import pytest
from photo_files import jpeg, pixels, write

from commands import Command
from tagfit.errors import InputError
from tagfit.photos import journal
from tagfit.watching.arrivals import Arrivals
from tagfit.watching.observing import events_of, observed
from tagfit.watching.seen import Seen, alone
from tagfit.watching.watcher import AGAIN, CHANGED, FOLDER, GONE, WAKE, LaterError, Watcher

SETTLE = 2.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "Pictures"
    put(folder / "old.jpg")
    return folder


class Dealt:
    """Notes what is handed on; ``broken`` cannot be dealt with."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.broken: set[str] = set()
        self.later = False

    def __call__(self, paths: list[Path]) -> Collection[Path]:
        if self.later:
            raise LaterError
        self.names += [path.name for path in paths]
        return [path for path in paths if path.name not in self.broken]


def put(path: Path, data: bytes = b"picture", age: float = 0.0) -> Path:
    """A file whose last change is so long ago; by default it may just have been written."""
    write(path, data)
    future = path.stat().st_mtime + (100 if not age else -age)
    os.utime(path, (future, future))
    return path


def started(folder: Path, state: Path, dealt: Dealt, now: float = 0.0, **options: bool) -> Watcher:
    watcher = Watcher(folder, {".jpg"}, Seen(folder, state), Arrivals(SETTLE), dealt, **options)
    watcher.scan(now)
    return watcher


def test_a_file_is_handed_on_once_when_nothing_was_written_for_a_while(folder: Path, state: Path) -> None:
    dealt = Dealt()
    watcher = started(folder, state, dealt)
    new = put(folder / "trip" / "new.jpg", b"")
    watcher.take((CHANGED, new), 0.0)
    assert watcher.step(50.0) == 0, "an empty file is not complete"
    for now in (51.0, 52.0, 53.0):
        new.write_bytes(new.read_bytes() + b"more")
        watcher.take((CHANGED, new), now)
        assert watcher.step(now) == 0
    assert watcher.arrivals.wait(53.0) == pytest.approx(SETTLE, abs=0.5)
    assert watcher.step(54.0) == 0
    assert watcher.step(55.0) == 1
    watcher.take((CHANGED, new), 56.0)
    watcher.scan(57.0)
    assert watcher.step(90.0) == 0
    assert dealt.names == ["new.jpg"]


def test_what_grows_without_an_event_is_not_complete_either(folder: Path, state: Path) -> None:
    watcher = started(folder, state, Dealt())
    new = put(folder / "new.jpg")
    watcher.take((CHANGED, new), 0.0)
    new.write_bytes(b"picture and more")
    assert watcher.step(2.0) == 0
    assert watcher.step(4.0) == 1


def test_what_is_there_at_the_first_start_is_known(folder: Path, state: Path) -> None:
    dealt = Dealt()
    watcher = started(folder, state, dealt)
    watcher.step(10.0)
    assert dealt.names == []
    shutil.rmtree(state)
    watcher = started(folder, state, dealt, everything=True)
    watcher.step(10.0)
    assert dealt.names == ["old.jpg"]


def test_nothing_is_missed_or_repeated_over_an_interruption(folder: Path, state: Path) -> None:
    dealt = Dealt()
    watcher = started(folder, state, dealt)
    done = put(folder / "done.jpg")
    watcher.take((CHANGED, done), 0.0)
    watcher.step(5.0)
    watcher.take((CHANGED, put(folder / "interrupted.jpg")), 6.0)
    put(folder / "meanwhile.jpg", age=60)
    again = started(folder, state, dealt, now=100.0)
    assert again.step(100.0) == 1, "its last change is a minute ago"
    assert again.step(102.0) == 1
    assert dealt.names == ["done.jpg", "meanwhile.jpg", "interrupted.jpg"]
    with again.seen.path.open("a") as file:
        file.write('["+", "lat')  # cut by a kill
    put(folder / "later.jpg", age=60)
    third = started(folder, state, dealt, now=200.0)
    assert (third.step(200.0), dealt.names[3:]) == (1, ["later.jpg"])


def test_a_name_that_went_and_came_back_is_new(folder: Path, state: Path) -> None:
    dealt = Dealt()
    watcher = started(folder, state, dealt)
    old = folder / "old.jpg"
    old.unlink()
    watcher.take((GONE, old), 0.0)
    watcher.take((CHANGED, put(old)), 1.0)
    watcher.step(5.0)
    old.unlink()
    put(old, age=60)
    watcher.take((GONE, old), 6.0)  # replaced at once: it is still there
    watcher.step(10.0)
    old.unlink()
    again = started(folder, state, dealt, now=20.0)
    put(old, age=60)
    again.scan(21.0)
    again.step(21.0)
    assert dealt.names == ["old.jpg", "old.jpg"]


def test_a_broken_photograph_is_tried_again_when_it_changes(folder: Path, state: Path) -> None:
    dealt = Dealt()
    dealt.broken.add("new.jpg")
    watcher = started(folder, state, dealt)
    new = put(folder / "new.jpg")
    for now in (0.0, 5.0, 10.0):
        watcher.take((CHANGED, new), now)
        watcher.step(now + 4.0)
    assert dealt.names == ["new.jpg"]
    dealt.broken.clear()
    put(new, b"whole picture")
    watcher.take((CHANGED, new), 20.0)
    watcher.step(25.0)
    assert dealt.names == ["new.jpg", "new.jpg"]


def test_what_must_wait_comes_again(folder: Path, state: Path) -> None:
    dealt = Dealt()
    dealt.later = True
    watcher = started(folder, state, dealt)
    watcher.take((CHANGED, put(folder / "new.jpg")), 0.0)
    assert watcher.step(5.0) == 0
    dealt.later = False
    assert watcher.step(5.0 + AGAIN) == 0
    assert watcher.step(5.0 + AGAIN + SETTLE) == 1


def test_hidden_files_other_files_and_folders_elsewhere_do_not_count(folder: Path, state: Path, tmp_path: Path) -> None:
    dealt = Dealt()
    watcher = started(folder, state, dealt)
    for name in (".new.jpg", ".trash/new.jpg", "new.jpg.xmp", "new.txt", "sub.jpg/file"):
        watcher.take((CHANGED, put(folder / name, age=60)), 0.0)
    watcher.take((CHANGED, put(tmp_path / "elsewhere.jpg")), 0.0)
    watcher.take(WAKE, 0.0)
    put(folder / "moved" / "in.jpg", age=60)
    watcher.take((FOLDER, folder / "moved"), 1.0)
    watcher.step(9.0)
    assert dealt.names == ["in.jpg"]


def test_one_process_watches_a_folder(folder: Path, state: Path) -> None:
    with (
        alone(folder, state),
        pytest.raises(InputError, match="is watched by another tagfit"),
        alone(folder, state),
    ):
        pass


def test_events_of_the_file_system() -> None:
    events = pytest.importorskip("watchdog.events")
    a, b = Path("/p/a.jpg"), Path("/p/b.jpg")
    assert [*events_of(events.FileCreatedEvent(str(a)))] == [(CHANGED, a)]
    assert [*events_of(events.FileMovedEvent(str(a), str(b)))] == [(GONE, a), (CHANGED, b)]
    assert [*events_of(events.FileDeletedEvent(os.fsencode(a)))] == [(GONE, a)]
    assert [*events_of(events.FileOpenedEvent(str(a)))] == []
    assert [*events_of(events.FileClosedNoWriteEvent(str(a)))] == []
    assert [*events_of(events.DirMovedEvent("/q", "/p"))] == [(FOLDER, Path("/p"))]
    assert [*events_of(events.DirModifiedEvent("/p"))] == []


def test_the_file_system_itself_reports_new_photographs(folder: Path, state: Path) -> None:
    pytest.importorskip("watchdog")
    arrived, stop = threading.Event(), threading.Event()
    names: list[str] = []

    def deal(paths: list[Path]) -> list[Path]:
        names.extend(path.name for path in paths)
        if len(names) == 2:
            arrived.set()
        return paths

    watcher = Watcher(folder, {".jpg"}, Seen(folder, state), Arrivals(0.05), deal)
    watcher.scan(0.0)
    with observed(folder, watcher.events):
        thread = threading.Thread(target=watcher.run, args=(stop,))
        thread.start()
        write(folder / "new.jpg", b"picture")
        write(folder / "trip" / "one.jpg", b"picture")
        found = arrived.wait(30)
        stop.set()
        watcher.events.put(WAKE)
        thread.join(30)
    assert found
    assert not thread.is_alive()
    assert sorted(names) == ["new.jpg", "one.jpg"]


def test_the_command_proposes_each_new_photograph_once_and_writes_where_asked(
    tagfit: Command, photo_run: Path, folder: Path
) -> None:
    write(folder / "old.jpg", jpeg())
    words = ("watch", photo_run, folder, "--once")
    assert tagfit(*words).out == "0 new photographs\n"
    put(folder / "one.jpg", jpeg(number=1), age=60)
    put(folder / "cut.jpg", pixels()[:100], age=60)
    put(folder / "coming.jpg", jpeg(number=3))
    said = tagfit(*words)
    assert said.code == 0
    assert f"{folder / 'one.jpg'}: " in said.out
    assert "cut.jpg: cannot be read" in said.out
    assert said.out.endswith("2 new photographs; 1 not complete yet\n")
    assert list(folder.glob("*.xmp")) == []
    put(folder / "two.jpg", jpeg(number=2), age=60)
    (folder / "cut.jpg").unlink()
    low = tagfit("thresholds", photo_run, "--out", "low.json", "--strategy", "fixed=0").code
    assert low in (0, 2)
    found = tagfit(*words, "--write-keywords", "--apply", "--json").json
    assert [Path(one["picture"]).name for one in found["photographs"]] == ["two.jpg"]
    assert found["incomplete"] == 1
    (plan,) = found["writing"][0]["photographs"]
    assert bool(plan["new"]) == (folder / "two.jpg.xmp").exists()
    assert len(journal.runs()) == bool(plan["new"])
    assert tagfit(*words, "--json").json["photographs"] == []


def test_ctrl_c_ends_it_and_the_next_start_goes_on(
    tagfit: Command, photo_run: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("watchdog")
    assert tagfit("watch", photo_run, folder, "--once").code == 0
    put(folder / "one.jpg", jpeg(number=1), age=60)
    put(folder / "two.jpg", jpeg(number=2))

    def interrupted(watcher: Watcher, _: threading.Event) -> None:
        watcher.scan(0.0)
        watcher.step(0.0)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Watcher, "run", interrupted)
        said = tagfit("watch", photo_run, folder)
    assert said.code == 0
    assert said.out.startswith(f"watching {folder}; Ctrl-C ends it\n{folder / 'one.jpg'}: ")
    assert said.out.endswith("1 new photographs; 1 not complete yet\n")
    put(folder / "two.jpg", jpeg(number=2), age=60)
    found = tagfit("watch", photo_run, folder, "--once", "--json").json["photographs"]
    assert [Path(one["picture"]).name for one in found] == ["two.jpg"]
