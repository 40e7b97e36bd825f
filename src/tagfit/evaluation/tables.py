"""Tables: results as the commands print them and as Python shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tagfit.display import cut, number, table

if TYPE_CHECKING:
    from tagfit.evaluation.compare import Difference
    from tagfit.evaluation.evaluation import LabelRecord, MetricValue

# The default metrics that are shown; to_dict() and --json have all of them.
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
WORST = 10  # labels that are shown
MOST_ROWS = 14  # rows of any other table in a repr
MOST_NOTES = 4


def metrics_table(metrics: Iterable[MetricValue]) -> str:
    """Metrics with their intervals and baselines; their notes below, each once, numbered as in the last column."""
    rows = []
    notes: dict[str, int] = {}
    for metric in metrics:
        interval = "" if metric.low is None else f"{number(metric.low)} to {number(metric.high)}"
        marks = [notes.setdefault(note, len(notes) + 1) for note in metric.note.split("; ") if note]
        baselines = [number(metric.nothing), number(metric.prevalence), number(metric.best_constant)]
        marked = "".join(f"({mark})" for mark in marks)
        rows.append([f"  {metric.name}", number(metric.value), interval, *baselines, marked])
    columns = ["  metric", "value", "95 % interval", "predict nothing", "prevalence", "best constant", ""]
    lines = [table(columns, rows, words_last=True), *(f"  ({mark}) {note}" for note, mark in notes.items())]
    return "\n".join(lines)


def worst_first(records: Iterable[LabelRecord]) -> list[LabelRecord]:
    """Labels by their F1, the lowest first; those without a value last."""
    return sorted(records, key=lambda record: (record.f1 if record.f1 == record.f1 else 2.0, record.label))


def labels_table(records: Iterable[LabelRecord], *, whole_names: bool = True) -> str:
    """One line per label."""
    rows = [
        [
            f"  {record.label if whole_names else cut(record.label)}",
            number(record.f1),
            number(record.precision),
            number(record.recall),
            number(record.ap),
            f"{record.support:g}",
            number(record.threshold, 2),
        ]
        for record in records
    ]
    return table(["  label", "F1", "precision", "recall", "AP", "support", "threshold"], rows)


def thresholds_table(details: Sequence[Mapping[str, Any]], *, whole_names: bool = True) -> str:
    """One line per label: its threshold, how much it varies, and what it was chosen on; from Thresholds.details."""
    rows = [
        [
            f"  {one['label'] if whole_names else cut(one['label'])}",
            number(one["threshold"]),
            "" if one["low"] is None else f"{number(one['low'])} to {number(one['high'])}",
            one["support"],
            one["note"],
        ]
        for one in details
    ]
    return table(["  label", "threshold", "in 95 % of resamples", "support", ""], rows, words_last=True)


def differences_table(differences: Iterable[Difference], *, by_label: bool = False, whole_names: bool = True) -> str:
    """One line per difference; ``by_label`` where they are of single labels."""

    def name(text: str) -> str:
        return text if whole_names else cut(text)

    rows = [
        [
            f"  {name(one.label)} ({one.metric})" if by_label else f"  {one.metric}",
            name(one.model),
            number(one.first),
            number(one.second),
            f"{one.difference:+.3f}",
            "" if one.low is None else f"{one.low:+.3f} to {one.high:+.3f}",
            one.verdict,
        ]
        for one in differences
    ]
    first = "  label" if by_label else "  metric"
    columns = [first, "model", "first", "this", "difference", "95 % interval", "verdict"]
    return table(columns, rows, left=2, words_last=True)


def more(hidden: int, what: str, where: str) -> list[str]:
    """The line that says how many rows are not shown, and where they are."""
    return [f"  ... and {hidden} more {what}: {where}"] if hidden > 0 else []
