"""kill -9 and Ctrl-C at random moments of a training: what is left is resumed to the bits of an undisturbed run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from killed import case
from problems import assert_same_runs, features, unfinished

from tagfit.errors import InputError
from tagfit.runs.run import Run, open_run
from tagfit.training.backbones import extract
from tagfit.training.fit import fit, resume

HERE = Path(__file__).parent
LONGEST = {"dense": 0.005, "tuned": 2.0}  # seconds, the time of a few epochs


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """The training process, once it has imported everything."""
    paths = os.pathsep.join([str(HERE), *sys.path])
    process = subprocess.Popen(
        [sys.executable, str(HERE / "killed.py"), str(folder), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # the traceback of Ctrl-C
        text=True,
        # A cache of its own, so that what a backbone gives is killed on its way there, too.
        env={**os.environ, "PYTHONPATH": paths, "TAGFIT_CACHE_DIR": str(folder.with_name(f"{folder.name} cache"))},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def killed_in(epoch: int, wait: float, folder: Path, by: signal.Signals, name: str) -> bool:
    """Whether the process that trains in ``folder`` was ended by the signal before it was done.

    Args:
        epoch: the signal is sent when this epoch has ended,
        wait: and so many seconds have passed, as an epoch may be killed anywhere.
        folder: the run.
        by: the signal.
        name: of what is trained.
    """
    process = start(folder, name)
    assert process.stdout is not None
    for _ in range(epoch):
        if process.stdout.readline() != "epoch\n":
            break
    ended = time.perf_counter()
    while time.perf_counter() < ended + wait:
        pass
    process.send_signal(by)
    output, _ = process.communicate()
    return process.returncode != 0 and "done" not in output


def kill_again_and_again(tmp_path: Path, kills: int, seed: int, by: signal.Signals, name: str = "dense") -> None:
    """Kill and start again runs until ``kills`` have hit; each that ends equals the undisturbed one."""
    print(f"the moments are drawn from seed {seed}")
    moments = random.Random(seed)
    problem, recipe = case(name)
    whole = fit(problem, recipe, seed=5, out=tmp_path / "whole", threads=1)
    hits = number = 0
    while hits < kills:
        number += 1
        assert number <= 10 * kills, "the signals do not reach the training"
        folder = tmp_path / f"run {number}"
        for _ in range(3):
            hits += killed_in(
                moments.randrange(recipe.epochs // 2), moments.uniform(0, LONGEST[name]), folder, by, name
            )
            if hits == kills:
                break
        if not (folder / "run.json").exists():
            with pytest.raises(InputError, match="is not a run"):
                open_run(folder)
            continue
        run = resume(open_run(folder), problem)
        assert_same_runs(run, whole)
        assert unfinished(folder) == []


def test_killed_trainings_are_resumed_to_the_same_bits(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, kills=3, seed=random.randrange(10**6), by=signal.SIGKILL)


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.long)])
def test_a_killed_fine_tuning_is_resumed_to_the_same_bits(
    tmp_path: Path, kills: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "engine", extract.engine)  # case() replaces it
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path / "cache"))
    kill_again_and_again(tmp_path, kills=kills, seed=random.randrange(10**6), by=signal.SIGKILL, name="tuned")


@pytest.mark.long
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT])
def test_many_killed_trainings_are_resumed_to_the_same_bits(tmp_path: Path, by: signal.Signals) -> None:
    kill_again_and_again(tmp_path, kills=50, seed=0, by=by)


def test_a_second_process_on_a_run_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = start(folder, "stop")
    assert process.stdout is not None
    assert process.stdout.readline() == "training\n"
    with pytest.raises(InputError, match="being written by another process"):
        resume(Run(folder), features())
    process.kill()
    process.communicate()
    whole = fit(*case("dense"), seed=5, out=tmp_path / "whole", threads=1)
    assert_same_runs(resume(Run(folder), features()), whole)  # the lock went with its process
