"""Evidence: what the folder of a cure holds, read without training or writing anything."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from tagfit.curing import confirm, request, trial
from tagfit.curing.confirm import Confirmed
from tagfit.curing.followup import LOGS, Followup
from tagfit.curing.names import REQUEST, TRIALS
from tagfit.curing.request import CureRequest
from tagfit.curing.row_digests import ROWS
from tagfit.curing.search import START, Search
from tagfit.curing.trial import Trial
from tagfit.data.plan import Plan
from tagfit.data.problem import Problem
from tagfit.runs.run import Run, open_run

START_FOLDER = "start"


@dataclass(frozen=True)
class Evidence:
    """What a certificate is made from.

    Attributes:
        problem: what was cured.
        request: goal and options, from ``cure.json``.
        start: the copied starting run.
        search: with every trial of the log.
        retrained: every trial with finished fresh seeds, by its number.
    """

    problem: Problem
    request: CureRequest
    start: Run
    search: Search
    retrained: Mapping[int, Confirmed]

    @property
    def folder(self) -> Path:
        """Of the cure."""
        return self.search.folder

    def logged(self, winner: int, origin: str) -> Followup:
        """The trainings of a purpose that were logged for a winner."""
        return Followup(self.folder, origin, winner)

    @property
    def runs(self) -> dict[str, Run]:
        """The starting run and every fresh seed, by place in the folder."""
        runs = (self.start, *(fresh.run for one in self.retrained.values() for fresh in one.fresh))
        return {run.folder.relative_to(self.folder).as_posix(): run for run in runs}


def gathered(folder: Path, problem: Problem) -> Evidence:
    """Read the folder of a cure; nothing is trained or written.

    Raises:
        InputError: a file that is missing or cannot be read.
    """
    asked = CureRequest.from_dict(request.read(folder)["asked"])
    start, goal, options = open_run(folder / START_FOLDER), asked.goal, asked.options
    search = Search(
        problem=problem,
        goal=goal,
        start=as_trial(start, confirm.figures(start, problem, goal)),
        moves=(),
        seed=options.seed,
        augment=options.augment,
        folder=folder,
        trials=trial.load(folder / TRIALS),
    )
    seeds = [options.seed + 1 + place for place in range(options.seeds)]
    found = [confirm.finished(problem, one, goal, seeds, folder) for one in search.trials if one.completed]
    retrained = {one.trial.number: one for one in found if one is not None}
    if options.search_on is None:
        search.confirmed.update({number: one.means for number, one in retrained.items()})
    return Evidence(problem, asked, start, search, retrained)


def source_of(start: Run) -> dict[str, Any]:
    """The sources of a run and how they are read, every option spelled out; empty for a Problem made in Python."""
    source = start.problem["source"]
    return Plan.from_dict(source).resolved().to_dict() if source else {}


def as_trial(start: Run, values: Mapping[str, float]) -> Trial:
    """The starting run as the trial that the search begins from."""
    info = start.info
    curve = tuple(float("nan") if epoch.monitored is None else epoch.monitored for epoch in start.history)
    return Trial(
        number=START,
        origin="start",
        name="the starting run",
        why="",
        base=None,
        recipe=start.recipe,
        seed=info["seed"],
        values=values,
        curve=curve,
        epochs=len(curve),
        seconds=float(info.get("seconds") or 0.0),
    )


def files_of(folder: Path, after: str, splits: Iterable[str]) -> list[str]:
    """Every file of the folder that a certificate rests on, by its name from there.

    Args:
        folder: of the cure.
        after: the place of the run that was kept.
        splits: of the problem.
    """
    retrained = sorted(path.parent for path in (folder / confirm.SEEDS).glob("*/run.json"))
    places = [START_FOLDER, *(f"{confirm.SEEDS}/{path.name}" for path in retrained if open_run(path).state == "done")]
    names = ["run.json", "problem.json", "recipe.toml", "history.jsonl", "weights.safetensors"]
    found = [
        f"{place}/{name}"
        for place in places
        for name in (*names, *(f"scores/{split}.npz" for split in splits_of(place, after, splits)))
    ]
    logs = [name for name in LOGS.values() if (folder / name).exists()]
    return [*found, ROWS, TRIALS, REQUEST, *logs]


def splits_of(place: str, after: str, splits: Iterable[str]) -> list[str]:
    """The splits that a certificate rests on for the run in a place: test for the two sides alone."""
    return [split for split in splits if split != "test" or place in (START_FOLDER, after)]


def machine() -> dict[str, str]:
    """What the last digits of a net's scores depend on: the processor, and the versions of the libraries."""
    return {"processor": _processor(), "torch": _torch(), "numpy": np.__version__}


def _torch() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:  # verification scores with NumPy and needs none
        return "not installed"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
