"""Diagnose a run or the arrays of any model, with out-of-fold scores of the train rows where they are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tagfit.arguments import checked, refuse_unused
from tagfit.data.problem import Problem
from tagfit.data.splits.stratify import assign
from tagfit.diagnosis import diagnose as diagnosis
from tagfit.diagnosis import from_run
from tagfit.diagnosis.finding import Findings
from tagfit.diagnosis.histories import Curves
from tagfit.diagnosis.out_of_fold import HeldOut, held_out
from tagfit.errors import InputError
from tagfit.history import Epoch
from tagfit.recipe import Recipe
from tagfit.runs.run import Run, open_run
from tagfit.scores import Scores
from tagfit.scoring import OnDecoded, reopen
from tagfit.training.torch_import import torch_for
from tagfit.workflow.fitting import OnEpoch

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

# (truth, scores), (truth, scores, inputs), a dict of these and more, or Scores: see diagnosis.diagnose.
Side = Scores | Mapping[str, Any] | Sequence[Any]


@checked(
    train="(truth, scores), (truth, scores, inputs), a dict with these, or Scores",
    validation="(truth, scores), (truth, scores, inputs), a dict with these, or Scores",
    run="a Run or its folder; arrays go as train=(truth, scores), validation=(truth, scores)",
)
def diagnose(
    run: Run | str | Path | None = None,
    *,
    problem: Problem | None = None,
    train: Side | None = None,
    validation: Side | None = None,
    history: Curves | Mapping[str, Any] | Iterable[Epoch] | str | Path | None = None,
    cross_fit: Side | None = None,
    labels: Sequence[str] | None = None,
    goal: str | Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    mute: Sequence[str] | None = None,
    backbone: str | None = None,
    on_decoded: OnDecoded | None = None,
) -> Findings:
    """Find out why a model fails to generalise: ``diagnose(run)``, or ``diagnose(train=..., validation=...)``.

    Args:
        run: a Run or its folder; its scores, history, recipe and pictures are examined.
        problem: what the run was trained on, if the run cannot read it again itself.
        train, validation: ``(truth, scores)`` or ``(truth, scores, inputs)``, a dict with ``truth``, ``scores`` and
            optionally ``known``, ``labels``, ``ids``, ``groups``, ``weights``, ``inputs``; or Scores. With a run they
            replace its own.
        history: tagfit's epochs, Keras' ``history.history``, a file of either, or a CSV log.
        cross_fit: like ``train``, with scores of models that did not see the rows.
        labels: label names, if the arrays have none.
        goal: such as ``validation.label_accuracy>=0.85``.
        metrics: what is reported or selected by, such as ``subset_accuracy`` or Keras' ``accuracy``.
        mute: codes of checks to leave out.
        backbone: on whose features models estimate the share of wrong tags; None for that of the run, if it has one.
        on_decoded: called with (pictures done, pictures in all).

    Raises:
        InputError: nothing to examine, arrays of different shapes, unknown codes.
    """
    given: dict[str, Any] = {
        "train": train,
        "validation": validation,
        "history": history,
        "cross_fit": cross_fit,
        "labels": labels,
        "goal": goal,
        "metrics": metrics,
        "mute": mute,
    }
    stated = {name: value for name, value in given.items() if value is not None}
    if run is None:
        refuse_unused("diagnose(train=...)", backbone=backbone)
        return diagnosis.diagnose(**stated)
    opened = run if isinstance(run, Run) else open_run(run)
    opened_once: list[Problem] = []

    def opened_problem() -> Problem:
        if not opened_once:
            opened_once.append(reopen(opened, on_decoded, problem))
        return opened_once[0]

    material = from_run.material(opened, opened_problem)
    if backbone is not None or (opened.recipe.architecture == "pretrained" and opened_once):
        stated["held_out"] = _held_out(opened_problem(), backbone or opened.recipe.backbone, on_decoded)
    return diagnosis.diagnose(**{**material, **stated})


def _held_out(problem: Problem, backbone: str, on_decoded: OnDecoded | None) -> tuple[HeldOut, ...]:
    with torch_for("features of a backbone"):
        from tagfit.training.backbones.features import inputs_of
    recipe = Recipe(architecture="pretrained", backbone=backbone)
    features, _ = inputs_of(problem, recipe, on_decoded)
    return held_out(problem, features.astype(np.float32))


@checked()
def cross_fit(
    run: Run | str | Path,
    folds: int,
    *,
    problem: Problem | None = None,
    on_decoded: OnDecoded | None = None,
    on_epoch: OnEpoch | None = None,
    net: NetFactory | None = None,
) -> dict[str, Any]:
    """Score the train rows of a run with models that did not see them, in the form that ``diagnose(cross_fit=)`` takes.

    The recipe is trained ``folds`` times with the run's seed, each time without one part of train. Validation is used
    for early stopping only, as in the run itself.

    Args:
        run: a Run or its folder.
        folds: number of parts.
        problem: what the run was trained on, if the run cannot read it again itself.
        on_decoded: called with (pictures done, pictures in all).
        on_epoch: called after each epoch with its record and the recipe.
        net: the factory that the run was trained with, if any.

    Raises:
        InputError: fewer than two folds, or a run whose sources are gone.
    """
    with torch_for("cross-fitting"):
        from tagfit.training import memory
    opened = run if isinstance(run, Run) else open_run(run)
    found = reopen(opened, on_decoded, problem)
    part = found.part("train")
    if not 2 <= folds <= len(part):
        raise InputError(f"{folds} parts of {len(part)} train rows", instead="5 or so")
    keys = [str(name) for name in part.ids]
    fold = assign(part.truth, part.known, [1.0] * folds, keys=keys, groups=part.groups)
    scores = np.empty(part.truth.shape, dtype=np.float32)
    recipe, seed = opened.recipe, opened.info["seed"]

    def watched(epoch: Epoch) -> None:
        if on_epoch is not None:
            on_epoch(epoch, recipe)

    for part_out in range(folds):
        split = np.where(found.split == "test", "", found.split)
        split[part.rows[fold == part_out]] = "test"
        without = replace(found, split=split)
        refit = memory.fit(without, recipe, seed=seed, net=net, on_epoch=watched, scored=("test",))
        scores[fold == part_out] = refit.scores["test"]
    return {
        "truth": part.truth,
        "known": part.known,
        "scores": scores,
        "labels": found.labels,
        "ids": part.ids,
        "groups": part.groups,
        "weights": part.weights,
    }
