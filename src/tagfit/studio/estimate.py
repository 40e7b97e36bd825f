"""Estimate: a source read as a training would, and how long that training will take, from runs here or measured."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.inputs import DEFAULT_SIZE
from tagfit.data.pictures.cache import decoded
from tagfit.data.pictures.sources import any_remote
from tagfit.data.plan import Plan
from tagfit.data.splits.placement import DEFAULT_SHARE
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.runs.run import Run
from tagfit.studio.workspace import Workspace

ROWS, EPOCHS, LABELS = 256, 3, 8  # of the short training
FEWER_ROWS = 64  # where a backbone is trained
SAMPLE = 24  # pictures that are decoded, and run through a backbone
FEATURES = 1280  # of a backbone, roughly
PATIENCE = 120.0  # seconds for the short training
# What a step of a recipe costs; a run that differs in one of these says nothing.
COSTLY = ("architecture", "widths", "depth", "backbone", "backbone_size", "tune", "batch_size", "augment")

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Read:
    """What came of reading a source.

    Attributes:
        estimate: how long the training will take, in a sentence.
        said: what the reader took the source for, as (kind, text).
        error: why the training would be refused; None where it would not.
    """

    estimate: str = ""
    said: tuple[tuple[str, str], ...] = ()
    error: InputError | None = None

    @property
    def text(self) -> str:
        """All that the reader said."""
        return "\n".join([*(text for _, text in self.said), "" if self.error is None else str(self.error)])


@dataclass(frozen=True)
class Speed:
    """How fast a recipe trains here.

    Attributes:
        seconds: a row and epoch, measuring included.
        origin: where the figure comes from, in words.
    """

    seconds: float
    origin: str


@dataclass(frozen=True)
class Once:
    """What each picture costs before the first epoch.

    Attributes:
        decoding: seconds a picture.
        extracting: seconds a picture in a backbone that is not trained, augmented views included; 0 without one.
    """

    decoding: float = 0.0
    extracting: float = 0.0


def read_source(workspace: Workspace, plan: Plan, name: str, recipe: Recipe, settings: Sequence[str]) -> Read:
    """What the reader says of a source, and how long a training on it will take.

    Args:
        workspace: with earlier runs.
        plan: how the source is read.
        name: of the recipe.
        recipe: with its changes.
        settings: the changes, ``field=value`` each.
    """
    try:
        data = plan.rows()
        before = once(data, plan, recipe)
    except InputError as error:
        return Read(error=error)
    notes = [("note", text) for text in data.notes]
    rest = [("left out", str(one)) for one in data.quarantined] + [("warning", str(one)) for one in data.warnings]
    fast = speed(workspace, name, recipe, settings, shape_of(data, plan))
    return Read(said(len(data), recipe, fast, before), (*notes, *rest))


def shape_of(data: TaggedSet, plan: Plan) -> Shape:
    """The shape of a row of the Problem."""
    size = plan.size or DEFAULT_SIZE
    return (size, size, 3) if data.arrays is None else tuple(data.arrays.shape[1:])


def speed(workspace: Workspace, name: str, recipe: Recipe, settings: Sequence[str], shape: Shape) -> Speed | None:
    """From the finished runs in the folder with this recipe, else measured; None where that is not possible."""
    found = [value for run in workspace.runs().values() if (value := _of_run(run, name, recipe, shape)) is not None]
    if found:
        runs = "1 finished run" if len(found) == 1 else f"{len(found)} finished runs"
        return Speed(float(np.median(found)), f"as in {runs} here")
    seconds = _measured(name, recipe, settings, shape)
    return None if seconds is None else Speed(seconds, "as measured just now on noise")


def once(data: TaggedSet, plan: Plan, recipe: Recipe) -> Once:
    """Decode a few pictures of a source, and run them through the backbone of a recipe where it has one."""
    if data.files is None or any_remote(data.files):
        return Once()
    chosen = np.unique(np.linspace(0, len(data) - 1, SAMPLE).astype(int))
    with tempfile.TemporaryDirectory() as temporary:
        began = time.perf_counter()
        found = decoded(
            [data.files[row] for row in chosen], plan.size or DEFAULT_SIZE, fit=plan.fit, cache_dir=Path(temporary)
        )
        decoding = (time.perf_counter() - began) / len(chosen)
        pixels = np.array(found.pixels)
    if recipe.architecture != "pretrained" or not len(pixels):
        return Once(decoding)
    return Once(decoding, _extracting(recipe, pixels))


def said(rows: int, recipe: Recipe, fast: Speed | None, before: Once) -> str:
    """The estimate in a sentence.

    Args:
        rows: of the source.
        recipe: with its changes.
        fast: what :func:`speed` found.
        before: what :func:`once` found.
    """
    if fast is None:
        return f"No estimate for {rows:,} rows: a short training with this recipe did not end here."
    trained = rows * (1 - DEFAULT_SHARE)  # the test split is not
    seconds = trained * recipe.epochs * fast.seconds + rows * (before.decoding + before.extracting)
    most = " at most" if recipe.patience else ""
    figures = [f"{_ms(fast.seconds)} a row and epoch {fast.origin}"]
    if before.decoding:
        figures.append(f"{_ms(before.decoding)} to decode a picture")
    if before.extracting:
        figures.append(f"{_ms(before.extracting)} for its features, both only the first time")
    what = f"for {recipe.epochs} epochs of {rows:,} rows: {', '.join(figures)}"
    return f"An estimate: {_duration(seconds)}{most} {what}."


def _of_run(run: Run, name: str, recipe: Recipe, shape: Shape) -> float | None:
    with suppress(InputError, KeyError, TypeError):
        info, problem = run.info, run.problem
        like = all(getattr(run.recipe, field) == getattr(recipe, field) for field in COSTLY)
        like = like and problem["preprocessing"]["size"] == (shape[0] if len(shape) == 3 else None)
        if info["state"] == "done" and info["recipe"] == name and like and run.history:
            rows = sum(len(problem["ids"].get(split, ())) for split in ("train", "validation"))
            return float(np.median([epoch.seconds for epoch in run.history])) / max(rows, 1)
    return None


def _extracting(recipe: Recipe, pixels: NDArray[np.uint8]) -> float:
    """Seconds a picture (of N, side, side, 3) and its views take in the parts of a backbone that are not trained."""
    from tagfit.training.backbones.extract import extract
    from tagfit.training.backbones.parts import extracted

    seconds = 0.0
    for part, views in Counter(part for part, _ in extracted(recipe)).items():
        extract(part, pixels[:1])  # loads the weights
        began = time.perf_counter()
        extract(part, pixels)
        seconds += views * (time.perf_counter() - began) / len(pixels)
    return seconds


def _measured(name: str, recipe: Recipe, settings: Sequence[str], shape: Shape) -> float | None:
    """Seconds a row and epoch of a recipe takes, in a training of its own on noise of a shape."""
    rows = FEWER_ROWS if recipe.tuned else ROWS
    more = ["architecture=dense"] if recipe.frozen else []  # the head, on features
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _write_noise(folder / "noise.npz", rows, (FEATURES,) if recipe.frozen else shape)
        words = [word for one in (*settings, *more, f"epochs={EPOCHS}", "patience=0") for word in ("--set", one)]
        words += ["--test-share", "0", "--json", "--out", "run"]
        command = [sys.executable, "-m", "tagfit", "train", "noise.npz", "--recipe", name, *words]
        try:
            subprocess.run(  # noqa: S603 - the name and the settings were checked
                command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=True
            )
            history = (folder / "run" / "history.jsonl").read_text(encoding="utf-8").splitlines()
        except (OSError, subprocess.SubprocessError):
            return None
    return min(float(json.loads(line)["seconds"]) for line in history) / rows


def _write_noise(path: Path, rows: int, shape: Shape) -> None:
    generator = np.random.default_rng(0)
    values: NDArray[Any] = (
        generator.normal(size=(rows, *shape)).astype(np.float32)
        if len(shape) == 1
        else generator.integers(0, 256, size=(rows, *shape), dtype=np.uint8)
    )
    truth = (generator.random((rows, LABELS)) < 0.5).astype(np.uint8)
    np.savez(path, X=values, Y=truth, labels=np.array([f"label {number}" for number in range(LABELS)]))


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2g} ms" if seconds < 0.0995 else f"{1000 * seconds:.0f} ms"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(round(seconds), 1)} s"
    return f"about {round(seconds / 60)} minutes" if seconds < 5400 else f"about {seconds / 3600:.1f} hours"
