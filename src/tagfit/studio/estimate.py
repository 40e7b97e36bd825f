"""Estimate: how long a training will take, from earlier runs in the folder, or from a short training on noise."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tagfit.data.inputs import DEFAULT_SIZE
from tagfit.data.read import read
from tagfit.data.splits.placement import DEFAULT_SHARE
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.runs.run import Run
from tagfit.studio.workspace import Workspace

ROWS, EPOCHS, LABELS = 256, 3, 8  # of the short training
PATIENCE = 120.0  # seconds for it


@dataclass(frozen=True)
class Speed:
    """How fast a recipe trains here.

    Attributes:
        seconds: a row and epoch, measuring included.
        origin: where the figure comes from, in words.
    """

    seconds: float
    origin: str


def speed(workspace: Workspace, name: str, recipe: Recipe) -> Speed | None:
    """From the finished runs in the folder with this recipe, else measured; None where that is not possible."""
    found = [value for run in workspace.runs().values() if (value := _of_run(run, name)) is not None]
    if found:
        runs = "1 finished run" if len(found) == 1 else f"{len(found)} finished runs"
        return Speed(float(np.median(found)), f"as in {runs} here")
    seconds = None if recipe.architecture == "pretrained" else _measured(name)
    return None if seconds is None else Speed(seconds, "as measured just now on noise")


def said(source: Path, recipe: Recipe, fast: Speed | None) -> str:
    """The estimate in a sentence.

    Args:
        source: what would be trained on.
        recipe: with what.
        fast: what :func:`speed` found.
    """
    try:
        rows = len(read(source, allow_outside=True, learnable=False))
    except InputError as error:
        return f"No estimate: {error.faults[0].what}."
    if fast is None:
        return f"No estimate for {rows:,} rows: no run with this recipe has finished here."
    trained = rows * (1 - DEFAULT_SHARE)  # the test split is not
    seconds = trained * recipe.epochs * fast.seconds
    most = " at most" if recipe.patience else ""
    each = f"{1000 * fast.seconds:.2g} ms a row and epoch {fast.origin}"
    what = f"for {recipe.epochs} epochs of {rows:,} rows, {each}"
    return f"An estimate: {_duration(seconds)}{most} {what}; decoding comes before."


def _of_run(run: Run, name: str) -> float | None:
    with suppress(InputError, KeyError, TypeError):
        info, ids = run.info, run.problem["ids"]
        if info["state"] == "done" and info["recipe"] == name and run.history:
            rows = sum(len(ids.get(split, ())) for split in ("train", "validation"))
            return float(np.median([epoch.seconds for epoch in run.history])) / max(rows, 1)
    return None


def _measured(name: str) -> float | None:
    """Seconds a row and epoch of a named recipe takes, in a training of its own on pictures of noise."""
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pixels = generator.integers(0, 256, size=(ROWS, DEFAULT_SIZE, DEFAULT_SIZE, 3), dtype=np.uint8)
        truth = (generator.random((ROWS, LABELS)) < 0.5).astype(np.uint8)
        names = [f"label {number}" for number in range(LABELS)]
        np.savez(folder / "noise.npz", X=pixels, Y=truth, labels=np.array(names))
        settings = ["--set", f"epochs={EPOCHS}", "--set", "patience=0", "--test-share", "0", "--json"]
        command = [sys.executable, "-m", "tagfit", "train", "noise.npz", "--recipe", name, *settings, "--out", "run"]
        try:
            subprocess.run(  # noqa: S603 - the name is that of a recipe that was found
                command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=True
            )
            history = (folder / "run" / "history.jsonl").read_text(encoding="utf-8").splitlines()
        except (OSError, subprocess.SubprocessError):
            return None
    return min(float(json.loads(line)["seconds"]) for line in history) / ROWS


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(round(seconds), 1)} s"
    return f"about {round(seconds / 60)} minutes" if seconds < 5400 else f"about {seconds / 3600:.1f} hours"
