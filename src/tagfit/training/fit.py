"""Fit: a Problem and a Recipe become a Run; interrupted and resumed, the same Run."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from torch import nn

import tagfit
from tagfit import history
from tagfit import recipe as recipes
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.files import to_json, write_text
from tagfit.history import Epoch
from tagfit.recipe import Recipe
from tagfit.runs.run import Run, default_folder
from tagfit.scores import Scores
from tagfit.training import checkpoint, nets
from tagfit.training.loop import Training, feed
from tagfit.training.machine import Machine, choose
from tagfit.training.score import probabilities

# A training that starts again from an older checkpoint ends with the same bits, so one a second loses nothing but time.
SECONDS_BETWEEN_CHECKPOINTS = 1.0

OnEpoch = Callable[[Epoch, Recipe], None]


def fit(
    problem: Problem,
    recipe: Recipe | str | Path = "regularised-dense",
    *,
    seed: int = 0,
    out: str | Path | None = None,
    device: str | None = None,
    threads: int | None = None,
    on_epoch: OnEpoch | None = None,
    name: str | None = None,
) -> Run:
    """Train ``recipe`` on ``problem`` and write the run folder.

    Args:
        problem: data, splits, labels and preprocessing; trained on its train split, watched on validation.
        recipe: a Recipe, the name of one, or a recipe file.
        seed: of weights, row order, dropout and augmentation. Same seed, machine and threads: same bits.
        out: the run folder, new or empty; None for ``runs/<date>-<recipe>-<seed>``.
        device: "cpu", "cuda" or "mps"; None takes a GPU when there is one.
        threads: of the processor; None chooses.
        on_epoch: called after each epoch with its record and the recipe.
        name: what the run calls its recipe; None takes the name of a named one.

    Raises:
        InputError: a folder that is in use, a recipe that does not suit the data, a training that diverged.
        KeyboardInterrupt: passed on, after the run was left usable.
    """
    called = Path(name or ("recipe" if isinstance(recipe, Recipe) else recipe)).stem
    chosen = recipe if isinstance(recipe, Recipe) else recipes.find(recipe)
    if seed < 0:
        raise InputError(f"seed = {seed}", instead="0 or more")
    machine = choose(chosen, device, threads)
    nets.check_fits(chosen, problem.inputs.shape[1:])
    folder = Path(out) if out is not None else default_folder(called, seed)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        mend = f"another folder, or `tagfit train --resume {folder}`" if (folder / "run.json").exists() else "a new one"
        raise InputError(f"{folder} exists and is not empty", instead=mend)
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(folder)
    with _only_writer(run):
        write_text(folder / "problem.json", to_json(problem.to_dict()) + "\n")
        chosen.save(folder / "recipe.toml")
        run.save_info(
            state="running",
            recipe=called,
            seed=seed,
            machine=asdict(machine),
            versions=_versions(),
            started=_now(),
        )
        _train(run, problem, on_epoch)
    return run


def resume(run: Run, problem: Problem, on_epoch: OnEpoch | None = None) -> Run:
    """Go on with an interrupted run; it ends with the weights of an undisturbed one, bit for bit.

    Raises:
        InputError: data that changed since the run began, or a run that another process is writing.
    """
    with _only_writer(run):
        run.refuse_another(problem)
        _train(run, problem, on_epoch)
    return run


def _train(run: Run, problem: Problem, on_epoch: OnEpoch | None) -> None:
    info = run.info
    machine = Machine(**info["machine"])
    choose(run.recipe, machine.device, machine.threads)  # says so if the device is not here
    with machine.in_use():
        training = _begin(run, problem, machine)
        started, before = time.perf_counter(), sum(epoch.seconds for epoch in run.history)
        saved = started
        try:
            while not training.over:
                epoch = training.run_epoch()
                history.append(run.folder / "history.jsonl", epoch)
                if time.perf_counter() - saved >= SECONDS_BETWEEN_CHECKPOINTS:
                    checkpoint.save_tensors(run.checkpoint, *training.state())
                    saved = time.perf_counter()
                if on_epoch is not None:
                    on_epoch(epoch, run.recipe)
        except KeyboardInterrupt:
            # In the middle of an epoch the weights are nobody's: the last checkpoint is what can be used and resumed.
            if run.checkpoint.exists():
                _finish(run, problem, _begin(run, problem, machine), machine, state="interrupted")
            run.save_info(state="interrupted")
            raise
        run.save_info(seconds=before + time.perf_counter() - started)
        _finish(run, problem, training, machine, state="done")
        run.checkpoint.unlink(missing_ok=True)


def _begin(run: Run, problem: Problem, machine: Machine) -> Training:
    """The training of a run where its checkpoint left it, or at its start; later lines of the history are dropped."""
    training = Training(problem, run.recipe, run.info["seed"], machine)
    if run.checkpoint.exists():
        training.restore(*checkpoint.load_tensors(run.checkpoint))
    history.save(run.folder / "history.jsonl", run.history[: training.progress.epoch])
    return training


def _finish(run: Run, problem: Problem, training: Training, machine: Machine, state: str) -> None:
    """Leave a usable run: weights, scores of the splits that may be looked at, and its state."""
    net = training.scored_net
    net.load_state_dict(training.final_weights())
    checkpoint.save_tensors(run.weights, net.state_dict())
    for split in problem.splits:
        if split != "test":  # looked at only when asked
            run.save_scores(score(net, problem, split, run.recipe, machine))
    progress = training.progress
    kept = progress.best_epoch if training.best else progress.epoch
    run.save_info(state=state, finished=_now(), epochs=progress.epoch, kept_epoch=kept)


def score(net: nn.Module, problem: Problem, split: str, recipe: Recipe, machine: Machine) -> Scores:
    """The Scores of one split of a problem under a trained net."""
    part = problem.part(split)
    values = probabilities(net, feed(problem, split, recipe, machine.device))
    return Scores.of(
        part.truth,
        values,
        known=part.known,
        labels=problem.labels,
        ids=part.ids,
        groups=part.groups,
        weights=part.weights,
        split=split,
    )


def load_net(run: Run, input_shape: tuple[int, ...]) -> nn.Module:
    """The trained net of a run, in inference mode, on the processor.

    Raises:
        InputError: a run without weights, or weights of another net.
    """
    if not run.weights.exists():
        raise InputError(
            f"the run {run.folder} has no weights yet", instead=f"`tagfit train --resume {run.folder}` finishes it"
        )
    net = nets.build(run.recipe, input_shape, len(run.labels))
    checkpoint.load_weights(net, run.weights)
    return net.eval()


class _only_writer:  # noqa: N801
    """One process writes a run at a time; the lock goes with its process, however that ends."""

    def __init__(self, run: Run) -> None:
        self.folder = run.folder
        self.lock = FileLock(run.folder / ".lock")

    def __enter__(self) -> None:
        try:
            self.lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"{self.folder} is being written by another process", instead="wait for it to end"
            ) from None

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def _versions() -> dict[str, Any]:
    return {
        "tagfit": tagfit.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "processor": platform.machine(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
