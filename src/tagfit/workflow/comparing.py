"""Compare models on the same pictures, and train with validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tagfit.arguments import checked, refuse_unused
from tagfit.errors import InputError
from tagfit.evaluation import compare as comparison
from tagfit.evaluation.compare import Comparison, Given
from tagfit.evaluation.intervals import REPEATS, SEED
from tagfit.evaluation.metrics import HEADLINE
from tagfit.evaluation.score_files import read_scores
from tagfit.runs.run import Run, open_run
from tagfit.scores import Scores
from tagfit.scoring import scores_of

FROM_ARRAYS = "compare(Scores.of(truth, a), Scores.of(truth, b)); runs, run folders and score files go too"


@checked(models=FROM_ARRAYS, n_bootstrap="repeats=1000", labels="Scores.of(truth, scores, labels=...)")
def compare(
    *models: Run | Scores | str | Path,
    split: str = "validation",
    names: Sequence[str] | None = None,
    thresholds: Given | Mapping[str, Given] = 0.5,
    metrics: str | Sequence[str] = HEADLINE,
    repeats: int = REPEATS,
    seed: int = SEED,
) -> Comparison:
    """Compare models with the first of them on the same pictures.

    Args:
        models: two or more runs (their ``split``), run folders, Scores, or score files.
        split: of runs.
        names: of the models, one each.
        thresholds: for all models, or by name for each.
        metrics: "default", "all" or names.
        repeats: bootstrap resamples.
        seed: of the resamples.

    Raises:
        InputError: fewer than two models, the same one twice, or models of different pictures or labels.
    """
    called = list(names) if names is not None else [
        str(model) if isinstance(model, str | Path) else f"model {i + 1}" for i, model in enumerate(models)
    ]  # fmt: skip
    if len(called) != len(models):
        raise InputError(f"{len(called)} names for {len(models)} models", instead="one name per model")
    if len(set(called)) < len(models):
        raise InputError(f"the same model twice: {', '.join(called)}", instead="two or more different ones")
    found = {name: _scores_for(model, split) for name, model in zip(called, models, strict=True)}
    return comparison.compare(found, thresholds=thresholds, metrics=metrics, repeats=repeats, seed=seed)


@checked()
def gap(
    run: Run | str | Path | Scores,
    validation: Scores | None = None,
    *,
    thresholds: Given = 0.5,
    metrics: str | Sequence[str] = HEADLINE,
    repeats: int = REPEATS,
    seed: int = SEED,
) -> Comparison:
    """Compare train with validation, of a run or of two Scores. These are different pictures, so it is not paired.

    Args:
        run: a Run, its folder, or the Scores of train.
        validation: the Scores of validation, with those of train.
        thresholds: one number, one per label, or Thresholds.
        metrics: "default", "all" or names.
        repeats: bootstrap resamples.
        seed: of the resamples.

    Raises:
        InputError: the scores of one split only, or different labels in the two.
    """
    if isinstance(run, Scores):
        if validation is None:
            raise InputError("gap got the scores of train only", instead="gap(run) or gap(train, validation)")
        train, other = run, validation
    else:
        refuse_unused("gap(run)", validation=validation)
        opened = run if isinstance(run, Run) else open_run(run)
        train, other = opened.scores("train"), opened.scores("validation")
    return comparison.gap(train, other, thresholds=thresholds, metrics=metrics, repeats=repeats, seed=seed)


def _scores_for(model: Run | Scores | str | Path, split: str) -> Scores:
    if isinstance(model, Scores):
        return model
    if isinstance(model, Run):
        return scores_of(model, split, why="compare")
    path = Path(model)
    return scores_of(open_run(path), split, why="compare") if path.is_dir() else read_scores(path)
