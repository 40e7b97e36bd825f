"""The whole way in one file: fit, resume, evaluate, tag."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit.data import pictures as decoding
from tagfit.data.cache import decoded
from tagfit.data.picture_files import SUFFIXES
from tagfit.data.plan import Plan
from tagfit.data.problem import Preprocessing, Problem
from tagfit.data.read import read
from tagfit.data.stratify import assign
from tagfit.diagnosis import diagnose as diagnosis
from tagfit.diagnosis import from_run
from tagfit.diagnosis.finding import Findings
from tagfit.errors import InputError, MissingExtraError
from tagfit.evaluation import evaluate as evaluation
from tagfit.evaluation.evaluation import Evaluation
from tagfit.evaluation.thresholds import Thresholds
from tagfit.recipe import Recipe
from tagfit.runs.run import Run, open_run
from tagfit.scores import Scores

ALWAYS_SHOWN = ("train", "validation")
NEW_DATA = "data"
LOOKS = "test_looks.jsonl"

OnDecoded = Callable[[int, int], None]


def fit(problem: Problem, recipe: Recipe | str | Path = "regularised-dense", **options: Any) -> Run:
    """Train a recipe on a Problem and write the run folder: ``tagfit.training.fit.fit``, whose options it takes."""
    fitted: Run = _training().fit.fit(problem, recipe, **options)
    return fitted


def resume(
    folder: str | Path, *, on_decoded: OnDecoded | None = None, on_epoch: Callable[..., None] | None = None
) -> Run:
    """Go on with an interrupted run; it ends with the weights of an undisturbed one, bit for bit.

    Raises:
        InputError: no such run, or sources that changed since it began.
    """
    run = open_run(folder)
    if run.info["state"] == "done":
        return run
    resumed: Run = _training().fit.resume(run, reopen(run, on_decoded), on_epoch)
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
        found = [score_source(opened, source, on_decoded=on_decoded)]
    else:
        found = [scores_of(opened, name, on_decoded=on_decoded) for name in _existing(opened, splits)]
    return {one.split: evaluation.evaluate(one, thresholds=thresholds, metrics=metrics, **judging) for one in found}


def scores_of(run: Run, split: str, *, on_decoded: OnDecoded | None = None) -> Scores:
    """The Scores of a split; those of "test" are made when first asked for, and each look is written down."""
    if split != "test":
        return run.scores(split)
    if "test" not in run.scored_splits:
        run.save_scores(_scored(run, reopen(run, on_decoded), "test"))
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


def diagnose(run: Run | str | Path | None = None, *, on_decoded: OnDecoded | None = None, **given: Any) -> Findings:
    """Say why a model fails to generalise: ``diagnose(run)``, or arrays as ``tagfit.diagnosis.diagnose`` takes them.

    Args:
        run: a Run or its folder; its scores, history, recipe and pictures are looked at.
        given: ``train``, ``validation``, ``history``, ``cross_fit``, ``labels``, ``goal``, ``metrics``, ``mute``;
            beside a run they add to it or take the place of its own.
    """
    if run is None:
        return diagnosis.diagnose(**given)
    opened = run if isinstance(run, Run) else open_run(run)
    return diagnosis.diagnose(**{**from_run.material(opened, lambda: reopen(opened, on_decoded)), **given})


def cross_fit(run: Run | str | Path, folds: int, *, on_decoded: OnDecoded | None = None) -> dict[str, Any]:
    """The train rows of a run under models that have not seen them, in the form that ``diagnose(cross_fit=)`` takes.

    The recipe is trained ``folds`` times with the run's seed, each time without one part of train; validation is only
    what early stopping watches, as in the run itself.

    Raises:
        InputError: fewer than two folds, or a run whose sources are gone.
    """
    opened = run if isinstance(run, Run) else open_run(run)
    problem = reopen(opened, on_decoded)
    part = problem.part("train")
    if not 2 <= folds <= len(part):
        raise InputError(f"{folds} parts of {len(part)} train rows", instead="5 or so")
    keys = [str(name) for name in part.ids]
    fold = assign(part.truth, part.known, [1.0] * folds, keys=keys, groups=part.groups)
    scores = np.empty(part.truth.shape, dtype=np.float32)
    with tempfile.TemporaryDirectory() as scratch:
        for held in range(folds):
            split = np.where(problem.split == "test", "", problem.split)
            split[part.rows[fold == held]] = "test"
            without = replace(problem, split=split)
            refit = fit(without, opened.recipe, seed=opened.info["seed"], out=Path(scratch) / str(held))
            scores[fold == held] = _scored(refit, without, "test").scores
    return {"truth": part.truth, "known": part.known, "scores": scores, "labels": problem.labels, "ids": part.ids}


def score_source(run: Run, source: str | Path, *, on_decoded: OnDecoded | None = None, **options: Any) -> Scores:
    """The Scores of new tagged data under a run; its labels are put in the run's order."""
    data = read(source, labels=list(run.labels), learnable=False, **options)
    preprocessing = preprocessing_of(run)
    if data.files is not None:
        assert preprocessing.size is not None
        found = decoded(data.files, preprocessing.size, progress=on_decoded)
        data, inputs = data.take(found.rows), found.pixels
    else:
        assert data.arrays is not None
        inputs = data.arrays
    values = _probabilities(run, preprocessing, inputs)
    return Scores.of(
        data.truth, values, known=data.known, labels=run.labels, ids=data.ids, groups=data.groups, split=NEW_DATA
    )


@dataclass(frozen=True)
class Tagged:
    """What a run says of one picture.

    Attributes:
        picture: as it was named.
        tags: the labels whose score is above their threshold.
        scores: probability by label.
        problem: why it could not be read; then there are no tags and no scores.
    """

    picture: str
    tags: tuple[str, ...]
    scores: dict[str, float]
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        record: dict[str, Any] = {"picture": self.picture, "tags": list(self.tags), "scores": self.scores}
        return {**record, "problem": self.problem} if self.problem else record


def tag(
    run: Run | str | Path, pictures: Iterable[str | Path], *, thresholds: ArrayLike | Thresholds = 0.5
) -> list[dict[str, Any]]:
    """Tags and scores of pictures, one record each: ``{"picture", "tags", "scores"}``.

    Args:
        run: a Run, or its folder.
        pictures: files, or folders whose pictures are taken.
        thresholds: one number, one a label, or Thresholds; a label is on where score > threshold.

    Raises:
        InputError: no picture at all. One that cannot be read has its reason under "problem".
    """
    opened = run if isinstance(run, Run) else open_run(run)
    preprocessing = preprocessing_of(opened)
    if preprocessing.size is None:
        raise InputError(f"{opened.folder} was trained on rows of features, not on pictures", instead="evaluate")
    cuts = thresholds if isinstance(thresholds, Thresholds) else Thresholds.fixed(thresholds, opened.labels)
    limits = cuts.for_labels(opened.labels)
    files = list_pictures(pictures)
    pixels: dict[int, NDArray[np.uint8]] = {}
    problems: dict[int, str] = {}
    for row, file in enumerate(files):
        try:
            pixels[row] = decoding.decode(file, preprocessing.size)
        except InputError as error:
            problems[row] = error.faults[0].what
    values: dict[int, NDArray[np.float32]] = {}
    if pixels:
        scores = _probabilities(opened, preprocessing, np.stack(list(pixels.values())))
        values = dict(zip(pixels, scores, strict=True))
    records = []
    for row, file in enumerate(files):
        if row in problems:
            records.append(Tagged(str(file), (), {}, problems[row]).to_dict())
            continue
        on = tuple(
            label for label, score, limit in zip(opened.labels, values[row], limits, strict=True) if score > limit
        )
        by_label = {label: round(float(score), 6) for label, score in zip(opened.labels, values[row], strict=True)}
        records.append(Tagged(str(file), on, by_label).to_dict())
    return records


def list_pictures(places: Iterable[str | Path]) -> list[Path]:
    """Files as given, and the pictures of folders in the order of their names.

    Raises:
        InputError: places that do not exist, or nothing at all.
    """
    files: list[Path] = []
    missing = []
    for place in (Path(place) for place in places):
        if place.is_dir():
            files += sorted(path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES)
        elif place.exists():
            files.append(place)
        else:
            missing.append(str(place))
    if missing:
        raise InputError(f"there is no picture or folder {', '.join(missing)}")
    if not files:
        raise InputError("there are no pictures to tag", instead="picture files, or folders that hold some")
    return files


def preprocessing_of(run: Run) -> Preprocessing:
    """The preprocessing that the run's Problem was made with."""
    about = run.problem["preprocessing"]
    return Preprocessing(about["size"], tuple(about["mean"]), tuple(about["std"]))


def _scored(run: Run, problem: Problem, split: str) -> Scores:
    training = _training()
    recipe = run.recipe
    machine = training.machine.choose(recipe, "cpu")
    with machine.in_use():
        net = training.fit.load_net(run, problem.inputs.shape[1:])
        scores: Scores = training.fit.score(net, problem, split, recipe, machine)
    return scores


def _probabilities(run: Run, preprocessing: Preprocessing, inputs: NDArray[Any]) -> NDArray[np.float32]:
    training = _training()
    recipe = run.recipe
    machine = training.machine.choose(recipe, "cpu")
    with machine.in_use():
        net = training.fit.load_net(run, inputs.shape[1:])
        rows = np.arange(len(inputs))
        feed = training.feed.Feed(inputs, rows, preprocessing, "cpu", channels_first=recipe.architecture == "conv")
        values: NDArray[np.float32] = training.score.probabilities(net, feed)
    return values


def _existing(run: Run, splits: Sequence[str]) -> list[str]:
    there = list(run.problem["ids"])
    unknown = [name for name in splits if name not in there and name not in ALWAYS_SHOWN]
    if unknown:
        raise InputError(f"{run.folder} has no split {unknown[0]!r}", instead=f"it has {', '.join(there)}")
    return [name for name in splits if name in there]


def _training() -> Any:
    try:
        import tagfit.training.fit
        import tagfit.training.machine
        import tagfit.training.score
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "torch":
            raise MissingExtraError("train", "training and scoring pictures") from None
        raise
    return tagfit.training
