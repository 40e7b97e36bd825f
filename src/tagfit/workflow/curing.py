"""Cure a run, resume a cure, and verify the certificate that it ends with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tagfit.arguments import checked, refuse_unused
from tagfit.backbones import best_installed
from tagfit.curing import cure as curing
from tagfit.curing import join as joining
from tagfit.curing import request
from tagfit.curing import verify as verifying
from tagfit.curing.certificate import Certificate
from tagfit.curing.certificate import load as load_certificate
from tagfit.curing.evidence import START_FOLDER
from tagfit.curing.limits import DEFAULT_SEEDS
from tagfit.curing.progress import Progress
from tagfit.curing.request import CureOptions, CureRequest
from tagfit.curing.starting_run import starting_run
from tagfit.curing.verification import Verification
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.evaluation.evaluate import evaluate
from tagfit.goal import Goal
from tagfit.recipe import Recipe
from tagfit.runs.run import Run, open_run
from tagfit.scoring import OnDecoded, reopen

# What somebody who asks for "accuracy" may mean.
ACCURACIES = ("label_accuracy", "subset_accuracy", "sample_f1")


@checked(
    start="a finished Run or its folder, or a Problem",
    budget='seconds, or a text such as "90s", "10m" or "1.5h"',
    goal="a Goal, or texts such as 'validation.label_accuracy>=0.85'",
    gap="gap_at_most=0.05",
    max_trials="trials=",
    n_trials="trials=",
    timeout="budget=600, in seconds",
    told="progress=",
)
def cure(
    start: Run | Problem | str | Path,
    goal: Goal | str | Sequence[str] | None = None,
    *,
    maximise: str | None = None,
    gap_at_most: float | None = None,
    trials: int | None = None,
    budget: float | str | None = None,
    augment: bool = False,
    pretrained: bool = False,
    seeds: int = DEFAULT_SEEDS,
    search_on: int | None = None,
    parallel: int = 1,
    seed: int = 0,
    problem: Problem | None = None,
    recipe: Recipe | str | Path | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    on_decoded: OnDecoded | None = None,
) -> Certificate:
    """Reach a goal by changing only the recipe, and certify it: see ``tagfit.curing.cure``.

    The folder gets ``certificate.json``. The command also writes a page; in Python,
    ``tagfit.write_certificate_page(certificate)`` does.

    Args:
        start: a finished run or its folder; or a Problem, on which ``recipe`` is trained first.
        goal: a Goal, or texts such as ``validation.label_accuracy>=0.85`` or ``lesson``; None for the best validation
            mAP with a small gap.
        maximise, gap_at_most: as in Goal, in addition to ``goal``.
        trials: how many recipes are tried at most; None for as many as the budget allows.
        budget: seconds, or a text such as "10m", for the whole cure; the best trial is retrained at least once, though
            that takes longer. None for no limit if there are ``trials``, else ten minutes.
        augment: allow augmentation, which changes what the net sees.
        pretrained: allow heads on a pretrained backbone, which brings in weights that were trained on other data.
        seeds: number of fresh seeds that the winner is retrained with.
        search_on: number of train rows that trials are trained on; None for all.
        parallel: how many recipes are chosen at a time, for as many processes: this one and those that join. What is
            found depends on this number, and not on how many processes there are.
        seed: of the search.
        problem: what the run was trained on, if the run cannot read it again itself.
        recipe: what is trained first on a Problem; None for ``plain-conv`` on pictures and ``plain-dense`` on features.
        out: the folder of the cure; None for ``cures/<date>-<name>``. An interrupted cure in it is resumed.
        progress: callbacks.
        on_decoded: called with (pictures done, pictures in all).

    Raises:
        InputError: what cannot be cured, or a goal that proves nothing.
    """
    progress = progress or Progress()
    options = CureOptions.of(
        trials=trials,
        budget=budget,
        augment=augment,
        pretrained=pretrained,
        seeds=seeds,
        search_on=search_on,
        parallel=parallel,
        seed=seed,
    )
    if pretrained:
        best_installed()  # refused before anything is trained
    name = "problem" if isinstance(start, Problem) else Path(start.folder if isinstance(start, Run) else start).name
    folder = Path(out) if out is not None else request.default_folder(name)
    if isinstance(start, Problem):
        refuse_unused("cure(Problem)", problem=problem)
        _goal(goal, None, maximise, gap_at_most)  # refused before anything is trained
        problem, start = start, starting_run(start, recipe, folder, options, progress)
    else:
        refuse_unused("cure(run)", recipe=recipe)
    run = start if isinstance(start, Run) else open_run(start)
    if run.state != "done":
        raise InputError(f"{run.folder} is {run.state}", instead=f"`tagfit train --resume {run.folder}` finishes it")
    asked = CureRequest(_goal(goal, run, maximise, gap_at_most), options)
    return curing.cure(run, reopen(run, on_decoded, problem), asked, folder, progress)


@checked(told="progress=")
def resume_cure(
    folder: str | Path,
    *,
    trials: int | None = None,
    budget: float | str | None = None,
    problem: Problem | None = None,
    progress: Progress | None = None,
    on_decoded: OnDecoded | None = None,
) -> Certificate:
    """Resume an interrupted cure as it was asked for; with a fixed number of trials it ends with the same winner.

    Args:
        folder: of the cure.
        trials, budget: larger limits than the cure was begun with, to continue a search; None leaves each as it was.
        problem: what the starting run was trained on, if the run cannot read it again itself.
        progress: callbacks.
        on_decoded: called with (pictures done, pictures in all).

    Raises:
        InputError: no cure was started there, or the sources changed since.
    """
    path = Path(folder)
    run = _starting_run(path)
    opened = reopen(run, on_decoded, problem)
    return curing.cure(run, opened, request.extend(path, trials, budget), path, progress)


@checked(told="progress=")
def join_cure(
    folder: str | Path,
    *,
    problem: Problem | None = None,
    progress: Progress | None = None,
    on_decoded: OnDecoded | None = None,
) -> Certificate:
    """Take trainings of a cure that another process, perhaps on another machine, began; ends with its certificate.

    Args:
        folder: of the cure, on a file system that both share and that has locks.
        problem, progress, on_decoded: as for :func:`resume_cure`.

    Raises:
        InputError: no cure was started there, or the sources changed since.
    """
    path = Path(folder)
    run = _starting_run(path)
    return joining.join(run, reopen(run, on_decoded, problem), path, progress or Progress())


def _starting_run(folder: Path) -> Run:
    begun = request.read(folder)
    found = [place for place in (Path(begun["start"]), folder / START_FOLDER) if (place / "run.json").exists()]
    if not found:
        raise InputError(f"the starting run {begun['start']} is gone", instead="a new cure of an existing run")
    return open_run(found[0])


@checked()
def verify(
    certificate: Certificate | str | Path, *, problem: Problem | None = None, on_decoded: OnDecoded | None = None
) -> Verification:
    """Check a certificate against sources, weights and logs: see ``tagfit.curing.verify``.

    Args:
        certificate: itself, its file, or the folder of its cure.
        problem: what was cured, if it was made in Python.
        on_decoded: called with (pictures done, pictures in all).

    Raises:
        InputError: no certificate. What was altered in one is not an error but in the result.
    """
    found = certificate if isinstance(certificate, Certificate) else load_certificate(certificate)
    return verifying.verify(found, problem=problem, on_decoded=on_decoded)


def _goal(
    goal: Goal | str | Sequence[str] | None, run: Run | None, maximise: str | None, gap_at_most: float | None
) -> Goal:
    """The goal with the other arguments. For "accuracy" the message lists the candidates, with the values of a run."""
    if isinstance(goal, Goal):
        return _with_more(goal, maximise, gap_at_most)
    texts = [] if goal is None else [goal] if isinstance(goal, str) else list(goal)
    try:
        return Goal(*texts, maximise=maximise, gap_at_most=gap_at_most)
    except InputError as error:
        if run is None or not any(re.search(r"(?<!\w)accuracy", text) for text in texts):
            raise
        judged = evaluate(run.scores("validation"), metrics=ACCURACIES, intervals=None)
        values = ", ".join(f"{name} ({judged[name]:.3f} on validation)" for name in ACCURACIES)
        raise InputError([replace(fault, instead=values) for fault in error.faults]) from None


def _with_more(goal: Goal, maximise: str | None, gap_at_most: float | None) -> Goal:
    """A Goal with ``maximise`` and ``gap_at_most`` added; two different values of one are refused."""
    for name, own, given in (
        ("maximise", goal.maximise, maximise),
        ("gap_at_most", goal.gap_at_most, gap_at_most),
    ):
        if None not in (own, given) and own != given:
            raise InputError(f"the Goal has {name} = {own!r}, cure got {name} = {given!r}", instead="one of the two")
    return Goal(
        *(bound.text for bound in goal.bounds),
        maximise=goal.maximise if maximise is None else maximise,
        gap_at_most=goal.gap_at_most if gap_at_most is None else gap_at_most,
    )
