"""tagfit evaluate: metrics of a run or of any model's scores, next to those of trivial predictors."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagfit.cli import checks, options, path_checks
from tagfit.cli.checking import check_together, checked, each, is_given, typed
from tagfit.cli.names import names_in
from tagfit.cli.option_groups import expand_groups
from tagfit.cli.output import AsJson, on_decoded, print_json, progress_bar, say
from tagfit.errors import Fault, InputError, gathered

if TYPE_CHECKING:
    from tagfit.evaluation.evaluation import Evaluation


ThresholdsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Written by `tagfit thresholds --out`.",
        show_default="0.5 for every label",
        callback=checked(path_checks.thresholds),
    ),
]


def resamples(intervals: str) -> int | str | None:
    """``--intervals``: a number, none, or auto."""
    from tagfit.evaluation.intervals import FEWEST_REPEATS

    if intervals in ("auto", "none"):
        return None if intervals == "none" else "auto"
    if not intervals.isdecimal() or int(intervals) < FEWEST_REPEATS:
        raise InputError(f"--intervals {intervals}", instead=f"{FEWEST_REPEATS} resamples or more, or none")
    return int(intervals)


def _together(context: typer.Context) -> list[Fault]:
    """What does not go together: nothing that was typed is ignored in silence."""
    form = "tagfit evaluate RUN [SOURCE], or tagfit evaluate --scores FILE"
    run, source, scores, split = (is_given(context, name) for name in ("run", "source", "scores", "split"))
    faults: list[Fault] = []
    if not run and not scores:
        faults.append(Fault("evaluate needs a RUN or --scores FILE", instead=form))
    if run and scores:
        faults.append(Fault("evaluate takes a RUN or --scores FILE, not both", instead=form))
    if split and source:
        faults.append(Fault("--split names a split of the run, SOURCE is new data", instead="one of the two"))
    if split and scores:
        faults.append(Fault("--split names a split of a run, --scores needs none", instead=form))
    paths = typed(context).get("scores") or []
    twice = sorted({path for path in paths if paths.count(path) > 1})
    faults += [Fault(f"--scores {path} is given twice", instead="each file once") for path in twice]
    if not source:
        reading = [one.name for one in fields(options.ReadingOptions)]
        why = "scores are not read as a source" if scores else "there is no SOURCE to read"
        faults += options.without_effect(context, [*reading, "cache_dir"], why, form)
    faults += options.faults_of_source(context)
    if run and (source or "test" in (context.params.get("split") or ())):
        with gathered(faults):
            checks.train_extra("scoring pictures")
    return faults


RunFolder = Annotated[
    Path | None, typer.Argument(metavar="RUN", help="A run folder.", callback=checked(path_checks.run))
]
NewData = Annotated[
    Path | None,
    typer.Argument(metavar="SOURCE", help="New tagged data to evaluate it on.", callback=checked(path_checks.source)),
]
ScoreFiles = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="Instead of a run: scores as .npz (truth, scores) or .csv; may be repeated.",
        callback=checked(each(path_checks.file)),
    ),
]
Splits = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="train, validation or test; each look at test is recorded.",
        show_default="train and validation",
        callback=checked(each(checks.split)),
    ),
]
MetricNames = Annotated[
    str, typer.Option(metavar="a,b", help="default, all, or names.", callback=checked(checks.metrics))
]
Intervals = Annotated[
    str,
    typer.Option(
        metavar="N|none", help="Resamples for the intervals; none: no intervals.", callback=checked(resamples)
    ),
]


@expand_groups
@check_together(_together)
def evaluate(
    *,
    run: RunFolder = None,
    source: NewData = None,
    scores: ScoreFiles = None,
    split: Splits = None,
    metrics: MetricNames = "default",
    thresholds: ThresholdsFile = None,
    intervals: Intervals = "auto",
    all_labels: options.AllLabels = False,
    as_json: AsJson = False,
    reading: options.ReadingOptions,
    cache_dir: options.CacheDir = None,
) -> None:
    """Compute metrics of a run, or of the scores of any model.

    For the run's train and validation splits, for those named with --split, or for new data.
    """
    from tagfit import workflow
    from tagfit.data.read import read
    from tagfit.evaluation.thresholds import Thresholds

    given: dict[str, Any] = {
        "thresholds": 0.5 if thresholds is None else Thresholds.load(thresholds),
        "metrics": metrics if metrics in ("default", "all") else names_in(metrics),
        "intervals": resamples(intervals),
    }
    if scores:
        found = _judged_files(scores, given)
    else:
        assert run is not None
        if source is not None:
            given["source"] = read(source, **reading.arguments(), learnable=False)
        with progress_bar(quiet=as_json) as bar:
            splits = tuple(split) if split else None
            of_run = workflow.evaluate(run, splits=splits, cache_dir=cache_dir, on_decoded=on_decoded(bar), **given)
        assert isinstance(of_run, dict)
        found = of_run
    if as_json:
        where = {"run": str(run)} if run else {"scores": [str(path) for path in scores or ()]}
        print_json({**where, "splits": {name: one.to_dict() for name, one in found.items()}})
    else:
        show_evaluations(found, all_labels, short=metrics == "default")


def _judged_files(scores: list[Path], given: dict[str, Any]) -> dict[str, Evaluation]:
    """Each file under its name without the ending, or under its whole path where two have the same name."""
    from tagfit import workflow
    from tagfit.evaluation.score_files import read_scores

    stems = [path.stem for path in scores]
    found = {}
    for path in scores:
        judged = workflow.evaluate(read_scores(path), **given)
        assert not isinstance(judged, dict)
        found[path.stem if stems.count(path.stem) == 1 else str(path)] = judged
    return found


def show_evaluations(evaluations: dict[str, Evaluation], all_labels: bool, *, short: bool = True) -> None:
    """Print the metrics of each split next to their baselines, then the labels of the last one, the lowest F1 first."""
    from tagfit.evaluation.tables import SHORT, metrics_table

    for place, (name, evaluation) in enumerate(evaluations.items()):
        if place:
            say()
        say(f"{name}: {evaluation.n} pictures, {len(evaluation.labels)} labels")
        say(metrics_table(one for one in evaluation.metrics.values() if not short or one.name in SHORT))
        for note in evaluation.notes:
            say(f"  note: {note}")
    name, last = list(evaluations.items())[-1]
    say()
    say(_labels(name, last, all_labels))


def _labels(name: str, evaluation: Evaluation, all_labels: bool) -> str:
    from tagfit.evaluation.tables import WORST, labels_table, worst_first

    by_f1 = worst_first(evaluation.labels)
    shown = by_f1 if all_labels else by_f1[:WORST]
    hidden = len(by_f1) - len(shown)
    more = f"\n  ... and {hidden} better ones: --all-labels" if hidden else ""
    return f"labels of {name}, the lowest F1 first\n{labels_table(shown)}{more}"
