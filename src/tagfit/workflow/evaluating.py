"""Evaluate a run or the scores of any model, and choose thresholds for them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import ArrayLike

from tagfit.arguments import checked, refuse_unused
from tagfit.data.problem import Problem
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError
from tagfit.evaluation import choose
from tagfit.evaluation import evaluate as evaluation
from tagfit.evaluation.evaluation import Evaluation, EvaluationBySplit
from tagfit.evaluation.thresholds import Thresholds
from tagfit.runs.run import Run, open_run
from tagfit.scores import Scores
from tagfit.scoring import OnDecoded, score_source, scores_of

if TYPE_CHECKING:
    from tagfit.training.own_net import NetFactory

DEFAULT_SPLITS = ("train", "validation")
NAMES_ELSEWHERE = {
    "y_true": "evaluate(truth, scores): the truth comes first",
    "y_pred": "evaluate(truth, scores): probabilities, not predictions, come second",
    "y_score": "evaluate(truth, scores): the scores come second",
    "sample_weight": "weights=",
    "threshold": "thresholds=",
    "target_names": "labels=",
    "n_bootstrap": "intervals=1000",
}


@checked(NAMES_ELSEWHERE)
def evaluate(
    run: Run | str | Path | Scores | ArrayLike,
    scores: ArrayLike | None = None,
    *,
    split: str | None = None,
    splits: str | Sequence[str] | None = None,
    source: TaggedSet | str | Path | None = None,
    problem: Problem | None = None,
    thresholds: float | Mapping[str, float] | ArrayLike | Thresholds = 0.5,
    metrics: str | Sequence[str] = "default",
    known: ArrayLike | None = None,
    labels: Sequence[str] | None = None,
    ids: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    prevalence: ArrayLike | None = None,
    intervals: int | Literal["auto"] | None = "auto",
    cache_dir: Path | None = None,
    on_decoded: OnDecoded | None = None,
    net: NetFactory | None = None,
) -> EvaluationBySplit | Evaluation:
    """Evaluate a run, or arrays from any framework: ``evaluate(run)`` or ``evaluate(truth, scores)``.

    Args:
        run: a Run or its folder; or Scores; or the truth, (N, L) of 0 and 1, NaN or -1 where unknown.
        scores: with a truth: probabilities of shape (N, L) in [0, 1].
        split: one split of the run. Each look at "test" is recorded in the run folder. With arrays, the name of the
            split that they are.
        splits: several splits of the run; by default train and validation.
        source: new data for the run, a TaggedSet or what ``read`` takes.
        problem: what the run was trained on, needed for "test" if the run cannot read it again itself.
        thresholds: one number, one per label (an array or ``{label: number}``), or Thresholds.
        metrics: "default", "all" or names.
        known, labels, ids, groups, weights: of arrays, as in ``Scores.of``. A run has its own.
        prevalence: (L,) each label's share of positives in train, for a baseline; a run has its own.
        intervals: number of bootstrap resamples, "auto", or None for no intervals.
        cache_dir: where the decoded pictures of ``source`` are kept.
        on_decoded: called with (pictures done, pictures in all).
        net: the factory that the run was trained with, if any.

    Returns:
        One Evaluation for arrays, Scores or a single ``split``; otherwise a dict ``{split: Evaluation}``, with that of
        new data under "data".

    Raises:
        InputError: arrays, files or arguments of another form than described here.
    """

    def judged(rows: Scores, known_prevalence: ArrayLike | None = prevalence) -> Evaluation:
        return evaluation.evaluate(
            rows,
            thresholds=thresholds,
            prevalence=known_prevalence,
            metrics=metrics,
            intervals=intervals,
        )

    of_run = {"splits": splits, "source": source, "problem": problem, "cache_dir": cache_dir, "net": net}
    of_arrays: dict[str, Any] = {"known": known, "labels": labels, "ids": ids, "groups": groups, "weights": weights}
    if isinstance(run, Scores):
        refuse_unused("evaluate(Scores)", scores=scores, split=split, **of_arrays, **of_run)
        return judged(run)
    if scores is not None:
        refuse_unused("evaluate(truth, scores)", **of_run)
        return judged(Scores.of(run, scores, split=split or "", **of_arrays))  # type: ignore[arg-type]
    if not isinstance(run, Run | str | os.PathLike):
        raise InputError("evaluate got a truth without scores", instead="evaluate(run) or evaluate(truth, scores)")
    refuse_unused("evaluate(run)", **of_arrays)
    opened = run if isinstance(run, Run) else open_run(run)
    shares = opened.prevalence if prevalence is None else prevalence
    if source is not None:
        refuse_unused("evaluate(run, source=...)", split=split, splits=splits, problem=problem)
        new, notes = score_source(opened, source, on_decoded=on_decoded, net=net, cache_dir=cache_dir)
        found = judged(new, shares)
        return EvaluationBySplit({new.split: replace(found, notes=(*notes, *found.notes))})
    if split is not None:
        refuse_unused("evaluate(run, split=...)", splits=splits)
    wanted = _existing(opened, [split] if split is not None else DEFAULT_SPLITS if splits is None else splits)
    by_split = {
        name: judged(scores_of(opened, name, problem=problem, on_decoded=on_decoded, net=net), shares)
        for name in wanted
    }
    return EvaluationBySplit(by_split) if split is None else by_split[split]


@checked(
    thresholds="evaluate(run, thresholds=...) takes thresholds; this chooses them",
    y_true="Scores.of(truth, scores)",
    y_score="Scores.of(truth, scores)",
    metric="the strategy, such as 'best-f1'",
)
def choose_thresholds(
    run: Run | str | Path | Scores | ArrayLike,
    scores: str | ArrayLike | None = None,
    strategy: str | None = None,
    *,
    split: str | None = None,
    by_label: Mapping[str, str] | None = None,
    resamples: int = choose.RESAMPLES,
    seed: int = choose.SEED,
    on_progress: choose.OnProgress | None = None,
) -> Thresholds:
    """Choose thresholds by a named strategy: ``choose_thresholds(run)``, or ``choose_thresholds(truth, scores)``.

    Args:
        run: a Run, its folder, or Scores; or a truth of shape (N, L), with scores of the same shape after it.
        scores: after a truth, its scores; after anything else, the strategy.
        strategy: the name of a strategy, such as "precision=0.9"; "best-f1" by default.
        split: of the run; "validation" by default.
        by_label: other strategies for some labels, such as ``{"people": "precision=0.9"}``.
        resamples: bootstrap resamples for the spread of each threshold; 0 for none.
        seed: of the resamples.
        on_progress: called with the number of resamples done and of all.

    Raises:
        InputError: the test split, which is there to judge on, or a strategy that does not exist.
    """
    if isinstance(scores, str):
        if strategy is not None:
            raise InputError(f"two strategies are given: {scores!r} and {strategy!r}", instead="one of them")
        scores, strategy = None, scores
    if isinstance(run, Scores):
        refuse_unused("choose_thresholds(Scores)", split=split, scores=scores)
        rows = run
    elif isinstance(run, Run | str | os.PathLike):
        refuse_unused("choose_thresholds(run)", scores=scores)
        if split == "test":
            raise InputError("thresholds are not chosen on the test split", instead="validation")
        opened = run if isinstance(run, Run) else open_run(run)
        rows = opened.scores(split or "validation")
    elif scores is None:
        raise InputError("choose_thresholds got a truth without scores", instead="choose_thresholds(truth, scores)")
    else:
        rows = Scores.of(run, scores, split=split or "")
    name = strategy or "best-f1"
    return choose.choose_thresholds(
        rows, name, by_label=by_label, resamples=resamples, seed=seed, on_progress=on_progress
    )


def _existing(run: Run, splits: str | Sequence[str]) -> list[str]:
    """The splits that the run has; those of DEFAULT_SPLITS may be missing."""
    names = [splits] if isinstance(splits, str) else list(splits)
    there = list(run.problem["ids"])
    optional = DEFAULT_SPLITS if splits is DEFAULT_SPLITS else ()
    unknown = [name for name in names if name not in there and name not in optional]
    form = f"it has {', '.join(there)}"
    if unknown:
        raise InputError([Fault(f"{run.folder} has no split {name!r}", instead=form) for name in unknown])
    if not names:
        raise InputError("splits is empty", instead=form)
    return [name for name in dict.fromkeys(names) if name in there]
