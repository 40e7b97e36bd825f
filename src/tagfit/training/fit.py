"""Fit: trains a Recipe on a Problem into a Run; interrupted and resumed, it becomes the same Run."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import tagfit
from tagfit import history
from tagfit.data.problem import Problem
from tagfit.data.row_record import RowRecord
from tagfit.errors import InputError
from tagfit.files import to_json, write_text
from tagfit.history import Epoch
from tagfit.recipe import Recipe, find
from tagfit.runs.run import Run
from tagfit.runs.writing import claimed_folder, only_writer, refuse_used
from tagfit.scores import Scores
from tagfit.training import checkpoint, nets, own_net, together
from tagfit.training.backbones.features import OnExtracted, keep
from tagfit.training.loop import Training
from tagfit.training.machine import Machine, choose
from tagfit.training.own_net import NetFactory
from tagfit.training.ranks import ALONE, Ranks, joined

# Resuming from an older checkpoint ends with the same bits, so one per second loses nothing but time.
SECONDS_BETWEEN_CHECKPOINTS = 1.0

OnEpoch = Callable[[Epoch, Recipe], None]


def fit(
    problem: Problem,
    recipe: Recipe | str | Path,
    *,
    seed: int = 0,
    out: str | Path | None = None,
    device: str | None = None,
    threads: int | None = None,
    on_epoch: OnEpoch | None = None,
    name: str | None = None,
    net: NetFactory | None = None,
    on_extracted: OnExtracted | None = None,
) -> Run:
    """Train ``recipe`` on ``problem`` and write the run folder; the arguments are those of ``workflow.fit``.

    Raises:
        InputError: a folder in use, a recipe that does not suit the data, a training that diverged, a full disk.
        KeyboardInterrupt: passed on, after the run was left usable.
    """
    called = Path(name or ("recipe" if isinstance(recipe, Recipe) else recipe)).name.removesuffix(".toml")
    chosen = recipe if isinstance(recipe, Recipe) else find(recipe)
    if not 0 <= seed < 2**32:
        raise InputError(f"seed = {seed}", instead="0 or more, below 2**32")
    machine = choose(chosen, device, threads)
    ranks = joined(machine.device)
    machine = replace(machine, processes=ranks.count)
    together.refuse_unfit(ranks, chosen, problem, out)
    with machine.in_use():  # built before there is a folder; in_use() restores torch's generator
        _try_net(chosen, problem, net)
        with together.in_turn(ranks):
            keep(problem, chosen, on_extracted)
    if out is not None and together.begun_before(Path(out), problem, chosen, seed):
        return resume(Run(Path(out)), problem, on_epoch, net=net)
    if out is not None and not ranks.first:
        return together.follow(Run(Path(out)), problem, chosen, seed, machine, net, ranks)
    with nullcontext(Path(out)) if out is not None else claimed_folder(called, seed) as folder:
        refuse_used(folder)
        run = Run(folder)
        with only_writer(folder):
            refuse_used(folder)  # another process may have been faster
            write_text(folder / "problem.json", to_json(problem.to_dict()) + "\n")
            RowRecord.of(problem).save(run.row_record)
            chosen.save(folder / "recipe.toml")
            run.save_info(
                state="running",
                recipe=called,
                seed=seed,
                net=None if net is None else own_net.name(net),
                machine=asdict(machine),
                versions=_versions(),
                started=_now(),
            )
            _train(run, problem, on_epoch, net, ranks)
    return run


def resume(
    run: Run,
    problem: Problem,
    on_epoch: OnEpoch | None = None,
    *,
    net: NetFactory | None = None,
    on_extracted: OnExtracted | None = None,
) -> Run:
    """Resume an interrupted run; it ends with the weights of an uninterrupted one, bit for bit.

    Raises:
        InputError: data, recipe or net are not those that the run began with, or another process is writing it.
    """
    ranks = joined(run.info["machine"]["device"])
    together.refuse_another_count(run, ranks)
    if not ranks.first:
        machine = Machine(**run.info["machine"])
        return together.follow(run, problem, run.recipe, run.info["seed"], machine, net, ranks)
    with only_writer(run.folder):
        run.refuse_another(problem)
        own_net.refuse_another(run.info.get("net"), net, str(run.folder))
        if run.info["state"] != "done":
            keep(problem, run.recipe, on_extracted)
            _train(run, problem, on_epoch, net, ranks)
    return run


def _try_net(recipe: Recipe, problem: Problem, net: NetFactory | None) -> None:
    shape = problem.inputs.shape[1:]
    if net is None:
        nets.check_fits(recipe, shape)
    else:
        nets.build(recipe, shape, len(problem.labels), net)


def _train(run: Run, problem: Problem, on_epoch: OnEpoch | None, net: NetFactory | None, ranks: Ranks) -> None:
    machine = Machine(**run.info["machine"])
    choose(run.recipe, machine.device, machine.threads)  # raises if this machine lacks the device
    run.save_info(state="running")
    run.discard_results()
    with machine.in_use():
        try:
            training = _begin(run, problem, machine, net, ranks)
            ranks.agreed(None)  # that the others may begin
            together.set_out(training, problem)
            _run_epochs(run, training, on_epoch)
            _finish(run, training, state="done")
        except KeyboardInterrupt:
            # Weights in the middle of an epoch belong to no checkpoint: the last one can be used and resumed.
            if run.checkpoint.exists():
                _finish(run, _begin(run, problem, machine, net), state="interrupted")
            run.save_info(state="interrupted")
            raise
        except Exception:
            with suppress(InputError):  # a full disk cannot take this either
                run.save_info(state="failed")
            raise
    run.checkpoint.unlink(missing_ok=True)


def _run_epochs(run: Run, training: Training, on_epoch: OnEpoch | None) -> None:
    lines = run.folder / "history.jsonl"
    saved = time.perf_counter()
    run.stop_request.unlink(missing_ok=True)  # of a training that ended before it saw it
    while not training.over:
        epoch = training.run_epoch()
        history.append(lines, epoch)
        asked_to_stop = training.ranks.agreed(run.stop_request.exists())
        if asked_to_stop or time.perf_counter() - saved >= SECONDS_BETWEEN_CHECKPOINTS:
            history.settle(lines)
            checkpoint.save_tensors(run.checkpoint, *training.state())
            saved = time.perf_counter()
        if on_epoch is not None:
            on_epoch(epoch, training.recipe)
        if asked_to_stop and not training.over:
            run.stop_request.unlink(missing_ok=True)
            raise KeyboardInterrupt


def _begin(run: Run, problem: Problem, machine: Machine, net: NetFactory | None, ranks: Ranks = ALONE) -> Training:
    """The training of a run, at its checkpoint or at its start; later lines of the history are dropped."""
    training = Training(problem, run.recipe, run.info["seed"], machine, net, ranks)
    if run.checkpoint.exists():
        training.restore(*checkpoint.load_tensors(run.checkpoint))
    history.save(run.folder / "history.jsonl", run.history[: training.progress.epoch])
    return training


def _finish(run: Run, training: Training, state: str) -> None:
    """Write what makes a run usable: weights, scores of all splits but test, and its state."""
    net = training.scored_net
    net.load_state_dict(training.final_weights())
    checkpoint.save_tensors(run.weights, net.state_dict())
    for split in training.problem.splits:
        if split != "test":  # scored only on request
            run.save_scores(score(training, net, split))
    seconds = sum(epoch.seconds for epoch in run.history)
    run.save_info(
        state=state,
        finished=_now(),
        seconds=seconds,
        epochs=training.progress.epoch,
        kept_epoch=training.kept_epoch,
    )


def score(training: Training, net: nn.Module, split: str) -> Scores:
    """The Scores of one split of a training's Problem under a trained net."""
    part = training.problem.part(split)
    return Scores.of(
        part.truth,
        training.probabilities(net, split),
        known=part.known,
        labels=training.problem.labels,
        ids=part.ids,
        groups=part.groups,
        weights=part.weights,
        split=split,
    )


def load_net(run: Run, input_shape: tuple[int, ...], net: NetFactory | None = None) -> nn.Module:
    """The trained net of a run, in inference mode, on the CPU.

    Args:
        run: a run that has weights.
        input_shape: of one row of the Problem's inputs.
        net: the factory that the run was trained with, if it was.

    Raises:
        InputError: a run without weights, weights of another net, or a net that is missing.
    """
    own_net.refuse_another(run.info.get("net"), net, str(run.folder))
    if not run.weights.exists():
        raise InputError(
            f"the run {run.folder} has no weights yet", instead=f"`tagfit train --resume {run.folder}` finishes it"
        )
    built = nets.build(run.recipe, input_shape, len(run.labels), net)
    checkpoint.load_weights(built, run.weights)
    return built.eval()


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
