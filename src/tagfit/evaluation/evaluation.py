"""Evaluation: the metrics of one split, as frozen records, plain dicts and a notebook table."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tagfit.display import Shown, card, frame, number, table
from tagfit.errors import InputError
from tagfit.evaluation.tables import (
    MOST_NOTES,
    MOST_ROWS,
    SHORT,
    WORST,
    labels_table,
    metrics_table,
    more,
    worst_first,
)
from tagfit.evaluation.thresholds import Thresholds


@dataclass(frozen=True)
class MetricValue:
    """One metric of one split.

    Attributes:
        name: of the metric.
        better: which direction is better.
        value: NaN where undefined.
        nothing: what predicting nothing (all scores 0) would score on these rows; None where that has no value.
        prevalence: what giving each label's prevalence in train as its score would score; likewise.
        best_constant: what the best fixed set of tags for every picture would score; None for metrics of scores.
        low, high: the ends of the 95 % interval; None where there is none.
        left_out: how many labels (or pictures) were undefined and left out of the mean.
        note: what a reader has to know; empty where that is nothing.
    """

    name: str
    better: Literal["higher", "lower"]
    value: float
    nothing: float | None = None
    prevalence: float | None = None
    best_constant: float | None = None
    low: float | None = None
    high: float | None = None
    left_out: int = 0
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; what is undefined is None."""
        return {
            "value": _plain(self.value),
            "nothing": self.nothing,
            "prevalence": self.prevalence,
            "best_constant": self.best_constant,
            "interval": None if self.low is None else [self.low, self.high],
            "better": self.better,
            "left_out": self.left_out,
            "note": self.note,
        }


@dataclass(frozen=True)
class LabelRecord:
    """One label of one split; counts are pictures, or their weight where pictures have weights.

    Attributes:
        label: its name.
        threshold: it is predicted where score > threshold.
        support: known positives.
        unknown: pictures of which this label is not known.
        precision, recall, f1, ap, auc: NaN where undefined.
        tp, fp, fn, tn: over the known entries.
        f1_interval, ap_interval: 95 %; None where there is none.
    """

    label: str
    threshold: float
    support: float
    unknown: int
    precision: float
    recall: float
    f1: float
    ap: float
    auc: float
    tp: float
    fp: float
    fn: float
    tn: float
    f1_interval: tuple[float, float] | None = None
    ap_interval: tuple[float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; what is undefined is None."""
        return {key: _plain(value) for key, value in asdict(self).items()}


@dataclass(frozen=True, repr=False)
class Evaluation(Shown):
    """The metrics of one split. ``evaluation["macro_f1"]`` is the value of one.

    Attributes:
        split: its name; empty where the scores had none.
        n: how many pictures.
        metrics: name -> MetricValue.
        labels: one record per label.
        thresholds: the ones in force.
        notes: what holds for all numbers, such as thresholds that were chosen on these very rows.
    """

    split: str
    n: int
    metrics: dict[str, MetricValue]
    labels: tuple[LabelRecord, ...]
    thresholds: Thresholds
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> float:
        if name not in self.metrics:
            raise InputError(f"this evaluation has no metric {name!r}", instead=f"it has {', '.join(self.metrics)}")
        return self.metrics[name].value

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: ``metrics`` by name, ``labels`` as records, and what they rest on."""
        return {
            "split": self.split,
            "n": self.n,
            "metrics": {name: metric.to_dict() for name, metric in self.metrics.items()},
            "labels": [record.to_dict() for record in self.labels],
            "thresholds": {"strategy": self.thresholds.strategy, "split": self.thresholds.split},
            "notes": list(self.notes),
        }

    def to_frame(self) -> Any:
        """The metrics as a DataFrame of pandas or else polars, one row per metric.

        Raises:
            InputError: neither is installed.
        """
        return frame(self.records())

    def records(self) -> list[dict[str, Any]]:
        """The rows of :meth:`to_frame`."""
        return [{"metric": name, **_columns(metric)} for name, metric in self.metrics.items()]

    def labels_frame(self) -> Any:
        """The labels as a DataFrame of pandas or else polars, one row per label.

        Raises:
            InputError: neither is installed.
        """
        return frame([record.to_dict() for record in self.labels])

    def lines(self) -> list[str]:
        """What is shown: the default metrics (or all that were asked for), and the labels with the lowest F1."""
        all_fit = len(self.metrics) <= MOST_ROWS
        metrics = [one for name, one in self.metrics.items() if all_fit or name in SHORT] or [*self.metrics.values()]
        shown = metrics[:MOST_ROWS]
        return [
            f"Evaluation of {self.split or 'scores'}: {self.n} rows, {len(self.labels)} labels",
            *metrics_table(shown).split("\n")[: len(shown) + 1 + MOST_NOTES],
            *more(len(self.metrics) - len(shown), "metrics", "to_frame()"),
            *(f"  note: {note}" for note in self.notes[:MOST_NOTES]),
            "labels, the lowest F1 first",
            *labels_table(worst_first(self.labels)[:WORST], whole_names=False).split("\n"),
            *more(len(self.labels) - WORST, "labels", "labels_frame()"),
        ]

    def _repr_html_(self) -> str:
        return card(self)


class EvaluationBySplit(dict[str, Evaluation], Shown):
    """The evaluations of several splits by their names: a dict that is shown as one table."""

    __repr__ = Shown.__repr__

    def _repr_html_(self) -> str:
        return card(self)

    def lines(self) -> list[str]:
        """What is shown: the default metrics (or all that were asked for) of each split next to each other."""
        if len(self) == 1:
            return next(iter(self.values())).lines()
        names = list(dict.fromkeys(name for one in self.values() for name in one.metrics))
        shown = [name for name in names if len(names) <= MOST_ROWS or name in SHORT][:MOST_ROWS]
        rows = [
            [f"  {name}", *(number(one[name]) if name in one.metrics else "" for one in self.values())]
            for name in shown
        ]
        return [
            f"Evaluation of {', '.join(f'{split} ({one.n} rows)' for split, one in self.items())}",
            *table(["  metric", *self], rows).split("\n"),
            *more(len(names) - len(shown), "metrics", "to_frame()"),
            f"  intervals, baselines and labels of one split: [{next(reversed(self))!r}]",
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values by split."""
        return {split: one.to_dict() for split, one in self.items()}

    def to_frame(self) -> Any:
        """The metrics as a DataFrame of pandas or else polars, one row per split and metric.

        Raises:
            InputError: neither is installed.
        """
        return frame([{"split": split, **record} for split, one in self.items() for record in one.records()])


def _columns(metric: MetricValue) -> dict[str, Any]:
    values = metric.to_dict()
    values.pop("interval")
    return {**values, "low": metric.low, "high": metric.high}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return value
    return value
