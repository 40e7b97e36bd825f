"""A noisy table, a run on it that overfits, and one finished cure, shared by the tests of this folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import tagfit
from tagfit.curing.certificate import Certificate
from tagfit.data.problem import Problem
from tagfit.recipe import Recipe
from tagfit.runs.run import Run

OVERFITTING = Recipe(widths=(64, 32), learning_rate=1e-2, epochs=15)
# Within reach of the moves, and not of the starting run.
GOAL = ("validation.label_accuracy>=0.74", "train.label_accuracy<0.95")


def write_noisy(path: Path, seed: int = 0) -> Path:
    """300 rows in three splits, whose three labels hang on a noisy plane each."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(300, 16)).astype(np.float32)
    heights = X @ random.normal(size=(16, 3)) / 4 + 0.7 * random.normal(size=(300, 3))
    split = np.repeat(["train", "validation", "test"], [160, 80, 60])
    np.savez(path, X=X, Y=(heights > 0).astype(np.uint8), labels=np.array(["sea", "sun", "people"]), split=split)
    return path


@pytest.fixture(scope="session")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_noisy(tmp_path_factory.mktemp("source") / "noisy.npz")


@pytest.fixture(scope="session")
def problem(noisy: Path) -> Problem:
    return tagfit.split(tagfit.read(noisy))


@pytest.fixture(scope="session")
def overfitted(problem: Problem, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return tagfit.fit(problem, OVERFITTING, out=tmp_path_factory.mktemp("runs") / "plain")


@pytest.fixture(scope="session")
def finished(overfitted: Run, tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A cure that was met; not to be altered."""
    return tagfit.cure(overfitted, GOAL, trials=12, seeds=2, out=tmp_path_factory.mktemp("cures") / "met")


@pytest.fixture
def cured(finished: Certificate, noisy: Path, tmp_path: Path) -> Path:
    """The folder of that cure, to be altered; its source is a copy beside it."""
    folder = tmp_path / "cure"
    shutil.copytree(finished.folder, folder)
    return folder
