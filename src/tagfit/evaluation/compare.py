"""Compare: models on the same pictures, paired; and the gap between train and validation, unpaired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit.display import Shown, cut, frame
from tagfit.errors import Fault, InputError
from tagfit.evaluation.cases import Cases
from tagfit.evaluation.intervals import (
    REPEATS,
    SEED,
    Replicates,
    bootstrap,
    check_repeats,
    check_seed,
    difference_interval,
    independent_positives,
    label_widening,
    mean_widening,
)
from tagfit.evaluation.metrics import HEADLINE, Metric, chosen
from tagfit.evaluation.tables import MOST_NOTES, MOST_ROWS, WORST, differences_table, more
from tagfit.evaluation.thresholds import Thresholds
from tagfit.evaluation.totals import Observed
from tagfit.scores import Scores

Floats = NDArray[np.float64]
Given = ArrayLike | Mapping[str, float] | Thresholds

LEVEL = 0.05


@dataclass(frozen=True)
class Difference:
    """One metric of two models (or splits), overall or of one label.

    Attributes:
        metric: its name; of one label, the name of that label's own number (``f1``, ``ap``).
        label: the label, empty for the whole model.
        model: which model (or split) is compared with the first.
        first, second: the two values.
        difference: second less first.
        low, high: its 95 % interval; None where the resamples say nothing.
        p: two-sided, of no difference; None likewise.
        p_adjusted: after Holm (1979), over all differences of the same table.
        better: which direction is better.
        shown: whether there is a difference: the adjusted p is below 0.05 and the interval excludes 0.
    """

    metric: str
    label: str
    model: str
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    p: float | None
    better: str
    p_adjusted: float | None = None
    shown: bool = False

    @property
    def verdict(self) -> str:
        """In words: better, worse, or that no difference is shown."""
        if not self.shown:
            return "no difference shown"
        return "better" if (self.difference > 0) == (self.better == "higher") else "worse"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; what is undefined is None."""
        values = asdict(self) | {"verdict": self.verdict}
        return {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in values.items()}


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """A comparison of models with the first of them.

    Attributes:
        first: the name of the model that the others are compared with.
        n: how many pictures (of the first, where they are not the same).
        paired: whether all were judged on the same pictures.
        overall: the differences of whole models.
        labels: the differences of single labels.
        notes: what a reader has to know.
    """

    first: str
    n: int
    paired: bool
    overall: tuple[Difference, ...]
    labels: tuple[Difference, ...]
    notes: tuple[str, ...] = ()

    def __getitem__(self, metric: str) -> Difference:
        for difference in self.overall:
            if difference.metric == metric:
                return difference
        raise InputError(f"this comparison has no metric {metric!r}")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "first": self.first,
            "n": self.n,
            "paired": self.paired,
            "overall": [difference.to_dict() for difference in self.overall],
            "labels": [difference.to_dict() for difference in self.labels],
            "notes": list(self.notes),
        }

    def to_frame(self) -> Any:
        """All differences, overall and of labels, as a DataFrame of pandas or else polars.

        Raises:
            InputError: neither is installed.
        """
        return frame([one.to_dict() for one in (*self.overall, *self.labels)])

    def lines(self) -> list[str]:
        """What is shown: the differences of whole models, and those of labels that are significant."""
        how = "paired resampling" if self.paired else "each resampled by itself"
        significant = [one for one in self.labels if one.shown]
        overall = differences_table(self.overall[:MOST_ROWS], whole_names=False).split("\n")
        labels = differences_table(significant[:WORST], by_label=True, whole_names=False).split("\n")
        return [
            f"Comparison with {cut(self.first)}: {self.n} rows, {how}, verdicts corrected by Holm's method",
            *overall,
            *more(len(self.overall) - MOST_ROWS, "metrics", "to_frame()"),
            *(["labels with a difference", *labels] if significant else []),
            *more(len(self.labels) - len(significant[:WORST]), "differences of labels", "to_frame()"),
            *(f"  note: {note}" for note in self.notes[:MOST_NOTES]),
        ]


def compare(
    models: Mapping[str, Scores],
    *,
    thresholds: Given | Mapping[str, Given] = 0.5,
    metrics: str | Sequence[str] = HEADLINE,
    repeats: int = REPEATS,
    seed: int = SEED,
) -> Comparison:
    """Compare models with the first of them on the same pictures, resampled together.

    Args:
        models: two or more by name; rows are aligned by their ids and labels by their names. Row weights of one model
            are used for all of them.
        thresholds: as in ``evaluate``, for all models; or a dict of such by the name of each model.
        metrics: ``'default'``, ``'all'`` or names; those that are means over labels are also compared per label.
        repeats: bootstrap resamples.

    Raises:
        InputError: fewer than two models, or other rows, labels, truth or row weights than the first's.
    """
    if len(models) < 2:
        raise InputError("one model cannot be compared", instead="two or more, on the same rows")
    wanted, repeats, seed = chosen(metrics), check_repeats(repeats), check_seed(seed)
    names = list(models)
    first = models[names[0]]
    others = {name: _aligned(first, models[name], names[0], name) for name in names[1:]}
    aligned = _equally_weighted({names[0]: first, **others})
    judged = {}
    by_model = isinstance(thresholds, Mapping) and set(thresholds) == set(names)
    for name, scores in aligned.items():
        observed = _observed(scores, thresholds[name] if by_model else thresholds)  # type: ignore[index, call-overload, arg-type]
        judged[name] = (observed, bootstrap(wanted, observed, repeats, first.groups, seed))
    positives = independent_positives(judged[names[0]][0], first.groups)
    overall, labels = [], []
    for name in names[1:]:
        table = _Table(name, first.labels, wanted, judged[names[0]], judged[name], positives)
        overall += table.overall()
        labels += table.by_label()
    return Comparison(names[0], len(first), True, _holm(overall), _holm(labels))


def gap(
    train: Scores,
    validation: Scores,
    *,
    thresholds: Given = 0.5,
    metrics: str | Sequence[str] = HEADLINE,
    repeats: int = REPEATS,
    seed: int = SEED,
) -> Comparison:
    """Train against validation: other pictures, each resampled by itself; the difference is validation less train.

    Raises:
        InputError: other labels in the one than in the other.
    """
    wanted, repeats, seed = chosen(metrics), check_repeats(repeats), check_seed(seed)
    validation = _with_labels(train, validation, "train", "validation")
    judged = [
        (observed, bootstrap(wanted, observed, repeats, scores.groups, seed + number))
        for number, scores in enumerate((train, validation))
        for observed in [_observed(scores, thresholds)]
    ]
    positives = np.minimum(
        independent_positives(judged[0][0], train.groups), independent_positives(judged[1][0], validation.groups)
    )
    table = _Table(validation.split or "validation", train.labels, wanted, judged[0], judged[1], positives)
    return Comparison(train.split or "train", len(train), False, _holm(table.overall()), _holm(table.by_label()))


@dataclass(frozen=True)
class _Table:
    """The differences of one pair, before the others are thought of."""

    model: str
    labels: tuple[str, ...]
    metrics: tuple[Metric, ...]
    first: tuple[Observed, dict[str, Replicates]]
    second: tuple[Observed, dict[str, Replicates]]
    positives: Floats

    def overall(self) -> list[Difference]:
        found = []
        for metric in self.metrics:
            one, other = self.first[1][metric.name], self.second[1][metric.name]
            values = (float(metric.value(self.first[0])), float(metric.value(self.second[0])))
            widening = 1.0
            if one.labels is not None and other.labels is not None:
                widening = mean_widening(metric, other.labels - one.labels, self.positives)
            found.append(self._difference(metric, metric.name, "", values, other.values - one.values, widening))
        return found

    def by_label(self) -> list[Difference]:
        found = []
        for metric in self.metrics:
            one, other = self.first[1][metric.name], self.second[1][metric.name]
            if metric.of_labels is None or metric.of_label == "" or one.labels is None or other.labels is None:
                continue
            pairs = np.stack([metric.of_labels(self.first[0]), metric.of_labels(self.second[0])], axis=-1).tolist()
            widenings = label_widening(metric, self.positives)
            for index, label in enumerate(self.labels):
                moved = other.labels[:, index] - one.labels[:, index]
                pair = (pairs[index][0], pairs[index][1])
                found.append(self._difference(metric, metric.of_label, label, pair, moved, float(widenings[index])))
        return found

    def _difference(
        self, metric: Metric, name: str, label: str, values: tuple[float, float], moved: Floats, widening: float
    ) -> Difference:
        first, second = values
        found = difference_interval(second - first, moved, widening=widening)
        low, high, p = found or (None, None, None)
        return Difference(name, label, self.model, first, second, second - first, low, high, p, metric.better)


def _observed(scores: Scores, thresholds: Given) -> Observed:
    given = thresholds if isinstance(thresholds, Thresholds) else Thresholds.fixed(thresholds, scores.labels)
    given = given.in_order(scores.labels)
    return Observed(Cases.of(scores, given.values, None if given.by_label else given.predict(scores.scores)))


def _aligned(first: Scores, other: Scores, first_name: str, name: str) -> Scores:
    """``other`` in the order of ``first``'s rows and labels."""
    other = _with_labels(first, other, first_name, name)
    at = {row: index for index, row in enumerate(other.ids.tolist())}
    missing = [row for row in first.ids.tolist() if row not in at]
    if missing or len(other) != len(first):
        few = f", {missing[0]!r} among them" if missing else ""
        raise InputError(
            f"{first_name} and {name} were evaluated on different pictures: {len(missing)} of the {len(first)} "
            f"pictures of {first_name} are not among the {len(other)} of {name}{few}",
            instead="scores of the same split of the same data; tagfit.gap compares different pictures",
        )
    rows = [at[row] for row in first.ids.tolist()]
    truth, known = other.truth[rows], other.known[rows]
    strange = np.argwhere((truth != first.truth) | (known != first.known))
    if len(strange):
        raise InputError(
            [
                Fault(f"the truth of {first.labels[column]!r} differs", where=f"picture {first.ids[row]}")
                for row, column in strange.tolist()
            ],
            what=f"{first_name} and {name} were evaluated with different truth",
        )
    weights = None if other.weights is None else other.weights[rows]
    return replace(other, scores=other.scores[rows], truth=truth, known=known, ids=first.ids, weights=weights)


def _equally_weighted(models: Mapping[str, Scores]) -> dict[str, Scores]:
    """Models on the same rows with the row weights that some of them carry."""
    weighted = {name: one.weights for name, one in models.items() if one.weights is not None}
    if not weighted:
        return dict(models)
    name, weights = next(iter(weighted.items()))
    different = [other for other, own in weighted.items() if not np.array_equal(own, weights)]
    if different:
        raise InputError(f"{name} and {different[0]} have different row weights", instead="the same weights in both")
    return {name: replace(one, weights=weights) for name, one in models.items()}


def _with_labels(first: Scores, other: Scores, first_name: str, name: str) -> Scores:
    if other.labels == first.labels:
        return other
    if set(other.labels) != set(first.labels):
        odd = sorted(set(first.labels) ^ set(other.labels))
        raise InputError(f"{first_name} and {name} have different labels: {', '.join(odd)} in one only")
    columns = [other.labels.index(label) for label in first.labels]
    return replace(
        other,
        scores=other.scores[:, columns],
        truth=other.truth[:, columns],
        known=other.known[:, columns],
        labels=first.labels,
    )


def _holm(differences: list[Difference]) -> tuple[Difference, ...]:
    """The same with p adjusted so that the chance of any false difference among them is at most LEVEL."""
    able = sorted((d.p, index) for index, d in enumerate(differences) if d.p is not None)
    adjusted = list(differences)
    highest = 0.0
    for rank, (p, index) in enumerate(able):
        highest = max(highest, min(1.0, p * (len(able) - rank)))
        low, high = differences[index].low, differences[index].high
        excludes_zero = low is not None and high is not None and (low > 0 or high < 0)
        adjusted[index] = replace(differences[index], p_adjusted=highest, shown=highest < LEVEL and excludes_zero)
    return tuple(adjusted)
