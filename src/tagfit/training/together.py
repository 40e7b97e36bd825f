"""Together: how several processes make one run; the first one writes it, the others follow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tagfit
from tagfit import launch
from tagfit.data.problem import Problem
from tagfit.errors import Fault, InputError
from tagfit.recipe import Recipe
from tagfit.runs.run import Run, open_run
from tagfit.training import checkpoint
from tagfit.training.loop import Training
from tagfit.training.machine import Machine, device_of
from tagfit.training.own_net import NetFactory
from tagfit.training.ranks import Ranks, joined


def refuse_unfit(ranks: Ranks, recipe: Recipe, problem: Problem, out: str | Path | None) -> None:
    """Raise an InputError for what cannot be trained by these processes together.

    Raises:
        InputError: no folder that all know of, or fewer rows in a batch than processes.
    """
    if ranks.count == 1:
        return
    faults = []
    if out is None:
        faults.append(Fault("several processes need to know the run folder", instead="--out DIR"))
    least = min(recipe.batch_size, len(problem.part("train")))
    if least < ranks.count:
        faults.append(Fault(f"{ranks.count} processes share a batch of {least} rows", instead=f"at most {least}"))
    if faults:
        raise InputError(faults)


@contextmanager
def in_turn(ranks: Ranks) -> Iterator[None]:
    """The block in the first process, and then in the others, which find in the cache what it left there."""
    if not ranks.first:
        ranks.agreed(None)
    yield
    if ranks.first:
        ranks.agreed(None)


def first_reads(device: str | None) -> Ranks:
    """The processes of this launch, for reading a source in turn.

    Args:
        device: as for ``fit``.
    """
    return joined(device_of(device))


def begun_before(out: Path, problem: Problem, recipe: Recipe, seed: int) -> bool:
    """Whether the launcher starts these processes again, and the same training was begun in the folder."""
    if not (launch.is_restart() and (out / "run.json").exists()):
        return False
    run = open_run(out)
    same = run.problem["fingerprint"] == problem.fingerprint and run.recipe == recipe
    return same and run.info["seed"] == seed and not run.info.get("net")


def refuse_another_count(run: Run, ranks: Ranks) -> None:
    """Raise an InputError if a run was begun by another number of processes."""
    begun = run.info["machine"].get("processes", 1)
    if begun != ranks.count:
        raise InputError(
            f"{run.folder} was begun by {begun} processes, and is resumed by {ranks.count}",
            instead=f"torchrun --nproc-per-node={begun} -m tagfit train --resume" if begun > 1 else "no torchrun",
        )


def follow(
    run: Run, problem: Problem, recipe: Recipe, seed: int, machine: Machine, net: NetFactory | None, ranks: Ranks
) -> Run:
    """Train along with the first process, which writes the run; nothing is written here.

    Raises:
        InputError: the first process ended, or has other data or another version.
        KeyboardInterrupt: the run was asked to stop.
    """
    with machine.in_use():
        ranks.agreed(None)  # the first one has begun it
        training = Training(problem, recipe, seed, machine, net, ranks)
        if run.checkpoint.exists():
            training.restore(*checkpoint.load_tensors(run.checkpoint))
        set_out(training, problem)
        while not training.over:
            training.run_epoch()
            if ranks.agreed(False) and not training.over:
                raise KeyboardInterrupt
        net = training.scored_net
        net.load_state_dict(training.final_weights())
        for split in problem.splits:
            if split != "test":
                training.probabilities(net, split)
    return run


def set_out(training: Training, problem: Problem) -> None:
    """Refuse to train with processes that have other data, another version or another epoch."""
    state = f"{tagfit.__version__} {problem.fingerprint} {training.recipe} {training.progress}"
    training.ranks.refuse_different(state, "data, recipes or versions")
