"""A cure that several processes share: the certificate of one, whatever they do, and whichever is killed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from curable import OVERFITTING
from filelock import FileLock

import tagfit
from commands import Command, environment
from tagfit.curing import board as boards
from tagfit.curing import trial
from tagfit.curing.board import BOARD, Board
from tagfit.curing.certificate import Certificate
from tagfit.curing.jobs import Job
from tagfit.curing.moves import Move
from tagfit.curing.progress import Progress
from tagfit.curing.search import Search
from tagfit.curing.trial import Trial
from tagfit.data.problem import Problem
from tagfit.goal import Goal
from tagfit.recipe import NAMED
from tagfit.runs.run import Run

# Out of reach, so that all trials are made.
FAR = ("validation.label_accuracy>=0.95", "train.label_accuracy<0.99")
TRIALS, PARALLEL, SEEDS = 4, 3, 1
LESSON = Goal("lesson")


def shared(start: Path, out: Path, progress: Progress | None = None) -> Certificate:
    return tagfit.cure(start, FAR, trials=TRIALS, parallel=PARALLEL, seeds=SEEDS, out=out, progress=progress)


@pytest.fixture(scope="module")
def start(overfitted: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose test split nobody looked at."""
    folder = tmp_path_factory.mktemp("start") / "plain"
    shutil.copytree(overfitted.folder, folder)
    (folder / "test_looks.jsonl").unlink(missing_ok=True)
    return folder


@pytest.fixture(scope="module")
def alone(start: Path, tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """What one process finds."""
    return shared(start, tmp_path_factory.mktemp("alone") / "cure")


def joined(folder: Path) -> subprocess.Popen[str]:
    program = [sys.executable, str(Path(__file__).with_name("joined.py")), str(folder)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(program, env=environment(OMP_NUM_THREADS="1"), stdin=pipe, stdout=pipe, text=True)
    assert "can be stopped" in said(process, "taking trainings")
    return process


def said(process: subprocess.Popen[str], start: str) -> str:
    """The next line of a process that starts like this."""
    assert process.stdout is not None
    return next(line for line in process.stdout if line.startswith(start))


def log(folder: Path) -> list[Trial]:
    return trial.load(folder / "trials.jsonl")


def result(certificate: Certificate) -> Any:
    """All that does not say when and how long."""
    found = json.loads(json.dumps(certificate.to_dict()))
    found["search"]["log"] = [{**one, "seconds": 0} for one in found["search"]["log"]]
    del found["search"]["looks"]["test"]  # each cure of a run adds one
    return {name: found[name] for name in found if name not in ("made", "seconds", "files", "seals", "paragraph")}


def test_a_process_that_joins_changes_nothing_and_loses_one_training_where_it_is_killed(
    start: Path, alone: Certificate, tmp_path: Path
) -> None:
    """It carries out one trial while the leading process waits, and is killed in another."""
    folder = tmp_path / "cure"
    processes: list[subprocess.Popen[str]] = []

    def begin(line: str) -> None:
        if line.startswith("diagnosing"):
            processes.append(joined(folder))

    def meet(*_: object) -> None:
        if processes[0].returncode is None:
            for _training in range(2):
                said(processes[0], "training")
            processes[0].kill()
            processes[0].wait()
            made.extend(path.name for path in (folder / BOARD).glob("*.trial"))

    made: list[str] = []
    try:
        found = shared(start, folder, Progress(report=begin, on_epoch=meet))
    finally:
        with processes[0]:
            processes[0].kill()
    assert len(made) == 1, "one of the three was made elsewhere"
    assert result(found) == result(alone)
    assert tagfit.verify(folder).holds
    assert not (folder / BOARD).exists()


def test_where_the_leading_process_is_gone_one_that_joined_leads(alone: Certificate, tmp_path: Path) -> None:
    folder = tmp_path / "cure"
    shutil.copytree(alone.folder, folder)
    (folder / "certificate.json").unlink()
    shutil.rmtree(folder / "seeds")
    lines = (folder / "trials.jsonl").read_text().splitlines(keepends=True)
    (folder / "trials.jsonl").write_text("".join(lines[:2]))  # within the first group
    lines = []
    found = tagfit.join_cure(folder, progress=Progress(report=lines.append))
    assert any("is gone" in line for line in lines)
    assert [one.recipe for one in log(folder)] == [one.recipe for one in log(alone.folder)]
    assert found.to_dict()["means"] == alone.to_dict()["means"]


def test_a_finished_cure_is_joined_at_once(tagfit: Command, alone: Certificate) -> None:
    before = (alone.folder / "certificate.json").stat().st_mtime_ns
    done = tagfit("cure", "--join", alone.folder, "--json")
    assert done.code == 4
    assert done.json["verdict"] == alone.verdict
    assert (alone.folder / "certificate.json").stat().st_mtime_ns == before
    refused = tagfit.refused("cure", "--join", alone.folder, "--trials", 9)
    assert "--join takes part in a cure with its own settings; --trials" in refused


def tried(number: int, validation: float, **about: Any) -> Trial:
    figures = {"train.label_accuracy": 0.95, "validation.label_accuracy": validation}
    told = {"origin": "search", "name": "proposal", "why": "", "base": None, "seed": 0, **about}
    return Trial(number, values=figures, **{"recipe": NAMED["plain-dense"], **told})


def test_a_group_does_not_depend_on_which_of_its_trials_ended_first(problem: Problem, tmp_path: Path) -> None:
    moves = (Move("ema", lambda _recipe: {"ema": 0.9}), Move("smooth", lambda _recipe: {"label_smoothing": 0.1}))
    start = tried(-1, 0.7, origin="start", name="the starting run")
    looking = Search(problem, LESSON, start, moves, 0, False, tmp_path, parallel=4)
    whole = looking.group()
    assert [job.name for job in whole] == ["ema", "smooth", "proposal", "proposal"]
    assert len({job.recipe for job in whole}) == 4
    assert looking.group(2) == whole[:2]
    first = whole[0]  # far better than the start, which the rest must not know of
    looking.log([tried(0, 0.99, recipe=first.recipe, origin=first.origin, name=first.name, base=first.base)])
    assert looking.within_group
    assert looking.group() == whole[1:]
    one_by_one = Search(problem, LESSON, start, moves, 0, False, tmp_path, trials=looking.trials)
    assert (whole[1].base, one_by_one.group()[0].base) == (-1, 0), "without groups it would know"


def test_trials_that_time_ran_out_for_leave_no_gap(problem: Problem, tmp_path: Path) -> None:
    looking = Search(problem, LESSON, tried(-1, 0.7), (), 0, False, tmp_path, parallel=3)
    assert [one.number for one in looking.log([None, tried(1, 0.8), tried(2, 0.8)])] == [0, 1]
    assert [one.number for one in log(tmp_path)] == [0, 1]


def job(number: int) -> Job:
    return Job(number, "move", f"job {number}", OVERFITTING.changed(epochs=1 + number), 0)


def test_a_job_of_another_process_is_waited_for_and_taken_where_that_one_ends(
    problem: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, wanted = Board(tmp_path, problem, LESSON), [job(0), job(1)]
    (tmp_path / BOARD).mkdir()
    held = FileLock(tmp_path / BOARD / f"{wanted[0].key}.lock")
    held.acquire()
    waits = iter(range(3))

    def sleep(_seconds: float) -> None:
        if next(waits) == 2:
            held.release()

    monkeypatch.setattr(boards.time, "sleep", sleep)
    found = board.train(wanted)
    assert [None if one is None else (one.number, one.epochs) for one in found] == [(0, 1), (1, 2)]


def test_jobs_are_withdrawn_where_time_is_up_and_a_result_is_not_made_twice(problem: Problem, tmp_path: Path) -> None:
    board, wanted, begun = Board(tmp_path, problem, LESSON), [job(number) for number in range(3)], []
    over = iter([False, False, *[True] * 9])
    found = board.train(wanted, enough=lambda: next(over))
    assert [one is not None for one in found] == [True, False, False]
    assert not board.help(begun.append), "what is left was withdrawn"
    again = board.train(wanted, on_epoch=lambda epoch, _recipe: begun.append(epoch))  # type: ignore[arg-type]
    assert again[0] == found[0]
    assert len(begun) == 2 + 3, "only the other two were trained"
