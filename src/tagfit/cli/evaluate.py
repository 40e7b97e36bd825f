"""tagfit evaluate: true numbers for a run or for anybody's scores, beside what trivial predictors score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagfit.cli.output import AsJson, number, on_decoded, print_json, progress_bar, say, table
from tagfit.errors import InputError

if TYPE_CHECKING:
    from tagfit.evaluation.evaluation import Evaluation

WORST = 10
# What a terminal shows of the default metrics; --json has them all.
SHORT = (
    "label_accuracy",
    "subset_accuracy",
    "macro_f1",
    "micro_f1",
    "sample_f1",
    "mAP",
    "loss",
    "argmax_accuracy",
)

ThresholdsFile = Annotated[
    Path | None, typer.Option(help="Thresholds that `tagfit thresholds --out` wrote; 0.5 otherwise.")
]
Intervals = Annotated[
    str, typer.Option(metavar="N|none", help="Bootstrap resamples for the intervals; none for no intervals.")
]


def evaluate(
    run: Annotated[Path | None, typer.Argument(help="A run folder.")] = None,
    source: Annotated[Path | None, typer.Argument(help="New tagged data to judge the run on.")] = None,
    scores: Annotated[
        list[Path] | None,
        typer.Option(help="Instead of a run: scores of any model, .npz (truth, scores) or .csv."),
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option(help="train, validation or test; each look at test is written down.")
    ] = None,
    metrics: Annotated[str, typer.Option(help="default, all, or names with commas.")] = "default",
    thresholds: ThresholdsFile = None,
    intervals: Intervals = "auto",
    all_labels: Annotated[bool, typer.Option(help="Show every label, not only the worst.")] = False,
    as_json: AsJson = False,
) -> None:
    """Judge a run on its own splits or on new data, or judge the scores of any model."""
    from tagfit import workflow
    from tagfit.evaluation.score_files import read_scores
    from tagfit.evaluation.thresholds import Thresholds

    if (run is None) == (not scores):
        raise InputError("evaluate needs a RUN or --scores FILE", instead="tagfit evaluate RUN [SOURCE]")
    options: dict[str, Any] = {
        "thresholds": 0.5 if thresholds is None else Thresholds.load(thresholds),
        "metrics": metrics if metrics in ("default", "all") else [name.strip() for name in metrics.split(",")],
        "intervals": resamples(intervals),
    }
    found: dict[str, Evaluation] = {}
    if scores:
        for path in scores:
            judged = workflow.evaluate(read_scores(path), **options)
            assert not isinstance(judged, dict)
            found[path.stem] = judged
    else:
        assert run is not None
        with progress_bar(quiet=as_json) as bar:
            splits = tuple(split or workflow.ALWAYS_SHOWN)
            of_run = workflow.evaluate(run, source=source, splits=splits, on_decoded=on_decoded(bar), **options)
        assert isinstance(of_run, dict)
        found = of_run
    if as_json:
        where = {"run": str(run)} if run else {"scores": [str(path) for path in scores or ()]}
        print_json({**where, "splits": {name: one.to_dict() for name, one in found.items()}})
    else:
        show_evaluations(found, all_labels, short=metrics == "default")


def resamples(intervals: str) -> int | str | None:
    """``--intervals``: a number, none, or auto."""
    if intervals in ("auto", "none"):
        return None if intervals == "none" else "auto"
    if not intervals.isdigit() or int(intervals) < 1:
        raise InputError(f"--intervals {intervals}", instead="a number of resamples, such as 1000, or none")
    return int(intervals)


def show_evaluations(evaluations: dict[str, Evaluation], all_labels: bool, *, short: bool = True) -> None:
    """Print each split: metrics beside their baselines, then the labels of the last one, the worst first."""
    for place, (name, evaluation) in enumerate(evaluations.items()):
        if place:
            say()
        say(f"{name}: {evaluation.n} pictures, {len(evaluation.labels)} labels")
        say(_metrics(evaluation, short))
        for note in evaluation.notes:
            say(f"  note: {note}")
    name, last = list(evaluations.items())[-1]
    say()
    say(_labels(name, last, all_labels))


def _metrics(evaluation: Evaluation, short: bool) -> str:
    rows = []
    for name, metric in evaluation.metrics.items():
        if short and name not in SHORT:
            continue
        interval = "" if metric.low is None else f"{number(metric.low)} to {number(metric.high)}"
        left_out = f"{metric.left_out} left out" if metric.left_out else ""
        note = "; ".join(text for text in (left_out, metric.note) if text)
        baselines = [number(metric.nothing), number(metric.prevalence), number(metric.best_constant)]
        rows.append([f"  {name}", number(metric.value), interval, *baselines, note])
    columns = ["  metric", "value", "95 % interval", "predict nothing", "prevalence", "best constant", ""]
    return table(columns, rows)


def _labels(name: str, evaluation: Evaluation, all_labels: bool) -> str:
    by_f1 = sorted(evaluation.labels, key=lambda record: (record.f1 if record.f1 == record.f1 else 2.0, record.label))
    shown = by_f1 if all_labels else by_f1[:WORST]
    rows = [
        [
            f"  {record.label}",
            number(record.f1),
            number(record.precision),
            number(record.recall),
            number(record.ap),
            f"{record.support:g}",
            number(record.threshold, 2),
        ]
        for record in shown
    ]
    hidden = len(by_f1) - len(shown)
    more = f"\n  ... and {hidden} better ones: --all-labels" if hidden else ""
    heading = f"labels of {name}, the worst F1 first\n"
    return heading + table(["  label", "F1", "precision", "recall", "AP", "support", "threshold"], rows) + more
