"""Cure a run, resume a cure, and verify the certificate that it ends with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tagfit.arguments import checked, refuse_unused
from tagfit.curing import cure as curing
from tagfit.curing import request
from tagfit.curing import verify as verifying
from tagfit.curing.certificate import Certificate
from tagfit.curing.certificate import load as load_certificate
from tagfit.curing.limits import DEFAULT_SEEDS
from tagfit.curing.request import Asked
from tagfit.curing.verify import Verification
from tagfit.curing.winner import Told
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.evaluation.evaluate import evaluate
from tagfit.goal import Goal
from tagfit.recipe import Recipe
from tagfit.runs.run import Run, open_run
from tagfit.scoring import OnDecoded, reopen
from tagfit.workflow.fitting import fit, resume

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
    seeds: int = DEFAULT_SEEDS,
    search_on: int | None = None,
    seed: int = 0,
    problem: Problem | None = None,
    recipe: Recipe | str | Path | None = None,
    out: str | Path | None = None,
    told: Told | None = None,
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
        budget: seconds, or a text such as "10m", for search, confirmation and ablation; None for no limit if there are
            ``trials``, else ten minutes.
        augment: allow augmentation, which changes what the net sees.
        seeds: number of fresh seeds that the winner is retrained with.
        search_on: number of train rows that trials are trained on; None for all.
        seed: of the search.
        problem: what the run was trained on, if the run cannot read it again itself.
        recipe: what is trained first on a Problem; None for ``plain-conv`` on pictures and ``plain-dense`` on features.
        out: the folder of the cure; None for ``cures/<date>-<name>``. An interrupted cure in it is resumed.
        told: callbacks for progress.
        on_decoded: called with (pictures done, pictures in all).

    Raises:
        InputError: what cannot be cured, or a goal that proves nothing.
    """
    told = told or Told()
    name = "problem" if isinstance(start, Problem) else Path(start.folder if isinstance(start, Run) else start).name
    folder = Path(out) if out is not None else request.default_folder(name)
    seconds = request.seconds(budget) if isinstance(budget, str) else budget
    options = {
        "trials": trials,
        "budget": seconds,
        "augment": augment,
        "seeds": seeds,
        "search_on": search_on,
        "seed": seed,
    }
    if isinstance(start, Problem):
        refuse_unused("cure(Problem)", problem=problem)
        problem, start = start, _first_run(start, recipe, folder, seed, told)
    else:
        refuse_unused("cure(run)", recipe=recipe)
    run = start if isinstance(start, Run) else open_run(start)
    if run.state != "done":
        raise InputError(f"{run.folder} is {run.state}", instead=f"`tagfit train --resume {run.folder}` finishes it")
    asked = Asked(_goal(goal, run, maximise, gap_at_most), **options)  # type: ignore[arg-type]
    return curing.cure(run, reopen(run, on_decoded, problem), asked, folder, told)


@checked()
def resume_cure(
    folder: str | Path,
    *,
    problem: Problem | None = None,
    told: Told | None = None,
    on_decoded: OnDecoded | None = None,
) -> Certificate:
    """Resume an interrupted cure as it was asked for; with a fixed number of trials it ends with the same winner.

    Args:
        folder: of the cure.
        problem: what the starting run was trained on, if the run cannot read it again itself.
        told: callbacks for progress.
        on_decoded: called with (pictures done, pictures in all).

    Raises:
        InputError: no cure was started there, or the sources changed since.
    """
    path = Path(folder)
    begun = request.read(path)
    there = [place for place in (Path(begun["start"]), path / curing.START) if (place / "run.json").exists()]
    if not there:
        raise InputError(f"the starting run {begun['start']} is gone", instead="a new cure of an existing run")
    run = open_run(there[0])
    return curing.cure(run, reopen(run, on_decoded, problem), Asked.from_dict(begun["asked"]), path, told)


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


def _first_run(problem: Problem, recipe: Recipe | str | Path | None, folder: Path, seed: int, told: Told) -> Run:
    """The run that a Problem's cure starts from, next to the folder of the cure."""
    chosen = recipe or ("plain-dense" if problem.preprocessing.size is None else "plain-conv")
    out = folder.with_name(f"{folder.name}-start")
    if (out / "run.json").exists():
        return resume(out, problem=problem, on_epoch=told.epoch)
    told.say(f"training {'the recipe' if isinstance(chosen, Recipe) else chosen}, which the cure starts from")
    return fit(problem, chosen, seed=seed, out=out, on_epoch=told.epoch)


def _goal(goal: Goal | str | Sequence[str] | None, run: Run, maximise: str | None, gap_at_most: float | None) -> Goal:
    """The goal with what was asked for beside it. Who asks for "accuracy" is shown the candidates with their values."""
    if isinstance(goal, Goal):
        return _with_more(goal, maximise, gap_at_most)
    texts = [] if goal is None else [goal] if isinstance(goal, str) else list(goal)
    try:
        return Goal(*texts, maximise=maximise, gap_at_most=gap_at_most)
    except InputError as error:
        if not any(re.search(r"(?<!\w)accuracy", text) for text in texts):
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
