"""tagfit evaluate: true numbers for a run, beside what trivial predictors score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagfit.cli.output import AsJson, number, on_decoded, print_json, progress_bar, say, table

if TYPE_CHECKING:
    from tagfit.evaluation.evaluation import Evaluation

WORST = 10


def evaluate(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    source: Annotated[Path | None, typer.Argument(help="New tagged data to judge it on.")] = None,
    split: Annotated[
        list[str] | None, typer.Option(help="train, validation or test; each look at test is written down.")
    ] = None,
    metrics: Annotated[str, typer.Option(help="default, all, or names with commas.")] = "default",
    all_labels: Annotated[bool, typer.Option(help="Show every label, not only the worst.")] = False,
    as_json: AsJson = False,
) -> None:
    """Judge a run on its own splits or on new data."""
    from tagfit import workflow

    wanted = metrics if metrics in ("default", "all") else [name.strip() for name in metrics.split(",")]
    with progress_bar(quiet=as_json) as bar:
        found = workflow.evaluate(
            run,
            source=source,
            splits=tuple(split or workflow.ALWAYS_SHOWN),
            metrics=wanted,
            on_decoded=on_decoded(bar),
        )
    assert isinstance(found, dict)
    if as_json:
        print_json({"run": str(run), "splits": {name: one.to_dict() for name, one in found.items()}})
    else:
        show_evaluations(found, all_labels)


def show_evaluations(evaluations: dict[str, Evaluation], all_labels: bool) -> None:
    """Print each split: metrics beside their baselines, then the labels, the worst first."""
    for place, (name, evaluation) in enumerate(evaluations.items()):
        if place:
            say()
        say(f"{name}: {evaluation.n} pictures, {len(evaluation.labels)} labels")
        say(_metrics(evaluation))
        for note in evaluation.notes:
            say(f"note: {note}")
    last = list(evaluations.values())[-1]
    say()
    say(_labels(last, all_labels))


def _metrics(evaluation: Evaluation) -> str:
    rows = []
    for name, metric in evaluation.metrics.items():
        interval = "" if metric.low is None else f"{number(metric.low)} to {number(metric.high)}"
        left_out = f"{metric.left_out} left out" if metric.left_out else ""
        note = "; ".join(text for text in (left_out, metric.note) if text)
        baselines = [number(metric.nothing), number(metric.prevalence)]
        rows.append([f"  {name}", number(metric.value), interval, *baselines, note])
    columns = ["  metric", "value", "95 % interval", "predict nothing", "predict prevalence", ""]
    return table(columns, rows)


def _labels(evaluation: Evaluation, all_labels: bool) -> str:
    by_f1 = sorted(evaluation.labels, key=lambda record: (record.f1 if record.f1 == record.f1 else 2.0, record.label))
    shown = by_f1 if all_labels else by_f1[:WORST]
    hidden = len(by_f1) - len(shown)
    rows = [
        [
            f"  {record.label}",
            number(record.f1),
            number(record.precision),
            number(record.recall),
            number(record.ap),
            f"{record.support:g}",
        ]
        for record in shown
    ]
    more = f"\n  ... and {hidden} better ones: --all-labels" if hidden else ""
    heading = f"labels of {evaluation.split}, the worst F1 first\n"
    return heading + table(["  label", "F1", "precision", "recall", "AP", "support"], rows) + more
