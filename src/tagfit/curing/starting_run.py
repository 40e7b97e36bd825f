"""Starting run: the run that the cure of a Problem begins from, trained in a folder next to that of the cure."""

from __future__ import annotations

from pathlib import Path

from tagfit.curing.progress import Progress
from tagfit.curing.request import CureOptions
from tagfit.curing.trial import OnEpoch
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.history import Epoch
from tagfit.recipe import Recipe, find
from tagfit.runs.run import Run, open_run
from tagfit.training.torch_import import torch_for


def place_of(cure: Path) -> Path:
    """Where the starting run of a cure goes."""
    return cure.with_name(f"{cure.name}-start")


def starting_run(
    problem: Problem, recipe: Recipe | str | Path | None, cure: Path, options: CureOptions, progress: Progress
) -> Run:
    """The starting run of a Problem; one that was begun with the same problem, recipe and seed is used, or resumed.

    Args:
        problem: to train on.
        recipe: None for ``plain-conv`` on pictures and ``plain-dense`` on rows.
        cure: the folder of the cure.
        options: of the cure: its seed, and the budget that this training counts towards.
        progress: its callbacks.

    Raises:
        InputError: the folder holds another run.
    """
    chosen = recipe or ("plain-dense" if problem.preprocessing.size is None else "plain-conv")
    wanted = chosen if isinstance(chosen, Recipe) else find(chosen)
    out = place_of(cure)
    with torch_for("a cure"):
        from tagfit.training import fit
    if not (out / "run.json").exists():
        progress.report(f"training {'the recipe' if chosen is wanted else chosen}, which the cure starts from")
        return fit.fit(problem, chosen, seed=options.seed, out=out, on_epoch=_watched(options, progress))
    run = open_run(out)
    same = {
        "problem": run.problem["fingerprint"] == problem.fingerprint,
        "recipe": run.recipe == wanted,
        "seed": run.info["seed"] == options.seed,
        "net": not run.info.get("net"),
    }
    if not all(same.values()):
        raise InputError(
            f"{out} holds another starting run: {', '.join(name for name, is_same in same.items() if not is_same)} "
            "differ",
            instead=f"another --out, or `tagfit cure {out}` to start from that run",
        )
    return fit.resume(run, problem, progress.on_epoch)


def _watched(options: CureOptions, progress: Progress) -> OnEpoch:
    """The callback of the starting training; after the first epoch it warns where all of them exceed the budget."""

    def on_epoch(epoch: Epoch, recipe: Recipe) -> None:
        expected = epoch.seconds * recipe.epochs
        if epoch.epoch == 1 and options.budget is not None and expected > options.budget:
            progress.report(
                f"caution: the starting training takes up to {expected:.0f} s, and the budget of the cure is "
                f"{options.budget:g} s"
            )
        if progress.on_epoch is not None:
            progress.on_epoch(epoch, recipe)

    return on_epoch
