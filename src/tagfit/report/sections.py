"""Sections of a page about one model: metrics, labels, curves, mistakes and suspect tags, each as a plain dict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.evaluation import Evaluation, LabelRecord, MetricValue
from tagfit.evaluation.tables import SHORT, worst_first
from tagfit.history import History
from tagfit.report import charts, curves, mistakes, parts
from tagfit.report.page import number
from tagfit.report.parts import Part
from tagfit.scores import Scores

# The metric of the sentence that a page begins with.
LEADING = "macro_f1"
TITLES = {"macro_f1": "macro F1", "mAP": "mAP", "micro_f1": "micro F1", "sample_f1": "sample F1"}
MOST_CURVES = 6
MOST_PAIRS = 12
MOST_IN_MATRIX = 14
JUDGED = ("validation", "test", "train")

Floats = NDArray[np.float64]
Address = Callable[[int], str]  # of the page of a row or of a label


def judged_split(splits: Iterable[str]) -> str:
    """The split that a model is judged by: validation, or what there is."""
    there = list(splits)
    return next((name for name in JUDGED if name in there), there[0])


def trivial(metric: MetricValue) -> float | None:
    """What the best trivial prediction scores."""
    values = [one for one in (metric.nothing, metric.prevalence, metric.best_constant) if one is not None]
    better = max if metric.better == "higher" else min
    return better(values) if values else None


def interval(low: float | None, high: float | None) -> str:
    """An interval for a table; empty without one."""
    return "" if low is None or high is None else f"{number(low)} to {number(high)}"


def sentence(evaluation: Evaluation) -> str:
    """How a model stands on a split: one metric, its interval, and the best trivial prediction."""
    name = LEADING if LEADING in evaluation.metrics else next(iter(evaluation.metrics))
    metric = evaluation.metrics[name]
    ends = interval(metric.low, metric.high)
    bar = trivial(metric)
    against = "" if bar is None else f", against {number(bar)} for the best trivial prediction"
    where = f"On {evaluation.split}, " if evaluation.split else ""
    said = f"{where}{TITLES.get(name, name)} is {number(metric.value)}{f' ({ends})' if ends else ''}{against}."
    return said[0].upper() + said[1:]


def mark_of(evaluation: Evaluation) -> str:
    """``issue`` where the model is not shown to be better than a trivial prediction, else ``good``."""
    name = LEADING if LEADING in evaluation.metrics else next(iter(evaluation.metrics))
    metric = evaluation.metrics[name]
    bar, value = trivial(metric), metric.value
    if bar is None or np.isnan(value):
        return "hint"
    worst = metric.low if metric.better == "higher" else metric.high
    worst = value if worst is None else worst
    return "good" if (worst > bar) == (metric.better == "higher") and worst != bar else "issue"


def metrics(evaluations: Mapping[str, Evaluation]) -> Part:
    """The metrics of each split, with intervals and trivial predictions."""
    names = [name for name in SHORT if all(name in one.metrics for one in evaluations.values())]
    names = names or list(next(iter(evaluations.values())).metrics)
    first, rows = next(iter(evaluations)), []
    for name in names:
        for split, evaluation in evaluations.items():
            one = evaluation.metrics[name]
            rows.append(
                [
                    name if split == first else "",
                    split,
                    number(one.value),
                    interval(one.low, one.high),
                    number(one.nothing),
                    number(one.prevalence),
                    number(one.best_constant),
                ]
            )
    columns = ["metric", "split", "value", "95 % interval", "predict nothing", "prevalence", "best constant set"]
    said = "Each metric with its interval, next to the scores of three trivial predictions on the same pictures."
    return parts.table(columns, rows, words=2, id="metrics", title="Metrics", sentence=said)


def labels(evaluation: Evaluation, address: Callable[[str], str] | None = None) -> Part:
    """The labels of a split, the lowest F1 first."""
    found = worst_first(evaluation.labels)
    rows = [_label(one, address) for one in found]
    figures = ["F1", "95 % interval", "precision", "recall", "AP"]
    columns = ["label", *figures, "positives", "missed", "false alarms", "cut"]
    worst = [one for one in found if one.f1 == one.f1]
    low = f" {worst[0].label} is the worst, with {number(worst[0].f1)}." if worst else ""
    said = f"The labels of {evaluation.split or 'the scores'}, the lowest F1 first.{low}"
    return parts.table(columns, rows, id="labels", title="Labels by need", sentence=said)


def _label(one: LabelRecord, address: Callable[[str], str] | None) -> list[Any]:
    ends = one.f1_interval or (None, None)
    figures = [number(one.f1), interval(*ends), number(one.precision), number(one.recall), number(one.ap)]
    counts = [f"{one.support:g}", f"{one.fn:g}", f"{one.fp:g}", number(one.threshold, ".2f")]
    name = one.label if address is None else parts.link(one.label, address(one.label))
    return [name, *figures, *counts]


def training(history: History, kept: int | None) -> Part | None:
    """The curves of a training; None without an epoch."""
    if not history:
        return None
    of_loss = [("one", "train", "train_loss"), ("two", "validation", "validation_loss")]
    of_accuracy = [("one", "train", "train_label_accuracy"), ("two", "validation", "validation_label_accuracy")]
    drawn = [
        _by_epoch("Loss by epoch", "log loss (nats)", history, kept, of_loss),
        _by_epoch("Label accuracy by epoch", "label accuracy", history, kept, of_accuracy),
    ]
    return {"kind": "charts", "id": "training", "title": "Training curves", "sentence": "", "charts": drawn}


def _by_epoch(
    title: str, y_name: str, history: History, kept: int | None, columns: Sequence[tuple[str, str, str]]
) -> Part:
    series = [
        {"style": style, "name": name, "values": [getattr(epoch, field) for epoch in history]}
        for style, name, field in columns
    ]
    last = history[-1]
    ends = ", ".join(f"{name} {number(getattr(last, field))}" for _, name, field in columns)
    kept_words = f"; the weights of epoch {kept} were kept" if kept else ""
    rows = [
        [f"{epoch.epoch}", *(number(getattr(epoch, field)) for *_, field in columns), f"{epoch.learning_rate:.2g}"]
        for epoch in history
    ]
    data = parts.table(["epoch", *(name for _, name, _ in columns), "learning rate"], rows, words=0)
    said = f"After epoch {last.epoch}: {ends}{kept_words}."
    return parts.chart(title, said, charts.epochs(title, series, kept, y_name), data)


def precision_recall(scores: Scores, evaluation: Evaluation) -> Part | None:
    """The precision-recall curves of the labels with the lowest AP; None where no label has a positive."""
    by_ap = sorted((one for one in evaluation.labels if one.ap == one.ap), key=lambda one: one.ap)
    series: list[Part] = []
    rows = []
    for one in by_ap[:MOST_CURVES]:
        curve = curves.precision_recall(scores, scores.labels.index(one.label))
        if curve is None:
            continue
        recall, precision = curve.thinned()
        series.append({"style": f"curve{len(series)}", "name": one.label, "x": recall, "y": precision})
        share = one.support / max(one.support + one.fp + one.tn, 1)
        best = curve.best
        figures = (curve.f1[best], curve.cuts[best], one.f1, share)
        rows.append([one.label, number(one.ap), *(number(float(value)) for value in figures)])
    if not series:
        return None
    columns = ["label", "AP", "best F1", "at the cut", "F1 now", "share of positives"]
    more = f" Of {len(by_ap)} labels, the {len(series)} with the lowest AP." if len(by_ap) > len(series) else ""
    said = f"AP is the area under a curve; the share of positives is what chance reaches.{more}"
    drawn = charts.xy("Precision over recall of single labels", series, "recall", "precision")
    return parts.chart("Precision and recall", said, drawn, parts.table(columns, rows), id="precision-recall")


def reliability(scores: Scores, label: str = "") -> Part | None:
    """Whether the scores of a label, or of all labels together, are probabilities; None without a known entry."""
    found = curves.reliability(scores, scores.labels.index(label) if label else None)
    if not found["score"]:
        return None
    entries = np.array(found["entries"])
    off = np.array(found["share"]) - np.array(found["score"])
    error = float(np.sqrt((entries * off**2).sum() / entries.sum()))
    high = float((entries * np.sign(np.array(found["score"]) - 0.5) * off).sum())
    kind = "overconfident" if high < 0 else "underconfident"
    whose = f" of {label}" if label else ""
    said = (
        f"On average a score{whose} is {number(error)} away from the share of positives (root mean square); "
        f"the scores are {kind if error > 0.02 else 'close to probabilities'}."
    )
    series = [{"style": "two", "name": "", "x": found["score"], "y": found["share"], "dots": True}]
    drawn = charts.xy("Share of positives over mean score", series, "mean score", "share of positives", diagonal=True)
    rows = [
        [number(score), number(share), f"{count:,.0f}"]
        for score, share, count in zip(found["score"], found["share"], found["entries"], strict=True)
    ]
    data = parts.table(["mean score", "share of positives", "entries"], rows, words=0)
    return parts.chart("Reliability", said, drawn, data, id="reliability")


def co_occurrence(scores: Scores) -> Part | None:
    """Labels that come together, in truth and as predicted; None with one label only."""
    if len(scores.labels) < 2:
        return None
    truth, predicted = curves.together(scores)
    upper = np.triu_indices(len(scores.labels), 1)
    change = (predicted - truth)[upper]
    order = np.argsort(-np.abs(change), kind="stable")[:MOST_PAIRS]
    pairs = [(int(upper[0][place]), int(upper[1][place])) for place in order]
    rows = [
        [
            f"{scores.labels[one]} + {scores.labels[other]}",
            f"{truth[one, other]:,.0f}",
            f"{predicted[one, other]:,.0f}",
            f"{predicted[one, other] - truth[one, other]:+,.0f}".replace("-", "−"),
        ]
        for one, other in pairs
    ]
    shown = np.argsort(-np.diag(truth), kind="stable")[:MOST_IN_MATRIX]
    cells = [
        [_share(truth, predicted, right > down, int(row), int(column)) for right, column in enumerate(shown)]
        for down, row in enumerate(shown)
    ]
    names = [scores.labels[place] for place in shown]
    said = (
        "Each square is the share of the row's pictures that have the column's label as well: "
        "above the diagonal as predicted, below it in truth. Of a good model, both halves look alike."
    )
    drawn = charts.matrix("Labels that come together, in truth and as predicted", names, cells)
    data = parts.table(["labels", "together in truth", "predicted together", "difference"], rows)
    return parts.chart("Labels that come together", said, drawn, data, id="co-occurrence")


def _share(truth: Floats, predicted: Floats, above: bool, row: int, column: int) -> float | None:
    """The share of pictures with one label that have the other; None on the diagonal and where no picture has it."""
    counts = predicted if above else truth
    return None if row == column or not counts[row, row] else float(counts[row, column] / counts[row, row])


def wrong(scores: Scores, most: int, address: Address | None = None) -> list[Part]:
    """The most confident misses and false alarms of a split, ``most`` of each."""
    found = []
    missed, alarms = mistakes.misses(scores, most), mistakes.false_alarms(scores, most)
    for name, title, entries, words in (
        ("missed", "Most confident misses", missed, "Tags that are there and have the lowest scores."),
        ("false", "Most confident false alarms", alarms, "Tags that are not there and have the highest scores."),
    ):
        shown = [
            parts.picture(
                scores.split,
                one.row,
                scores.ids[one.row],
                [
                    ("worse", "missed" if name == "missed" else "false alarm", scores.labels[one.column]),
                    ("", "", f"score {number(one.score, '.2f')}"),
                ],
                "" if address is None else address(one.row),
            )
            for one in entries
        ]
        found.append(parts.pictures(name, title, words if shown else "None at the cut of 0.5.", shown))
    return found


def suspect_tags(scores: Scores, most: int, address: Address | None = None) -> Part:
    """Tags of a split that its scores contradict so confidently that the tag is probably wrong."""
    records = mistakes.suspects(scores, most)
    title = "Suspect tags"
    if records is None:
        return parts.pictures("suspect", title, "Too few scores are confident to tell wrong tags from hard ones.", [])
    shown = [
        parts.picture(
            scores.split,
            one["row"],
            one["id"],
            [
                ("worse", "tagged" if one["tagged"] else "not tagged", one["label"]),
                ("", "", f"score {number(one['score'], '.2f')}"),
            ],
            "" if address is None else address(one["row"]),
        )
        for one in records
    ]
    said = "Confident scores contradict these tags: look at them first when you correct tags."
    return parts.pictures("suspect", title, said if shown else "No tag is suspect.", shown)
