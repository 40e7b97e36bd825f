"""What works where torch cannot be imported: reading, judging, diagnosing; training says what it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

# The first of the finders answers for torch as an environment without it would.
WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "optuna"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from tagfit.cli import main
main()
"""


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    truth = rng.random((80, 3)) < 0.4
    noisy = np.clip(truth * 0.5 + rng.random((80, 3)) * 0.5, 0, 1)
    np.savez(tmp_path / "scores.npz", truth=truth, scores=noisy, labels=np.array(["beach", "sunset", "people"]))
    return tmp_path / "scores.npz"


@pytest.mark.parametrize(
    "command",
    [("evaluate", "--scores"), ("thresholds", "--scores"), ("diagnose", "--validation")],
    ids=lambda command: command[0],
)
def test_scores_of_any_model_are_judged(scores: Path, command: tuple[str, ...]) -> None:
    done = run(*command, scores)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_two_models_are_compared(scores: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    other.write_bytes(scores.read_bytes())
    assert "no difference shown" in run("compare", scores, other).stdout


def test_training_names_the_extra(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((60, 2)) < 0.5).astype(np.uint8)
    np.savez(tmp_path / "data.npz", X=rng.random((60, 4)), Y=truth)
    assert run("data", "check", tmp_path / "data.npz").returncode == 0
    done = run("train", tmp_path / "data.npz", "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "pip install 'tagfit[train]'" in done.stderr
    assert not (tmp_path / "run").exists()
