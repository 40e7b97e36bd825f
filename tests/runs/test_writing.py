"""Writing a run folder: one process at a time, readers disturb nobody, default folders are claimed by one."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from commands import environment
from tagfit.errors import InputError
from tagfit.runs.writing import LOCK, claimed_folder, is_being_written, only_writer

WRITERS = 100
READER = """
import sys
from pathlib import Path
from tagfit.runs.writing import is_being_written

folder = Path(sys.argv[1])
print("reading", flush=True)
while not (folder / "over").exists():
    is_being_written(folder)
"""


def write_often(folder: Path) -> list[str]:
    """How many times the folder was refused to the only writer that there is."""
    refused = []
    for _ in range(WRITERS):
        try:
            with only_writer(folder):
                pass
        except InputError as error:
            refused.append(str(error))
    return refused


def test_readers_in_other_processes_refuse_no_writer(tmp_path: Path) -> None:
    (tmp_path / LOCK).touch()
    command = [sys.executable, "-c", READER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"
        refused = write_often(tmp_path)
        (tmp_path / "over").touch()
    assert refused == []
    assert reader.returncode == 0


def test_readers_in_threads_refuse_no_writer_and_agree(tmp_path: Path) -> None:
    (tmp_path / LOCK).touch()
    over, taken = threading.Event(), threading.Event()
    during: list[bool] = []

    def read() -> None:
        while not over.is_set():
            was_taken = taken.is_set()
            answer = is_being_written(tmp_path)
            if was_taken and taken.is_set():
                during.append(answer)

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        refused = write_often(tmp_path)
        with only_writer(tmp_path):
            taken.set()
            while len(during) < 10:
                pass
            taken.clear()
        over.set()
        for reader in readers:
            reader.result()
    assert refused == []
    assert all(during)


def test_two_readers_at_once_see_no_writer_where_there_is_none(tmp_path: Path) -> None:
    (tmp_path / LOCK).touch()
    with ThreadPoolExecutor(4) as pool:
        assert not any(pool.map(lambda _: is_being_written(tmp_path), range(200)))


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    said = "being written by another process"
    with only_writer(tmp_path), pytest.raises(InputError, match=said), only_writer(tmp_path):
        pass


def test_default_folders_are_claimed_by_one_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    together = threading.Barrier(8)

    def claim(_: int) -> Path:
        together.wait()
        with claimed_folder("mine", 0) as folder:
            (folder / "run.json").touch()
            together.wait()
        return folder

    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(claim, range(8)))
    assert len(set(folders)) == 8
    assert all((folder / "run.json").exists() for folder in folders)


def test_a_place_where_nothing_can_be_claimed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(InputError, match="cannot write runs"), claimed_folder("mine", 0):
        pass
