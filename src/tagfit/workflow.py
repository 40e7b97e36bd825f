"""The whole way in one file: fit, resume, evaluate, choose thresholds, compare, diagnose, cure, verify, tag."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from tagfit import tagger
from tagfit.curing import cure as curing
from tagfit.curing import request as asking
from tagfit.curing import verify as verifying
from tagfit.curing.certificate import Certificate
from tagfit.curing.certificate import load as load_certificate
from tagfit.curing.request import Asked
from tagfit.curing.verify import Verification
from tagfit.curing.winner import Told
from tagfit.data.problem import Problem
from tagfit.data.splits.stratify import assign
from tagfit.data.tagged import TaggedSet
from tagfit.diagnosis import diagnose as diagnosis
from tagfit.diagnosis import from_run
from tagfit.diagnosis.finding import Findings
from tagfit.errors import Fault, InputError
from tagfit.evaluation import choose
from tagfit.evaluation import compare as comparing
from tagfit.evaluation import evaluate as evaluation
from tagfit.evaluation.compare import Comparison
from tagfit.evaluation.evaluation import Evaluation
from tagfit.evaluation.score_files import read_scores
from tagfit.evaluation.thresholds import Thresholds
from tagfit.goal import Goal
from tagfit.recipe import Recipe
from tagfit.runs.run import Run, open_run
from tagfit.scores import Scores
from tagfit.scoring import OnDecoded, reopen, score_source, scores_of, training_rooms
from tagfit.tagger import Tagger

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

ALWAYS_SHOWN = ("train", "validation")


def fit(problem: Problem, recipe: Recipe | str | Path = "regularised-dense", **options: Any) -> Run:
    """Train a recipe on a Problem and write the run folder: ``tagfit.training.fit.fit``, whose options it takes."""
    fitted: Run = training_rooms().fit.fit(problem, recipe, **options)
    return fitted


def resume(
    folder: Run | str | Path,
    *,
    problem: Problem | None = None,
    on_decoded: OnDecoded | None = None,
    on_epoch: Callable[..., None] | None = None,
    net: NetFactory | None = None,
) -> Run:
    """Go on with an interrupted run; it ends with the weights of an undisturbed one, bit for bit.

    Args:
        folder: of the run.
        problem: what it was begun on; None reads it again from its sources.
        on_decoded, on_epoch: told of progress.
        net: the factory that the run was begun with, if it was.

    Raises:
        InputError: no such run, or sources that changed since it began.
    """
    run = folder if isinstance(folder, Run) else open_run(folder)
    if run.state == "done":
        return run
    resumed: Run = training_rooms().fit.resume(run, reopen(run, on_decoded, problem), on_epoch, net=net)
    return resumed


def evaluate(
    run: Run | str | Path | Scores | ArrayLike,
    scores: ArrayLike | None = None,
    *,
    source: TaggedSet | str | Path | None = None,
    problem: Problem | None = None,
    splits: Sequence[str] = ALWAYS_SHOWN,
    thresholds: ArrayLike | Thresholds = 0.5,
    metrics: str | Sequence[str] = "default",
    cache_dir: Path | None = None,
    on_decoded: OnDecoded | None = None,
    net: NetFactory | None = None,
    **about: Any,
) -> dict[str, Evaluation] | Evaluation:
    """Judge a run, or arrays from any framework: ``evaluate(run)`` or ``evaluate(truth, scores)``.

    Args:
        run: a Run or its folder, giving ``{split: Evaluation}``; or Scores, or the truth of shape (N, L), giving one.
        scores: probabilities of shape (N, L) in [0, 1], beside the truth.
        source: new data for the run, a TaggedSet or what ``read`` takes; its Evaluation stands under "data".
        problem: what the run was trained on, where "test" is asked for and the run cannot read it again itself.
        splits: of the run. Each look at "test" is written down beside the Problem.
        thresholds: one number, one a label, or Thresholds.
        metrics: "default", "all" or names.
        cache_dir: where the decoded pictures of ``source`` are kept.
        on_decoded: told of progress.
        net: the factory that the run was trained with, if it was.
        about: beside arrays ``known``, ``labels``, ``ids``, ``groups``, ``weights``, ``prevalence`` (of train);
            ``intervals``, the number of resamples or None.

    Raises:
        InputError: arrays or files that are not of the form that is said here.
    """
    judging: dict[str, Any] = {name: about.pop(name) for name in ("prevalence", "intervals") if name in about}
    judging |= {"thresholds": thresholds, "metrics": metrics}
    if isinstance(run, Scores):
        return evaluation.evaluate(run, **judging)
    if scores is not None:
        given = Scores.of(run, scores, **about)  # type: ignore[arg-type]
        return evaluation.evaluate(given, **judging)
    if not isinstance(run, Run | str | os.PathLike):
        raise InputError("evaluate got a truth without scores", instead="evaluate(run) or evaluate(truth, scores)")
    opened = run if isinstance(run, Run) else open_run(run)
    judging.setdefault("prevalence", opened.prevalence)
    if source is not None:
        new, notes = score_source(opened, source, on_decoded=on_decoded, net=net, cache_dir=cache_dir)
        judged = evaluation.evaluate(new, **judging)
        return {new.split: replace(judged, notes=(*notes, *judged.notes))}
    return {
        name: evaluation.evaluate(scores_of(opened, name, problem=problem, on_decoded=on_decoded, net=net), **judging)
        for name in _existing(opened, splits)
    }


def choose_thresholds(
    run: Run | str | Path | Scores, strategy: str = "best-f1", *, split: str = "validation", **options: Any
) -> Thresholds:
    """Thresholds by a named strategy, chosen on a split of a run or on any Scores: ``evaluation.choose``.

    Raises:
        InputError: the test split, which is there to judge on, or a strategy that does not exist.
    """
    if isinstance(run, Scores):
        return choose.choose_thresholds(run, strategy, **options)
    if split == "test":
        raise InputError("thresholds are not chosen on the test split", instead="validation")
    opened = run if isinstance(run, Run) else open_run(run)
    return choose.choose_thresholds(opened.scores(split), strategy, **options)


def compare(
    *models: Run | Scores | str | Path, split: str = "validation", names: Sequence[str] | None = None, **options: Any
) -> Comparison:
    """Hold models against the first of them on the same pictures: runs (their ``split``), Scores, or score files."""
    called = names or [
        str(model) if isinstance(model, str | Path) else f"model {i + 1}" for i, model in enumerate(models)
    ]
    if len(set(called)) < len(models):
        raise InputError(f"the same model twice: {', '.join(called)}", instead="two or more different ones")
    found = {name: _scores_for(model, split) for name, model in zip(called, models, strict=True)}
    return comparing.compare(found, **options)


def gap(run: Run | str | Path | Scores, validation: Scores | None = None, **options: Any) -> Comparison:
    """Train against validation: of a run, or of two Scores; other pictures, so not paired."""
    if isinstance(run, Scores):
        if validation is None:
            raise InputError("gap got the scores of train only", instead="gap(run) or gap(train, validation)")
        return comparing.gap(run, validation, **options)
    opened = run if isinstance(run, Run) else open_run(run)
    return comparing.gap(opened.scores("train"), opened.scores("validation"), **options)


def diagnose(
    run: Run | str | Path | None = None,
    *,
    problem: Problem | None = None,
    on_decoded: OnDecoded | None = None,
    **given: Any,
) -> Findings:
    """Say why a model fails to generalise: ``diagnose(run)``, or arrays as ``diagnosis.diagnose`` takes them.

    Args:
        run: a Run or its folder; its scores, history, recipe and pictures are looked at.
        problem: what it was trained on, where the run cannot read it again itself.
        on_decoded: told of progress.
        given: ``train``, ``validation``, ``history``, ``cross_fit``, ``labels``, ``goal``, ``metrics``, ``mute``;
            beside a run they add to it or take the place of its own.
    """
    if run is None:
        return diagnosis.diagnose(**given)
    opened = run if isinstance(run, Run) else open_run(run)
    return diagnosis.diagnose(**{**from_run.material(opened, lambda: reopen(opened, on_decoded, problem)), **given})


def cross_fit(
    run: Run | str | Path,
    folds: int,
    *,
    problem: Problem | None = None,
    on_decoded: OnDecoded | None = None,
    on_epoch: Callable[..., None] | None = None,
    net: NetFactory | None = None,
) -> dict[str, Any]:
    """The train rows of a run under models that have not seen them, in the form that ``diagnose(cross_fit=)`` takes.

    The recipe is trained ``folds`` times with the run's seed, each time without one part of train; validation is only
    what early stopping watches, as in the run itself.

    Raises:
        InputError: fewer than two folds, or a run whose sources are gone.
    """
    opened = run if isinstance(run, Run) else open_run(run)
    found = reopen(opened, on_decoded, problem)
    part = found.part("train")
    if not 2 <= folds <= len(part):
        raise InputError(f"{folds} parts of {len(part)} train rows", instead="5 or so")
    keys = [str(name) for name in part.ids]
    fold = assign(part.truth, part.known, [1.0] * folds, keys=keys, groups=part.groups)
    scores = np.empty(part.truth.shape, dtype=np.float32)
    rooms, seed = training_rooms(), opened.info["seed"]
    with tempfile.TemporaryDirectory() as scratch:
        for held in range(folds):
            split = np.where(found.split == "test", "", found.split)
            split[part.rows[fold == held]] = "test"
            without = replace(found, split=split)
            options = {"seed": seed, "out": Path(scratch) / str(held), "on_epoch": on_epoch, "net": net}
            refit = fit(without, opened.recipe, **options)
            machine = rooms.machine.choose(refit.recipe, "cpu")
            with machine.in_use():
                trained = rooms.fit.load_net(refit, without.inputs.shape[1:], net)
                scores[fold == held] = rooms.fit.score(trained, without, "test", refit.recipe, machine).scores
    return {"truth": part.truth, "known": part.known, "scores": scores, "labels": found.labels, "ids": part.ids}


def cure(
    start: Run | Problem | str | Path,
    goal: Goal | str | Sequence[str] | None = None,
    *,
    maximise: str | None = None,
    gap_at_most: float | None = None,
    problem: Problem | None = None,
    recipe: Recipe | str | Path | None = None,
    out: str | Path | None = None,
    told: Told | None = None,
    on_decoded: OnDecoded | None = None,
    **options: Any,
) -> Certificate:
    """Meet a goal by changing only the recipe, and certify it: see ``tagfit.curing.cure``.

    The folder gets ``certificate.json``; the command writes the page beside it, and so does
    ``tagfit.write_certificate_page(certificate)``.

    Args:
        start: a finished run or its folder; or a Problem, which is trained first with ``recipe``.
        goal: a Goal, or texts such as ``validation.label_accuracy>=0.85`` or ``lesson``; None for the best validation
            mAP with a small gap.
        maximise, gap_at_most: as of a Goal, beside texts.
        problem: what the run was trained on, where the run cannot read it again itself.
        recipe: what a Problem is first trained with; None for ``plain-conv`` on pictures and ``plain-dense`` on rows.
        out: the folder of the cure; None for ``cures/<date>-<name>``. One that was interrupted is gone on with.
        told: who is told of progress.
        on_decoded: told of progress.
        options: ``trials``, ``budget`` (seconds), ``augment``, ``seeds``, ``search_on``, ``seed``: see ``Asked``.

    Raises:
        InputError: what cannot be cured, or a goal that proves nothing.
    """
    told = told or Told()
    name = "problem" if isinstance(start, Problem) else Path(start.folder if isinstance(start, Run) else start).name
    folder = Path(out) if out is not None else asking.default_folder(name)
    if isinstance(start, Problem):
        problem, start = start, _first_run(start, recipe, folder, options.get("seed", 0), told)
    run = start if isinstance(start, Run) else open_run(start)
    if run.state != "done":
        raise InputError(f"{run.folder} is {run.state}", instead=f"`tagfit train --resume {run.folder}` finishes it")
    asked = Asked(_goal(goal, run, maximise=maximise, gap_at_most=gap_at_most), **options)
    return curing.cure(run, reopen(run, on_decoded, problem), asked, folder, told)


def resume_cure(
    folder: str | Path,
    *,
    problem: Problem | None = None,
    told: Told | None = None,
    on_decoded: OnDecoded | None = None,
) -> Certificate:
    """Go on with an interrupted cure, as it was asked for; with a number of trials it ends with the same winner.

    Raises:
        InputError: no cure was begun there, or the sources changed since.
    """
    path = Path(folder)
    begun = asking.read(path)
    there = [place for place in (Path(begun["start"]), path / curing.START) if (place / "run.json").exists()]
    if not there:
        raise InputError(f"the starting run {begun['start']} is gone", instead="a new cure of a run that is there")
    run = open_run(there[0])
    return curing.cure(run, reopen(run, on_decoded, problem), Asked.from_dict(begun["asked"]), path, told)


def verify(
    certificate: Certificate | str | Path, *, problem: Problem | None = None, on_decoded: OnDecoded | None = None
) -> Verification:
    """Hold a certificate against sources, weights and logs: see ``tagfit.curing.verify``.

    Args:
        certificate: itself, its file, or the folder of its cure.
        problem: what the cure was of, where it was made in Python.
        on_decoded: told of progress.

    Raises:
        InputError: no certificate; what was altered in one is no error but in what this returns.
    """
    found = certificate if isinstance(certificate, Certificate) else load_certificate(certificate)
    return verifying.verify(found, problem=problem, on_decoded=on_decoded)


def _first_run(problem: Problem, recipe: Recipe | str | Path | None, folder: Path, seed: int, told: Told) -> Run:
    """The run that a Problem's cure starts from, beside the folder of the cure."""
    chosen = recipe or ("plain-dense" if problem.preprocessing.size is None else "plain-conv")
    out = folder.with_name(f"{folder.name}-start")
    if (out / "run.json").exists():
        return resume(out, problem=problem, on_epoch=told.epoch)
    told.say(f"training {'the recipe' if isinstance(chosen, Recipe) else chosen}, which the cure starts from")
    return fit(problem, chosen, seed=seed, out=out, on_epoch=told.epoch)


def _goal(goal: Goal | str | Sequence[str] | None, run: Run, **more: Any) -> Goal:
    """The goal as given; whoever says "accuracy" is shown what that may mean, with the run's own values."""
    if isinstance(goal, Goal):
        return goal
    texts = [] if goal is None else [goal] if isinstance(goal, str) else list(goal)
    try:
        return Goal(*texts, **more)
    except InputError as error:
        if not any(re.search(r"(?<!\w)accuracy", text) for text in texts):
            raise
        names = ("label_accuracy", "subset_accuracy", "sample_f1")
        judged = evaluation.evaluate(run.scores("validation"), metrics=names, intervals=None)
        values = ", ".join(f"{name} ({judged[name]:.3f} on validation)" for name in names)
        raise InputError([replace(fault, instead=values) for fault in error.faults]) from None


def tag(
    model: Run | Tagger | str | Path,
    pictures: Iterable[str | Path] | str | Path,
    *,
    thresholds: ArrayLike | Thresholds | None = None,
    net: NetFactory | None = None,
    on_tagged: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Tags and scores of pictures, one record each: ``{"picture", "tags", "scores"}``.

    Args:
        model: a Run, a Tagger, or the folder of either.
        pictures: files, or folders whose pictures are taken.
        thresholds: one number, one a label, or Thresholds; None for the Tagger's own, for a run 0.5.
        net: the factory that it was trained with, if it was.
        on_tagged: called with (pictures done, pictures in all).

    Raises:
        InputError: no picture at all. One that cannot be read has its reason under "problem".
    """
    if isinstance(model, str | Path):
        model = tagger.load(model, net=net) if tagger.holds_tagger(model) else open_run(model)
    if isinstance(model, Run):
        model = tagger.of_run(model, net=net)
    return (model if thresholds is None else model.at(thresholds)).tag(pictures, on_tagged)


def _scores_for(model: Run | Scores | str | Path, split: str) -> Scores:
    if isinstance(model, Scores):
        return model
    if isinstance(model, Run):
        return scores_of(model, split, why="compare")
    path = Path(model)
    return scores_of(open_run(path), split, why="compare") if path.is_dir() else read_scores(path)


def _existing(run: Run, splits: Sequence[str]) -> list[str]:
    there = list(run.problem["ids"])
    unknown = [name for name in splits if name not in there and name not in ALWAYS_SHOWN]
    if unknown:
        faults = [
            Fault(f"{run.folder} has no split {name!r}", instead=f"it has {', '.join(there)}") for name in unknown
        ]
        raise InputError(faults)
    return [name for name in dict.fromkeys(splits) if name in there]
