"""Threshold curves: the counts at every possible threshold of a label, from one sort, with row weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.cases import Cases

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ladder:
    """One label's known rows from the highest score down, and all cuts that tell them apart.

    Attributes:
        order: rows, from the highest score down.
        distinct: float64 (D,), the scores that occur, from the highest down, without 0 (which no cut is below).
        reach: how many rows score above each cut, int (D + 1,), from 0 (nothing is predicted) upward.
        cuts: float64 (D + 1,), from the highest down: half-way between neighbouring scores.
        truth: of the rows in that order.
    """

    order: NDArray[np.intp]
    distinct: Floats
    reach: NDArray[np.intp]
    cuts: Floats
    truth: NDArray[np.uint8]

    @classmethod
    def of(cls, cases: Cases, label: int) -> Ladder:
        """The ladder of one label."""
        rows = np.arange(cases.rows) if cases.known is None else np.flatnonzero(cases.known[:, label])
        order = rows[np.argsort(-cases.scores[rows, label], kind="stable")]
        high = cases.scores[order, label].astype(np.float64)
        ends = np.flatnonzero(np.append(high[1:] != high[:-1], True)) if len(high) else np.zeros(0, dtype=np.intp)
        distinct = high[ends]
        distinct, ends = distinct[distinct > 0], ends[distinct > 0]
        return cls(order, distinct, np.append(0, ends + 1), cuts_between(distinct), cases.truth[order, label])

    def curve(self, weights: Floats | None = None) -> Curve:
        """The curves with row weights of shape (N,)."""
        each = np.ones(len(self.order)) if weights is None else weights[self.order]
        predicted = np.append(0.0, np.cumsum(each))
        tp = np.append(0.0, np.cumsum(each * self.truth))
        return Curve(
            self.distinct, self.cuts, tp[self.reach], predicted[self.reach], float(tp[-1]), float(predicted[-1])
        )


def cuts_between(distinct: Floats) -> Floats:
    """Above the first, half-way between neighbours, and half-way to 0, for positive numbers from the highest down."""
    below = np.append(distinct[1:], 0.0)
    middle = below + (distinct - below) / 2
    middle = np.where(middle < distinct, middle, below)[: len(distinct)]  # where no number lies between neighbours
    return np.append((distinct[0] + 1) / 2 if len(distinct) else 1.0, middle)


@dataclass(frozen=True, eq=False)
class Curve:
    """The counts at each cut of one label.

    Attributes:
        distinct, cuts: as in Ladder, (D,) and (D + 1,).
        tp, predicted: float64 (D + 1,), the weight of the hits and of all that is predicted there.
        positives, total: the weight of the positives and of all known rows.
    """

    distinct: Floats
    cuts: Floats
    tp: Floats
    predicted: Floats
    positives: float
    total: float

    def fbeta(self, beta: float) -> Floats:
        """F-beta at each cut, (D + 1,); 0 where the label has no positive."""
        weight = beta * beta
        below = weight * self.positives + self.predicted
        return np.asarray((1 + weight) * self.tp / np.where(below > 0, below, 1.0))


def best_common_cut(curves: list[Curve], beta: float) -> float | None:
    """The one cut for all labels with the best macro F-beta, exactly; None where no label has a positive.

    Going down through the scores of all labels together, each step changes the F-beta of one label, so a running sum
    of the changes is the macro F-beta at every cut: O(N L log(N L)).
    """
    able = [curve for curve in curves if curve.positives > 0]
    if not able:
        return None
    scores = np.concatenate([curve.distinct for curve in able])
    steps = np.concatenate([np.diff(curve.fbeta(beta)) for curve in able])
    order = np.argsort(-scores, kind="stable")
    scores, sums = scores[order], np.cumsum(steps[order])
    ends = np.append(scores[1:] != scores[:-1], True) if len(scores) else np.zeros(0, dtype=bool)
    return float(cuts_between(scores[ends])[np.argmax(np.append(0.0, sums[ends]))])


def draw_weights(drawn: NDArray[Any], weights: Floats | None) -> Floats:
    """Counts of one resample, (N,), times the rows' own weights."""
    counts = drawn.astype(np.float64)
    return counts if weights is None else counts * weights
