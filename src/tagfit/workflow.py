"""The whole way in one file: fit, resume, evaluate, tag."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from tagfit import tagger
from tagfit.data.inputs import read_inputs
from tagfit.data.labels import align
from tagfit.data.plan import Plan
from tagfit.data.problem import Problem
from tagfit.data.read import read
from tagfit.errors import InputError
from tagfit.evaluation import choose
from tagfit.evaluation import compare as comparing
from tagfit.evaluation import evaluate as evaluation
from tagfit.evaluation.compare import Comparison
from tagfit.evaluation.evaluation import Evaluation
from tagfit.evaluation.score_files import read_scores
from tagfit.evaluation.thresholds import Thresholds
from tagfit.recipe import Recipe
from tagfit.runs.run import Run, open_run
from tagfit.scores import Scores
from tagfit.tagger import Tagger
from tagfit.tagger.folder import holds_tagger
from tagfit.training.door import torch_for

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

ALWAYS_SHOWN = ("train", "validation")
NEW_DATA = "data"
LOOKS = "test_looks.jsonl"

OnDecoded = Callable[[int, int], None]


def fit(problem: Problem, recipe: Recipe | str | Path = "regularised-dense", **options: Any) -> Run:
    """Train a recipe on a Problem and write the run folder: ``tagfit.training.fit.fit``, whose options it takes."""
    fitted: Run = _training().fit.fit(problem, recipe, **options)
    return fitted


def resume(
    folder: str | Path,
    *,
    on_decoded: OnDecoded | None = None,
    on_epoch: Callable[..., None] | None = None,
    net: NetFactory | None = None,
) -> Run:
    """Go on with an interrupted run; it ends with the weights of an undisturbed one, bit for bit.

    Args:
        folder: of the run.
        on_decoded, on_epoch: told of progress.
        net: the factory that the run was begun with, if it was.

    Raises:
        InputError: no such run, or sources that changed since it began.
    """
    run = open_run(folder)
    if run.info["state"] == "done":
        return run
    resumed: Run = _training().fit.resume(run, reopen(run, on_decoded), on_epoch, net=net)
    return resumed


def evaluate(
    run: Run | str | Path | Scores | ArrayLike,
    scores: ArrayLike | None = None,
    *,
    source: str | Path | None = None,
    splits: Sequence[str] = ALWAYS_SHOWN,
    thresholds: ArrayLike | Thresholds = 0.5,
    metrics: str | Sequence[str] = "default",
    on_decoded: OnDecoded | None = None,
    net: NetFactory | None = None,
    **about: Any,
) -> dict[str, Evaluation] | Evaluation:
    """Judge a run, or arrays from any framework: ``evaluate(run)`` or ``evaluate(truth, scores)``.

    Args:
        run: a Run or its folder, giving ``{split: Evaluation}``; or Scores, or the truth of shape (N, L), giving one.
        scores: probabilities of shape (N, L) in [0, 1], beside the truth.
        source: new data for the run, read like any source; its Evaluation stands under "data".
        splits: of the run. Each look at "test" is written down beside the Problem.
        thresholds: one number, one a label, or Thresholds.
        metrics: "default", "all" or names.
        on_decoded: told of progress.
        net: the factory that the run was trained with, if it was.
        about: beside arrays ``known``, ``labels``, ``ids``, ``groups``, ``weights``, ``prevalence`` (of train);
            ``intervals``, the number of resamples or None.

    Raises:
        InputError: arrays or files that are not of the form that is said here.
    """
    judging = {name: about.pop(name) for name in ("prevalence", "intervals") if name in about}
    if isinstance(run, Scores):
        return evaluation.evaluate(run, thresholds=thresholds, metrics=metrics, **judging)
    if scores is not None:
        given = Scores.of(run, scores, **about)  # type: ignore[arg-type]
        return evaluation.evaluate(given, thresholds=thresholds, metrics=metrics, **judging)
    if not isinstance(run, Run | str | os.PathLike):
        raise InputError("evaluate got a truth without scores", instead="evaluate(run) or evaluate(truth, scores)")
    opened = run if isinstance(run, Run) else open_run(run)
    judging.setdefault("prevalence", opened.prevalence)
    if source is not None:
        found = [score_source(opened, source, on_decoded=on_decoded, net=net)]
    else:
        found = [scores_of(opened, name, on_decoded=on_decoded, net=net) for name in _existing(opened, splits)]
    return {one.split: evaluation.evaluate(one, thresholds=thresholds, metrics=metrics, **judging) for one in found}


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


def _scores_for(model: Run | Scores | str | Path, split: str) -> Scores:
    if isinstance(model, Scores):
        return model
    if isinstance(model, Run):
        return scores_of(model, split)
    path = Path(model)
    return scores_of(open_run(path), split) if path.is_dir() else read_scores(path)


def scores_of(run: Run, split: str, *, on_decoded: OnDecoded | None = None, net: NetFactory | None = None) -> Scores:
    """The Scores of a split; those of "test" are made when first asked for, and each look is written down."""
    if split != "test":
        return run.scores(split)
    if "test" not in run.scored_splits:
        training = _training()
        recipe = run.recipe
        problem = reopen(run, on_decoded)
        machine = training.machine.choose(recipe, "cpu")
        with machine.in_use():
            trained = training.fit.load_net(run, problem.inputs.shape[1:], net)
            run.save_scores(training.fit.score(trained, problem, "test", recipe, machine))
    with (run.folder / LOOKS).open("a", encoding="utf-8") as ledger:
        ledger.write(json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), "why": "evaluate"}) + "\n")
    return run.scores("test")


def reopen(run: Run, on_decoded: OnDecoded | None = None) -> Problem:
    """The Problem of a run, read again from its sources.

    Raises:
        InputError: the sources are gone, or no longer what they were.
    """
    about = run.problem
    if not about["source"]:
        raise InputError(f"{run.folder} was trained on arrays, which are not stored", instead="pass the Problem again")
    problem = Plan.from_dict(about["source"]).problem(on_decoded)
    run.refuse_another(problem)
    return problem


def score_source(
    run: Run,
    source: str | Path,
    *,
    on_decoded: OnDecoded | None = None,
    net: NetFactory | None = None,
    **options: Any,
) -> Scores:
    """The Scores of new tagged data under a run; its labels are put in the run's order."""
    data = align(read(source, learnable=False, **options), run.labels)
    model = tagger.of_run(run, net=net)
    if data.holds_pictures and model.preprocessing.size is None:
        raise InputError(f"{run.folder} was trained on rows of features, {source} holds pictures")
    inputs = read_inputs(data, model.preprocessing.size, progress=on_decoded)
    data, values = data.take(inputs.rows), model.probabilities(inputs.values)
    return Scores.of(
        data.truth, values, known=data.known, labels=run.labels, ids=data.ids, groups=data.groups, split=NEW_DATA
    )


def tag(
    model: Run | Tagger | str | Path,
    pictures: Iterable[str | Path],
    *,
    thresholds: ArrayLike | Thresholds | None = None,
    net: NetFactory | None = None,
) -> list[dict[str, Any]]:
    """Tags and scores of pictures, one record each: ``{"picture", "tags", "scores"}``.

    Args:
        model: a Run, a Tagger, or the folder of either.
        pictures: files, or folders whose pictures are taken.
        thresholds: one number, one a label, or Thresholds; None for the Tagger's own, for a run 0.5.
        net: the factory that it was trained with, if it was.

    Raises:
        InputError: no picture at all. One that cannot be read has its reason under "problem".
    """
    if isinstance(model, str | Path):
        model = tagger.load(model, net=net) if holds_tagger(model) else open_run(model)
    if isinstance(model, Run):
        model = tagger.of_run(model, net=net)
    return (model if thresholds is None else model.at(thresholds)).tag(pictures)


def _existing(run: Run, splits: Sequence[str]) -> list[str]:
    there = list(run.problem["ids"])
    unknown = [name for name in splits if name not in there and name not in ALWAYS_SHOWN]
    if unknown:
        raise InputError(f"{run.folder} has no split {unknown[0]!r}", instead=f"it has {', '.join(there)}")
    return [name for name in splits if name in there]


def _training() -> Any:
    with torch_for("training and scoring pictures"):
        import tagfit.training.fit
        import tagfit.training.machine
    return tagfit.training
