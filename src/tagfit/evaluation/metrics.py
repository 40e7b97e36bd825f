"""Metrics: one table that declares each once, with its direction, its range and what it means."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tagfit.errors import InputError
from tagfit.evaluation import counts as c
from tagfit.evaluation import other_names
from tagfit.evaluation import per_picture as r
from tagfit.evaluation.counts import Counts
from tagfit.evaluation.totals import Observed, Totals

Floats = NDArray[np.float64]
OfLabels = Callable[[Totals], Floats]

RANKED = r.RankedRows()


@dataclass(frozen=True)
class Metric:
    """One number for a whole model.

    Attributes:
        name: as it is asked for and printed.
        better: which direction is better.
        range: lowest and highest value possible.
        meaning: one line.
        value: the number itself, of shape (...), from totals of that leading shape.
        decides: whether it evaluates predicted tags, and so depends on the thresholds, rather than the scores.
        of_labels: a value a label, (..., L), NaN where undefined, where the metric is a mean of such.
        of_label: the name of that value of one label; empty where it is not a number of its own.
        by_support: whether the mean over labels is weighted by their positives.
        of_rows: whether it is a mean over rows, of which some may have no value.
        plain_scale: whether its interval is made on its own scale although it lies in [0, 1]: good models sit at 0.
        widening: what its standard error is multiplied by so that its interval covers what it promises.
        can_say_nothing: whether predicting nothing (all scores 0) has a value; a loss of it has none.
    """

    name: str
    better: Literal["higher", "lower"]
    range: tuple[float, float]
    meaning: str
    value: Callable[[Totals], Floats]
    decides: bool = True
    of_labels: OfLabels | None = None
    of_label: str = ""
    by_support: bool = False
    of_rows: bool = False
    plain_scale: bool = False
    widening: float = 1.0
    can_say_nothing: bool = True

    def left_out(self, totals: Observed) -> int:
        """How many labels (or rows, for a mean over rows) are undefined and left out of the mean."""
        if self.of_rows:
            self.value(totals)
            return totals.left_out(self.name)
        return 0 if self.of_labels is None else int(np.isnan(self.of_labels(totals)).sum())


def macro(values: Floats) -> Floats:
    """The mean over the labels that have a value, (..., L) -> (...); NaN where none has."""
    return _mean(values, np.ones(values.shape[-1]))


def _mean(values: Floats, weights: Floats) -> Floats:
    defined = ~np.isnan(values)
    total = (defined * weights).sum(axis=-1)
    summed = (np.where(defined, values, 0.0) * weights).sum(axis=-1)
    return np.asarray(np.where(total > 0, summed / np.where(total > 0, total, 1.0), np.nan))


def _label_accuracy(totals: Totals) -> Floats:
    return c.accuracy(totals.counts.pooled)[..., 0]


def _over_all(summed: Callable[[Totals], Floats]) -> Callable[[Totals], Floats]:
    def value(totals: Totals) -> Floats:
        known = totals.known.sum(axis=-1)
        return np.asarray(np.where(known > 0, summed(totals).sum(axis=-1) / np.where(known > 0, known, 1.0), np.nan))

    return value


def _averages(stem: str, of: Callable[[Counts], Floats], formula: str) -> list[Metric]:
    """The four averages of something made from counts."""

    def of_labels(totals: Totals) -> Floats:
        return of(totals.counts)

    def weighted(totals: Totals) -> Floats:
        return _mean(of(totals.counts), totals.counts.tp + totals.counts.fn)

    name = f"sample_{stem}"
    unit = (0.0, 1.0)
    return [
        Metric(
            f"macro_{stem}",
            "higher",
            unit,
            f"{formula}, mean over labels",
            lambda t: macro(of_labels(t)),
            of_labels=of_labels,
            of_label=stem,
        ),
        Metric(
            f"micro_{stem}", "higher", unit, f"{formula}, all entries together", lambda t: of(t.counts.pooled)[..., 0]
        ),
        Metric(
            f"weighted_{stem}",
            "higher",
            unit,
            f"{formula}, mean over labels by support",
            weighted,
            of_labels=of_labels,
            by_support=True,
        ),
        Metric(
            name,
            "higher",
            unit,
            f"{formula} of the tags of a picture, mean over pictures",
            lambda t: t.count_mean(name, of),
            of_rows=True,
        ),
    ]


def _ranked(name: str, of_label: str, of_labels: OfLabels, meaning: str) -> Metric:
    return Metric(
        name,
        "higher",
        (0.0, 1.0),
        meaning,
        lambda t: macro(of_labels(t)),
        decides=False,
        of_labels=of_labels,
        of_label=of_label,
    )


def _of_rows(
    name: str, of: r.RowFunction, meaning: str, better: Literal["higher", "lower"] = "higher", highest: float = 1.0
) -> Metric:
    return Metric(name, better, (0.0, highest), meaning, lambda t: t.row_mean(name, of), decides=False, of_rows=True)


def _of_labels(name: str, of_label: str, of_labels: OfLabels, meaning: str) -> Metric:
    return Metric(
        name,
        "higher",
        (0.0, 1.0),
        f"{meaning}, mean over labels",
        lambda t: macro(of_labels(t)),
        of_labels=of_labels,
        of_label=of_label,
    )


def _at(k: int, of: r.RankedRows) -> list[Metric]:
    return [
        _of_rows(f"precision_at_{k}", of, f"share of the {k} highest scores of a picture that are true tags"),
        _of_rows(f"recall_at_{k}", of, f"share of a picture's true tags among its {k} highest scores"),
    ]


_DECLARED: tuple[Metric, ...] = (
    Metric(
        "label_accuracy",
        "higher",
        (0.0, 1.0),
        "share of the single yes/no answers that are right (1 - Hamming loss)",
        _label_accuracy,
    ),
    Metric(
        "subset_accuracy",
        "higher",
        (0.0, 1.0),
        "share of pictures whose tags are all right",
        lambda t: t.count_mean("subset_accuracy", r.subset_right),
        of_rows=True,
    ),
    Metric(
        "loss",
        "lower",
        (0.0, float("inf")),
        "binary log loss in nats, mean over entries (clipped at 1e-7)",
        _over_all(lambda t: t.log_loss),
        decides=False,
        can_say_nothing=False,
    ),
    _ranked("mAP", "ap", lambda t: t.ranked.ap, "average precision, mean over labels"),
    *_averages("f1", c.fbeta, "harmonic mean of precision and recall"),
    *_averages("precision", c.precision, "share of the predicted tags that are right"),
    *_averages("recall", c.recall, "share of the true tags that are found"),
    _of_rows(
        "argmax_accuracy",
        r.argmax_right,
        "what Keras prints as accuracy: the first highest score on the first true tag; for comparison only",
    ),
    Metric(
        "hamming_loss",
        "lower",
        (0.0, 1.0),
        "share of the single yes/no answers that are wrong",
        lambda t: 1.0 - _label_accuracy(t),
    ),
    *_averages("jaccard", c.jaccard, "true positives over all that is predicted or true"),
    _ranked("macro_auc", "auc", lambda t: t.ranked.auc, "area under the ROC curve, mean over labels"),
    Metric(
        "brier",
        "lower",
        (0.0, 1.0),
        "squared error of the probability, mean over entries",
        _over_all(lambda t: t.squared_error),
        decides=False,
    ),
    *_averages("f2", lambda counts: c.fbeta(counts, 2.0), "F-beta that weighs recall twice as much as precision"),
    *_averages("f0.5", lambda counts: c.fbeta(counts, 0.5), "F-beta that weighs recall half as much as precision"),
    _of_labels("macro_specificity", "specificity", lambda t: c.specificity(t.counts), "share of absent tags left off"),
    _of_rows("lrap", RANKED, "label ranking average precision, mean over pictures"),
    _of_rows("coverage_error", RANKED, "how many labels down the list all true tags are", "lower", float("inf")),
    _of_rows("ranking_loss", RANKED, "share of (true, false) tag pairs of a picture in the wrong order", "lower"),
    _of_rows("one_error", RANKED, "share of pictures whose highest-scored label is not a true tag", "lower"),
    *(metric for k in r.KS for metric in _at(k, RANKED)),
    Metric(
        "calibration_error",
        "lower",
        (0.0, 1.0),
        "how far scores are from the shares they promise (debiased, bins of equal mass), mean over labels",
        lambda t: macro(t.calibration_error),
        decides=False,
        of_labels=lambda t: t.calibration_error,
        of_label="calibration_error",
        plain_scale=True,
        widening=1.25,
    ),
)


METRICS = {metric.name: metric for metric in _DECLARED}
DEFAULT = (
    "label_accuracy",
    "subset_accuracy",
    "macro_f1",
    "micro_f1",
    "sample_f1",
    "weighted_f1",
    "mAP",
    "loss",
    "macro_precision",
    "macro_recall",
    "micro_precision",
    "micro_recall",
    "weighted_precision",
    "weighted_recall",
    "sample_precision",
    "sample_recall",
    "argmax_accuracy",
)
HEADLINE = ("label_accuracy", "subset_accuracy", "macro_f1", "micro_f1", "sample_f1", "mAP", "loss")


def chosen(names: str | Sequence[str]) -> tuple[Metric, ...]:
    """The metrics of ``'default'``, of ``'all'``, or of these names, each once.

    Raises:
        InputError: a name that no metric has, with those that come near; for ``accuracy``, the candidates.
    """
    if isinstance(names, str):
        wanted: tuple[object, ...] = {"all": tuple(METRICS), "default": DEFAULT}.get(names, (names,))
    else:
        wanted = tuple(names) if isinstance(names, Iterable) and getattr(names, "shape", True) else ()
    if not wanted:
        raise InputError(f"metrics is {names!r}", instead="'default', 'all', or names such as ['mAP', 'macro_f1']")
    return tuple(find(name) for name in dict.fromkeys(map(str, wanted)))


def find(name: str) -> Metric:
    """The metric of this name; any ``macro_fBETA`` (micro, weighted, sample) and ``precision_at_K`` will do."""
    if name in METRICS:
        return METRICS[name]
    if at := re.fullmatch(r"(?:precision|recall)_at_([1-9][0-9]{0,8})", name):
        k = int(at[1])
        return next(metric for metric in _at(k, r.RankedRows((k,))) if metric.name == name)
    if beta := re.fullmatch(r"(?:macro|micro|weighted|sample)_f([0-9]{0,3}\.?[0-9]{1,9})", name):
        weight = float(beta[1])
        made = _averages(f"f{beta[1]}", lambda counts: c.fbeta(counts, weight), f"F-beta with beta {beta[1]}")
        return next(metric for metric in made if metric.name == name)
    split, bare = other_names.parted(name)
    meant = (bare,) if split and bare in METRICS else other_names.likely(bare)
    if len(meant) > 1:
        raise InputError(
            f"there is no metric {name!r}: where a picture has several labels the word has several meanings",
            instead=f"{', '.join(meant[:-1])} or {meant[-1]}",
        )
    near = meant or tuple(difflib.get_close_matches(name, METRICS, n=4, cutoff=0.5))
    raise InputError(
        f"there is no metric {name!r}",
        instead=f"did you mean {', '.join(near)}?" if near else f"one of {', '.join(METRICS)}",
    )
