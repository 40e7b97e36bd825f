"""Fit a recipe on a Problem, and resume an interrupted run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagfit import launch
from tagfit.arguments import checked
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.history import Epoch
from tagfit.recipe import AS_OVERRIDE, Recipe, default_name, find
from tagfit.runs.run import Run, open_run
from tagfit.scoring import OnDecoded, reopen
from tagfit.training.torch_import import torch_for

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

OnEpoch = Callable[[Epoch, Recipe], None]

TO_A_PROBLEM = "a Problem: tagfit.split(tagfit.read('photos/')), or tagfit.split(tagfit.from_arrays(X, Y))"
# It becomes a part of the name of a folder.
LONGEST_CALLED = 100
NAMES_ELSEWHERE = {
    "lr": "overrides={'learning_rate': 0.001}",
    "dropout_rate": "overrides={'dropout': [0.3]}",
    "validation_split": "tagfit.split(data, validation=0.15)",
    "validation_data": "tagfit.split(data, validation=other)",
    "callbacks": "on_epoch=function(epoch, recipe)",
    "class_weight": "overrides={'positive_weights': 'balanced'}",
    "sample_weight": "tagfit.from_arrays(X, Y, weights=...), or a `weight` column",
    "random_state": "seed=0",
    "output": "out='runs/mine'",
}


@contextmanager
def reading_in_turn(device: str | None = None) -> Iterator[None]:
    """Around the reading of a source: of the processes that ``torchrun`` started, the first one fills the cache."""
    if launch.count() == 1:
        yield
        return
    with torch_for("training"):
        from tagfit.training import together
    with together.in_turn(together.first_reads(device)):
        yield


@checked({**AS_OVERRIDE, **NAMES_ELSEWHERE}, problem=TO_A_PROBLEM)
def fit(
    problem: Problem,
    recipe: Recipe | str | Path | None = None,
    *,
    overrides: Mapping[str, Any] | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    device: str | None = None,
    threads: int | None = None,
    on_epoch: OnEpoch | None = None,
    name: str | None = None,
    net: NetFactory | None = None,
    on_extracted: OnDecoded | None = None,
) -> Run:
    """Train a recipe on a Problem and write the run folder.

    Args:
        problem: data, splits, labels and preprocessing. The net is trained on train and watched on validation.
        recipe: a Recipe, the name of one, or a recipe file; None for ``regularised-conv`` on pictures and
            ``regularised-dense`` on features.
        overrides: recipe fields to change, such as ``{"epochs": 20}``.
        seed: of weights, row order, dropout and augmentation, in [0, 2**32). The same seed, machine and number of
            threads give the same bits.
        out: the run folder, new or empty; None for ``runs/<date>-<recipe>-<seed>``.
        device: "cpu", "cuda" or "mps"; None takes a GPU if there is one.
        threads: number of processor threads; None chooses.
        on_epoch: called after each epoch with its record and the recipe.
        name: what the run calls its recipe; None takes the name of a named one.
        net: a function of (input_shape, labels) that returns a ``torch.nn.Module`` giving logits of shape (n, labels),
            in place of the recipe's layers. ``architecture`` still decides the layout of pictures: (3, H, W) for
            "conv", which may be augmented, (H, W, 3) for "dense". Only its name is stored: pass it to load the run.
        on_extracted: called with (pictures done, pictures in all) while a frozen backbone extracts features.

    Started by ``torchrun``, the processes train one net: each takes its share of every batch, the first one writes.

    Raises:
        InputError: a folder in use, a recipe that does not suit the data, a training that diverged, a full disk.
        KeyboardInterrupt: passed on; the run can be resumed.
    """
    with torch_for("training"):
        from tagfit.training import fit
    if recipe is None:
        recipe = default_name(problem.inputs.shape[1:])
    called = name or ("recipe" if isinstance(recipe, Recipe) else Path(recipe).name.removesuffix(".toml"))
    if len(called) > LONGEST_CALLED:
        raise InputError(f"name = {called[:40]!r}... has {len(called)} characters", instead=f"at most {LONGEST_CALLED}")
    chosen = recipe if isinstance(recipe, Recipe) else find(recipe)
    if overrides:
        chosen = chosen.changed(**overrides)
    return fit.fit(
        problem,
        chosen,
        seed=seed,
        out=out,
        device=device,
        threads=threads,
        on_epoch=on_epoch,
        name=called,
        net=net,
        on_extracted=on_extracted,
    )


@checked()
def resume(
    folder: Run | str | Path,
    *,
    problem: Problem | None = None,
    on_decoded: OnDecoded | None = None,
    on_epoch: OnEpoch | None = None,
    on_extracted: OnDecoded | None = None,
    net: NetFactory | None = None,
) -> Run:
    """Resume an interrupted run. It ends with the same weights, bit for bit, as a run that was never interrupted.

    Args:
        folder: of the run.
        problem: what the run was started on; None reads it again from its sources.
        on_decoded: called with (pictures done, pictures in all).
        on_epoch: called after each epoch with its record and the recipe.
        on_extracted: called with (pictures done, pictures in all) while a frozen backbone extracts features.
        net: the factory that the run was started with, if any.

    Raises:
        InputError: no such run, sources that changed since it started, or a run that another process is writing.
    """
    run = folder if isinstance(folder, Run) else open_run(folder)
    if run.state == "done":
        return run
    with torch_for("training"):
        from tagfit.training import fit
    with reading_in_turn(run.info["machine"]["device"]):
        opened = reopen(run, on_decoded, problem)
    return fit.resume(run, opened, on_epoch, net=net, on_extracted=on_extracted)
