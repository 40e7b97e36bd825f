"""Starting run: the run that the cure of a Problem begins from, trained in a folder next to that of the cure."""

from __future__ import annotations

from pathlib import Path

from tagfit import recipe as recipes
from tagfit.curing.progress import Progress
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.runs.run import Run, open_run
from tagfit.training.torch_import import torch_for


def place_of(cure: Path) -> Path:
    """Where the starting run of a cure goes."""
    return cure.with_name(f"{cure.name}-start")


def starting_run(
    problem: Problem, recipe: Recipe | str | Path | None, cure: Path, seed: int, progress: Progress
) -> Run:
    """The starting run of a Problem; one that was begun with the same problem, recipe and seed is used, or resumed.

    Args:
        problem: to train on.
        recipe: None for ``plain-conv`` on pictures and ``plain-dense`` on rows.
        cure: the folder of the cure.
        seed: of the training.
        progress: its callbacks.

    Raises:
        InputError: the folder holds another run.
    """
    chosen = recipe or ("plain-dense" if problem.preprocessing.size is None else "plain-conv")
    wanted = chosen if isinstance(chosen, Recipe) else recipes.find(chosen)
    out = place_of(cure)
    with torch_for("a cure"):
        from tagfit.training import fit as training
    if not (out / "run.json").exists():
        progress.report(f"training {'the recipe' if chosen is wanted else chosen}, which the cure starts from")
        return training.fit(problem, chosen, seed=seed, out=out, on_epoch=progress.on_epoch)
    run = open_run(out)
    same = {
        "problem": run.problem["fingerprint"] == problem.fingerprint,
        "recipe": run.recipe == wanted,
        "seed": run.info["seed"] == seed,
        "net": not run.info.get("net"),
    }
    if not all(same.values()):
        raise InputError(
            f"{out} holds another starting run: {', '.join(name for name, is_same in same.items() if not is_same)} "
            "differ",
            instead=f"another --out, or `tagfit cure {out}` to start from that run",
        )
    return training.resume(run, problem, progress.on_epoch)
