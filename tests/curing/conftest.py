"""A noisy table, a run on it that overfits, and one finished cure, shared by the tests of this folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from curable import GOAL, OVERFITTING, write_noisy

import tagfit
from tagfit.curing.certificate import Certificate
from tagfit.data.problem import Problem
from tagfit.runs.run import Run


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


@pytest.fixture(scope="session")
def out_of_reach(overfitted: Run, tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A cure that was not met; not to be altered."""
    goal = ("validation.label_accuracy>=0.99", "train.label_accuracy<0.95")
    return tagfit.cure(overfitted, goal, trials=2, seeds=2, out=tmp_path_factory.mktemp("cures") / "out_of_reach")
