"""From a run: reads the arguments of a diagnosis from a run folder and its Problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.runs.run import Run
from tagfit.scores import Scores

SIDES = ("train", "validation")


def material(run: Run, reopen: Callable[[], Problem]) -> dict[str, Any]:
    """Return the arguments of ``diagnose`` for a run.

    Args:
        run: a run with scores, history and recipe.
        reopen: returns its Problem, for the inputs. If that fails, the inputs are left out and a note says so.

    Raises:
        InputError: the run has no scores yet.
    """
    stored = [split for split in SIDES if split in run.scored_splits]
    if not stored:
        raise InputError(f"the run {run.folder} has no scores yet", instead=f"`tagfit train --resume {run.folder}`")
    scores = {split: run.scores(split) for split in stored}
    notes: tuple[str, ...] = ()
    inputs: dict[str, Any] = {}
    try:
        problem = reopen()
        inputs = {split: problem.inputs[problem.part(split).rows] for split in stored}
    except InputError as error:
        notes = (f"the pictures or feature rows could not be read: {error.faults[0].what}",)
    return {
        **{split: _fields(scores[split], inputs.get(split)) for split in stored},
        "history": run.history,
        "recipe": run.recipe,
        "kept_epoch": run.info.get("kept_epoch"),
        "notes": notes,
    }


def _fields(scores: Scores, inputs: Any) -> dict[str, Any]:
    names = ("truth", "scores", "known", "labels", "ids", "groups", "weights")
    return {**{name: getattr(scores, name) for name in names}, "inputs": inputs}
