"""Asking: what a cure was asked for, written down before it begins, and what is refused before it does."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tagfit.curing.limits import DEFAULT_BUDGET, DEFAULT_SEEDS
from tagfit.data.problem import Problem
from tagfit.diagnosis.finding import Findings
from tagfit.errors import InputError
from tagfit.evaluation.evaluate import evaluate
from tagfit.files import disk_faults, to_json, write_text
from tagfit.goal import Goal
from tagfit.runs.run import Run

FORMAT = 1
ASKED = "cure.json"
# Metrics that no prediction of the same tags for every picture does well in.
SERVING = ("macro_f1", "mAP")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([smh]?)\s*")


@dataclass(frozen=True)
class Asked:
    """What a cure is to do.

    Attributes:
        goal: what has to be reached.
        trials: how many recipes are tried at most; None for as many as the budget allows.
        budget: seconds for search, confirmation and ablation; None for no limit.
        augment: whether pictures may be moved about, which changes what the model sees.
        seeds: with how many fresh seeds the winner is retrained.
        search_on: trials are trained on this many train rows; None for all.
        seed: of the search; the fresh seeds follow it.
    """

    goal: Goal
    trials: int | None = None
    budget: float | None = None
    augment: bool = False
    seeds: int = DEFAULT_SEEDS
    search_on: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be done, and set the default budget where neither budget nor trials limit the search."""
        for name in ("trials", "seeds"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} = {value}", instead="1 or more")
        if self.budget is not None and not self.budget > 0:
            raise InputError(f"budget = {self.budget}", instead="seconds, more than 0")
        if self.trials is None and self.budget is None:
            object.__setattr__(self, "budget", DEFAULT_BUDGET)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**vars(self), "goal": self.goal.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Asked:
        """What :meth:`to_dict` gave."""
        return cls(**{**values, "goal": Goal.from_dict(values["goal"])})


def seconds(text: str) -> float:
    """A duration such as ``90s``, ``10m`` or ``1.5h``; a bare number is of seconds.

    Raises:
        InputError: another form.
    """
    found = _DURATION.fullmatch(text)
    if found is None or float(found[1]) <= 0:
        raise InputError(f"{text!r} is no duration", instead="90s, 10m or 1.5h")
    return float(found[1]) * _UNITS[found[2] or "s"]


def default_folder(name: str) -> Path:
    """``cures/<date>-<name>``, with a number behind it where that is taken."""
    stem = f"{datetime.now():%Y-%m-%d}-{name}"
    candidate, number = Path("cures") / stem, 2
    while candidate.exists():
        candidate, number = Path("cures") / f"{stem}-{number}", number + 1
    return candidate


def begin(folder: Path, start: Run, problem: Problem, asked: Asked) -> None:
    """Write down what is asked in ``folder/cure.json``, or find the same written there.

    Raises:
        InputError: another cure stands there, or other files.
    """
    wanted = {
        "format": FORMAT,
        "start": str(start.folder.absolute()),
        "fingerprint": dict(problem.fingerprint),
        "recipe": start.recipe.model_dump(mode="json"),
        "asked": asked.to_dict(),
    }
    path = folder / ASKED
    if path.exists():
        there = read(folder)
        altered = [name for name in wanted if name != "start" and there.get(name) != json.loads(to_json(wanted[name]))]
        if altered:
            raise InputError(
                f"{folder} holds another cure: {', '.join(altered)} differ", instead="another --out, or its --resume"
            )
        return
    with disk_faults(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} exists and is not empty", instead="a new folder")
        folder.mkdir(parents=True, exist_ok=True)
    write_text(path, to_json(wanted) + "\n")


def read(folder: Path) -> dict[str, Any]:
    """What ``cure.json`` says.

    Raises:
        InputError: there is none that can be read.
    """
    try:
        found = json.loads((folder / ASKED).read_text(encoding="utf-8"))
    except OSError:
        raise InputError(f"{folder} holds no cure that was begun", instead="a folder with cure.json") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{folder / ASKED} is no JSON: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise InputError(f"{folder / ASKED} is of no format that this tagfit reads", instead=f"format {FORMAT}")
    return found


def refuse_trivial(start: Run, findings: Findings, goal: Goal) -> None:
    """Raise an InputError where a trivial prediction meets the goal, with its figures and metrics that would serve."""
    if not goal.bounds:
        return
    finding = findings["trivial-goal"]
    if finding.outcome != "fired":
        return
    judged = evaluate(
        start.scores("validation"), prevalence=start.prevalence, metrics=list(SERVING), intervals=None
    ).metrics
    serving = []
    for name in SERVING:
        trivial = [one for one in (judged[name].nothing, judged[name].prevalence, judged[name].best_constant) if one]
        serving.append(f"validation.{name} (trivially {max(trivial, default=0.0):.3f}, now {judged[name].value:.3f})")
    raise InputError(
        f"the goal proves nothing: {finding.verdict.says.rstrip('.')}",
        instead=f"a bound above these, or on {' or '.join(serving)}",
    )
