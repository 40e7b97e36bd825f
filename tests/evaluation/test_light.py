"""Judging somebody's arrays needs NumPy alone until something asks for more, and never torch."""

from __future__ import annotations

import subprocess
import sys

import pytest


def loaded_after(code: str) -> set[str]:
    """Which of the heavy libraries are loaded once ``code`` has run in a fresh process."""
    heavy = ("torch", "sklearn", "scipy", "pandas")
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*[m for m in {heavy} if m in sys.modules])"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


SETUP = """
import numpy as np
from tagfit.scores import Scores
from tagfit.evaluation.evaluate import evaluate
from tagfit.evaluation.choose import choose_thresholds
scores = Scores.of([[1, 0], [0, 1], [1, 1]], [[.9, .2], [.1, .8], [.7, .6]])
"""


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import tagfit.evaluation.compare, tagfit.evaluation.calibration, tagfit.evaluation.score_files", set()),
        ("evaluate(scores, intervals=None)", set()),
        ("choose_thresholds(scores, 'best-f1')", set()),
        ("evaluate(scores, metrics='all')", {"scipy"}),
    ],
)
def test_only_what_is_needed_is_loaded(code: str, allowed: set[str]) -> None:
    assert loaded_after(SETUP + code) <= allowed
