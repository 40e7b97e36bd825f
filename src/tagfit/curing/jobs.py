"""Jobs: the trainings of a cure as plain values, so that any process that shares the cure can carry one out."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.curing import trial
from tagfit.curing.trial import OnEpoch, Trial
from tagfit.data.problem import Problem
from tagfit.data.splits.stratify import assign
from tagfit.errors import InputError
from tagfit.files import to_json
from tagfit.history import Epoch
from tagfit.recipe import Recipe, parse
from tagfit.runs.run import Run, open_run
from tagfit.training.torch_import import torch_for

# A proposal is given up where, this far into its epochs, it is below the median of the trials before it (Golovin et
# al., Google Vizier, 2017, section 3.2.2: the median stopping rule).
FIRST_LOOK = 1 / 3
FEWEST_CURVES = 4

Enough = Callable[[], bool]


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
        number, origin, name, why, base, recipe, seed: as of the Trial that it becomes.
        rows: about how many train rows it sees, drawn with ``rows_seed``; None for all.
        peers: curves of earlier trials whose median it has to reach; none for a training that is never given up.
        place: the folder of the run that it writes, from that of the cure; empty for a Trial alone.
    """

    number: int
    origin: str
    name: str
    recipe: Recipe
    seed: int
    why: str = ""
    base: int | None = None
    rows: int | None = None
    rows_seed: int = 0
    peers: tuple[tuple[float, ...], ...] = ()
    place: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "recipe": self.recipe.model_dump(mode="json")}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Job:
        """What :meth:`to_dict` gave, from JSON."""
        peers = tuple(tuple(math.nan if one is None else float(one) for one in curve) for curve in values["peers"])
        return cls(**{**values, "recipe": parse(values["recipe"], "a job"), "peers": peers})

    @property
    def key(self) -> str:
        """The same for the same training, in every process."""
        return blake2b(to_json(self.to_dict(), indent=None).encode(), digest_size=12).hexdigest()

    @property
    def about(self) -> dict[str, Any]:
        """What a Trial says of itself besides recipe and seed."""
        return {name: getattr(self, name) for name in ("number", "origin", "name", "why", "base")}


def read(text: str) -> Job:
    """A Job from JSON.

    Raises:
        InputError: of another form, as another version of tagfit writes it.
    """
    try:
        return Job.from_dict(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"a job of this cure cannot be read: {error}", instead="the same tagfit everywhere") from None


def tried(job: Job, problem: Problem, figures: Sequence[str], on_epoch: OnEpoch | None, enough: Enough) -> Trial | None:
    """Carry out a job without a place; None where ``enough`` came true first.

    Args:
        job: what to train.
        problem: whole.
        figures: to measure, as of a Goal.
        on_epoch: called after each epoch.
        enough: ends the training.
    """
    given_up = hopeless(job)
    out_of_time = [False]

    def watch(epoch: Epoch) -> str:
        if on_epoch is not None:
            on_epoch(epoch, job.recipe)
        out_of_time[0] = enough()
        if out_of_time[0]:
            return "no time left"
        return "" if given_up is None else given_up(epoch)

    part = problem if job.rows is None else sampled(problem, job.rows, job.rows_seed)
    found = trial.run(part, job.recipe, job.seed, figures, watch, **job.about)
    return None if out_of_time[0] and not found.completed else found


def retrained(problem: Problem, recipe: Recipe, seed: int, folder: Path, on_epoch: OnEpoch | None = None) -> Run:
    """The run of a recipe and a seed in a folder: finished already, resumed, or trained."""
    with torch_for("a cure"):
        from tagfit.training import fit
    if (folder / "run.json").exists():
        run = open_run(folder)
        return run if run.state == "done" else fit.resume(run, problem, on_epoch)
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed before there was a run
    return fit.fit(problem, recipe, seed=seed, out=folder, name="cured", on_epoch=on_epoch)


def hopeless(job: Job) -> Callable[[Epoch], str] | None:
    """The median stopping rule for one job; None where too few trials watched the same metric."""
    recipe, peers = job.recipe, [best_so_far(curve, job.recipe) for curve in job.peers]
    if len(peers) < FEWEST_CURVES:
        return None
    curve: list[float] = []

    def look(epoch: Epoch) -> str:
        curve.append(math.nan if epoch.monitored is None else epoch.monitored)
        share = epoch.epoch / recipe.epochs
        if share < FIRST_LOOK or epoch.epoch >= recipe.epochs:
            return ""
        at = [one[min(len(one), max(1, round(share * len(one)))) - 1] for one in peers]
        now, median = best_so_far(curve, recipe)[-1], float(np.nanmedian(at))
        return f"hopeless after epoch {epoch.epoch}: {now:.4f}, median {median:.4f}" if now < median else ""

    return look


def best_so_far(curve: Sequence[float], recipe: Recipe) -> NDArray[np.float64]:
    """The best monitored value up to each epoch, the higher the better (a loss is turned round)."""
    values = np.asarray(curve, dtype=np.float64)
    upward = -values if recipe.monitor == "loss" else values
    return np.asarray(np.maximum.accumulate(np.where(np.isnan(upward), -np.inf, upward)))


def sampled(problem: Problem, rows: int, seed: int) -> Problem:
    """The same Problem with about ``rows`` of its train rows, stratified by labels, groups kept whole.

    Raises:
        InputError: fewer than two, or more than there are.
    """
    part = problem.part("train")
    if not 2 <= rows <= len(part):
        raise InputError(f"--search-on {rows} of {len(part)} train rows", instead=f"2 to {len(part)}")
    if rows == len(part):
        return problem
    shares = [rows / len(part), 1 - rows / len(part)]
    keys = [str(name) for name in part.ids]
    kept = assign(part.truth, part.known, shares, keys=keys, groups=part.groups, seed=seed) == 0
    split = problem.split.copy()
    split[part.rows[~kept]] = ""
    return replace(problem, split=split)
