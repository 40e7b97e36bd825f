"""Curves of scores: precision and recall, reliability, and which tags come together in truth and prediction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit.evaluation.cases import Cases, check_thresholds, exceeding
from tagfit.evaluation.cut_curves import Ladder
from tagfit.scores import Scores

BINS = 15
POINTS = 120  # of a curve that is drawn

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """One label at each of its possible thresholds, from the highest down.

    Attributes:
        cuts, precision, recall: float64 (C,).
        best: the place of the best F1.
    """

    cuts: Floats
    precision: Floats
    recall: Floats
    best: int

    @property
    def f1(self) -> Floats:
        """F1 at each threshold, (C,)."""
        total = self.precision + self.recall
        return np.asarray(2 * self.precision * self.recall / np.where(total > 0, total, 1.0))

    def thinned(self, most: int = POINTS) -> tuple[list[float], list[float]]:
        """At most ``most`` points (recall, precision), without the one where nothing is predicted."""
        last = len(self.recall) - 1
        at = np.unique(np.linspace(1, last, min(most, max(last, 1))).round().astype(int)) if last > 0 else np.zeros(1)
        places = at.astype(int)
        return self.recall[places].round(4).tolist(), self.precision[places].round(4).tolist()


def precision_recall(scores: Scores, label: int) -> PrecisionRecall | None:
    """The curve of one label; None without a known positive."""
    curve = Ladder.of(Cases.of(scores), label).curve(scores.weights)
    if not curve.positives > 0:
        return None
    precision = np.where(curve.predicted > 0, curve.tp / np.where(curve.predicted > 0, curve.predicted, 1.0), 1.0)
    return PrecisionRecall(curve.cuts, precision, curve.tp / curve.positives, int(np.argmax(curve.fbeta(1.0))))


def reliability(scores: Scores, label: int | None = None) -> dict[str, list[float]]:
    """Known entries in bins of equal mass: ``score`` (mean), ``share`` of positives and ``entries`` of each bin.

    Args:
        scores: of a split.
        label: a column; None for all entries together.
    """
    columns = slice(None) if label is None else slice(label, label + 1)
    known = scores.known[:, columns]
    values, truth = scores.scores[:, columns][known].astype(np.float64), scores.truth[:, columns][known]
    if not len(values):
        return {"score": [], "share": [], "entries": []}
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
    place = np.searchsorted(edges, values, side="right")
    entries = np.bincount(place, minlength=len(edges) + 1).astype(np.float64)
    there = entries > 0
    score = np.bincount(place, weights=values, minlength=len(entries))[there] / entries[there]
    share = np.bincount(place, weights=truth, minlength=len(entries))[there] / entries[there]
    return {"score": score.tolist(), "share": share.tolist(), "entries": entries[there].tolist()}


def together(scores: Scores, thresholds: ArrayLike = 0.5) -> tuple[Floats, Floats]:
    """How many pictures have both of two labels, in truth and as predicted: two arrays (L, L), over known pairs."""
    known = scores.known.astype(np.float32)
    truth = scores.truth.astype(np.float32) * known
    cuts = check_thresholds(thresholds, scores.labels)
    predicted = exceeding(scores.scores, cuts).astype(np.float32) * known
    return (truth.T @ truth).astype(np.float64), (predicted.T @ predicted).astype(np.float64)
