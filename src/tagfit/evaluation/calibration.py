"""Calibration: maps scores to probabilities per label, evaluated on rows the calibrator has not seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tagfit.arguments import checked
from tagfit.display import Shown, cut, frame, number, table
from tagfit.errors import InputError
from tagfit.evaluation.calibration_error import binned
from tagfit.evaluation.cases import Cases
from tagfit.evaluation.intervals import REPEATS, SEED, bootstrap, check_repeats, check_seed, interval
from tagfit.evaluation.metrics import find
from tagfit.evaluation.platt import fit_platt
from tagfit.evaluation.resamples import drawn_units
from tagfit.evaluation.shares import expit, logit, wilson
from tagfit.evaluation.tables import MOST_ROWS, more
from tagfit.evaluation.totals import Observed
from tagfit.scores import Scores

Floats = NDArray[np.float64]

FOLDS = 5
FEW = 10  # fewer positives (or negatives) than this: the label is not calibrated
MANY = 1000  # as many of both: free form (isotonic); fewer: two numbers (Platt), which chance moves less


@dataclass(frozen=True)
class Calibrator:
    """How the scores of one label are changed.

    Attributes:
        label: its name.
        method: ``isotonic``, ``platt`` or ``none``.
        x, y: for isotonic, the points between which it runs straight; for Platt, ``y`` is (slope, offset) on logits.
    """

    label: str
    method: str
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    def __call__(self, scores: NDArray[np.floating[Any]]) -> Floats:
        """Calibrated probabilities of some scores of this label, (N,)."""
        values = np.asarray(scores, dtype=np.float64)
        if self.method == "isotonic":
            return np.interp(values, self.x, self.y)
        if self.method == "platt":
            slope, offset = self.y
            return expit(slope * logit(values) + offset)
        return values


@dataclass(frozen=True)
class CalibratedLabel:
    """One label before and after, evaluated on rows its calibrator has not seen.

    Attributes:
        label, method, support: its name, how it was calibrated, known positives.
        before, after: calibration error.
        before_interval, after_interval: 95 %, or None.
    """

    label: str
    method: str
    support: int
    before: float
    after: float
    before_interval: tuple[float, float] | None
    after_interval: tuple[float, float] | None


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Shown):
    """Calibrators fitted on all rows, and what cross-fitting says about them.

    Attributes:
        calibrators: one per label.
        labels: one record a label.
        scores: the cross-fitted scores: each row's by calibrators that had not seen it.
        split: the split they were fitted on.
    """

    calibrators: tuple[Calibrator, ...]
    labels: tuple[CalibratedLabel, ...]
    scores: Scores
    split: str

    def apply(self, scores: Scores) -> Scores:
        """Calibrated scores of other rows with the same labels.

        Raises:
            InputError: a label that has no calibrator.
        """
        by_label = {calibrator.label: calibrator for calibrator in self.calibrators}
        missing = [label for label in scores.labels if label not in by_label]
        if missing:
            raise InputError(f"there is no calibrator for {', '.join(missing)}")
        columns = [by_label[label](scores.scores[:, index]) for index, label in enumerate(scores.labels)]
        return replace(scores, scores=np.stack(columns, axis=1))

    def to_frame(self) -> Any:
        """One row per label as a DataFrame of pandas or else polars.

        Raises:
            InputError: neither is installed.
        """
        return frame([asdict(record) for record in self.labels])

    def lines(self) -> list[str]:
        """What is shown: the labels with the largest calibration error before."""
        worst = sorted(self.labels, key=lambda one: -one.before if one.before == one.before else 1.0)[:MOST_ROWS]
        rows = [
            [f"  {cut(one.label)}", one.method, one.support, number(one.before), number(one.after)] for one in worst
        ]
        return [
            f"Calibration of {len(self.labels)} labels on {self.split or 'scores'}; calibration error, cross-fitted",
            *table(["  label", "method", "support", "before", "after"], rows, left=2).split("\n"),
            *more(len(self.labels) - len(worst), "labels", "to_frame()"),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "split": self.split,
            "labels": [asdict(record) for record in self.labels],
            "calibrators": [asdict(calibrator) for calibrator in self.calibrators],
        }


@checked(scores="calibrate(Scores.of(truth, probabilities))", cv="folds=5")
def calibrate(
    scores: Scores,
    *,
    folds: int = FOLDS,
    method: Literal["auto", "platt"] = "auto",
    repeats: int = REPEATS,
    seed: int = SEED,
) -> Calibration:
    """Fit a calibrator per label, chosen by its positives and negatives, and evaluate by cross-fitting.

    Isotonic where there are at least MANY of both, Platt's two numbers (with his smoothed targets, 1999) from FEW up,
    else none. For the judgement each row's score comes from calibrators fitted on the other folds; groups stay whole.

    Args:
        folds: how many.
        method: "platt" for two numbers a label however many pictures there are, as taggers carry them.
        repeats: bootstrap resamples for the intervals.

    Raises:
        InputError: fewer than 2 folds, or fewer rows than folds.
    """
    if isinstance(folds, bool) or not isinstance(folds, int | np.integer) or not 2 <= folds <= len(scores):
        raise InputError(f"{folds!r} folds of {len(scores)} rows", instead="at least 2, and no more than rows")
    repeats, seed = check_repeats(repeats), check_seed(seed)
    fold = _folds(scores, folds, seed)
    crossed = np.empty(scores.scores.shape, dtype=np.float64)
    for held_out in range(folds):
        out = fold == held_out
        for column, calibrator in enumerate(_fit(scores, ~out, method)):
            crossed[out, column] = calibrator(scores.scores[out, column])
    after = replace(scores, scores=crossed)
    calibrators = _fit(scores, np.ones(len(scores), dtype=bool), method)
    errors_before, intervals_before = _errors(scores, repeats, seed)
    errors_after, intervals_after = _errors(after, repeats, seed)
    labels = tuple(
        CalibratedLabel(
            calibrator.label,
            calibrator.method,
            int(scores.truth[:, index].sum()),
            errors_before[index],
            errors_after[index],
            intervals_before[index],
            intervals_after[index],
        )
        for index, calibrator in enumerate(calibrators)
    )
    return Calibration(calibrators, labels, after, scores.split)


def reliability(scores: Scores) -> dict[str, list[dict[str, float]]]:
    """One reliability curve per label: for each bin of equal mass, how many, the mean score, the share of positives and
    its 95 % interval (Wilson, 1927)."""
    cases = Cases.of(scores)
    return {label: _curve(cases, index) for index, label in enumerate(scores.labels)}


def _curve(cases: Cases, label: int) -> list[dict[str, float]]:
    bins = binned(cases, label)
    points = []
    for weight, score, positive in zip(*(v.tolist() for v in (bins.weight, bins.score, bins.positive)), strict=True):
        if weight <= 0:
            continue
        low, high = wilson(positive, weight)
        points.append({"n": weight, "score": score / weight, "share": positive / weight, "low": low, "high": high})
    return points


def _errors(scores: Scores, repeats: int, seed: int) -> tuple[list[float], list[tuple[float, float] | None]]:
    metric = find("calibration_error")
    assert metric.of_labels is not None
    observed = Observed(Cases.of(scores))
    errors = metric.of_labels(observed).tolist()
    replicates = bootstrap([metric], observed, repeats, scores.groups, seed)[metric.name].labels
    assert replicates is not None
    return errors, [
        interval(error, values, limits=metric.range, widening=metric.widening, plain=metric.plain_scale)
        for error, values in zip(errors, replicates.T, strict=True)
    ]


def _folds(scores: Scores, folds: int, seed: int) -> NDArray[np.intp]:
    rng = np.random.default_rng(seed)
    units, of_row = (len(scores), np.arange(len(scores))) if scores.groups is None else drawn_units(scores.groups)
    return np.asarray((rng.permutation(units) % folds)[of_row])


def _fit(scores: Scores, kept: NDArray[np.bool_], method: str) -> tuple[Calibrator, ...]:
    """One calibrator per label, fitted on ``kept``; its method depends on all known rows, so folds do not differ."""
    found = []
    for column, label in enumerate(scores.labels):
        rows = kept & scores.known[:, column]
        if scores.weights is not None:
            rows &= scores.weights > 0
        truth, values = scores.truth[rows, column], scores.scores[rows, column].astype(np.float64)
        weights = np.ones(len(truth)) if scores.weights is None else scores.weights[rows]
        whole = scores.truth[scores.known[:, column], column]
        few = min(int(whole.sum()), int(len(whole) - whole.sum()))
        if few < FEW or truth.all() or not truth.any():
            found.append(Calibrator(label, "none"))
        elif few < MANY or method == "platt":
            found.append(Calibrator(label, "platt", y=fit_platt(truth, values, weights)))
        else:
            found.append(_isotonic(label, truth, values, weights))
    return tuple(found)


def _isotonic(label: str, truth: NDArray[np.uint8], scores: Floats, weights: Floats) -> Calibrator:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0.0, y_max=1.0).fit(scores, truth, sample_weight=weights)
    x, y = fitted.X_thresholds_.tolist(), fitted.y_thresholds_.tolist()
    return Calibrator(label, "isotonic", tuple(x), tuple(y))
