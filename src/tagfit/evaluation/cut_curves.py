"""Threshold curves: the counts at every possible threshold of a label, from one sort, with row weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
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
        above: how many rows score above each cut, int (D + 1,), from 0 (nothing is predicted) upward.
        cuts: float64 (D + 1,), from the highest down: half-way between neighbouring scores.
        truth: of the rows in that order.
    """

    order: NDArray[np.intp]
    distinct: Floats
    above: NDArray[np.intp]
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

    def resampled(self, weights: NDArray[Any], *, every_cut: bool) -> Curve:
        """What the cuts give in each of B resamples, with a leading axis B in the Curve.

        Args:
            weights: (N, B), how often each row is drawn, times its own weight.
            every_cut: all cuts; else only those just below a score of a positive, and the one above all. F-beta and
                costs are best at one of these: between them more negatives are predicted and no more positives.
        """
        drawn = np.take(weights, self.order, axis=0)
        hits = np.zeros((len(self._positives) + 1, drawn.shape[1]))
        np.cumsum(drawn[self._positives], axis=0, dtype=np.float64, out=hits[1:])
        kept = np.arange(len(self.above)) if every_cut else self._below_positives
        ends = self.above[kept]
        predicted = np.zeros((len(ends), drawn.shape[1]))
        if len(ends) > 1:
            rows = drawn[: ends[-1]]
            steps = rows if len(rows) == len(ends) - 1 else np.add.reduceat(rows, ends[:-1], axis=0)
            np.cumsum(steps, axis=0, dtype=np.float64, out=predicted[1:])
        total = drawn.sum(axis=0, dtype=np.float64) if every_cut else np.zeros(drawn.shape[1])
        tp = hits[self._positives_above[kept]]
        return Curve(self.distinct, self.cuts[kept], tp.T, predicted.T, hits[-1][:, None], total[:, None])

    @cached_property
    def _positives(self) -> NDArray[np.intp]:
        """The places of the positives in ``order``."""
        return np.flatnonzero(self.truth)

    @cached_property
    def _positives_above(self) -> NDArray[np.intp]:
        """How many positives score above each cut, (D + 1,)."""
        return np.searchsorted(self._positives, self.above)

    @cached_property
    def _below_positives(self) -> NDArray[np.intp]:
        """The cuts just below a score that a positive has, and the cut above all."""
        return np.flatnonzero(np.diff(self._positives_above, prepend=-1) > 0)

    def curve(self, weights: Floats | None = None) -> Curve:
        """The curves with row weights of shape (N,)."""
        each = np.ones(len(self.order)) if weights is None else weights[self.order]
        predicted = np.append(0.0, np.cumsum(each))
        tp = np.append(0.0, np.cumsum(each * self.truth))
        return Curve(
            self.distinct, self.cuts, tp[self.above], predicted[self.above], float(tp[-1]), float(predicted[-1])
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
        distinct, cuts: as in Ladder, (D,) and (C,); C may be less than D + 1.
        tp, predicted: float64 (C,) or, in B resamples, (B, C): the weight of the hits and of all that is predicted.
        positives, total: the weight of the positives and of all known rows; a number, or (B, 1).
    """

    distinct: Floats
    cuts: Floats
    tp: Floats
    predicted: Floats
    positives: Any
    total: Any

    def fbeta(self, beta: float) -> Floats:
        """F-beta at each cut, (C,) or (B, C); 0 where the label has no positive."""
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


class CommonCuts:
    """The best common cut of several labels in resamples; their scores are merged in one order once for all of them."""

    def __init__(self, ladders: Sequence[Ladder]) -> None:
        self.ladders = ladders
        scores = np.concatenate([ladder.distinct for ladder in ladders])
        self.order = np.argsort(-scores, kind="stable")
        scores = scores[self.order]
        self.last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True)) if len(scores) else self.order
        self.cuts = cuts_between(scores[self.last])

    def best(self, weights: NDArray[Any], beta: float) -> Floats:
        """The cut with the best macro F-beta in each resample, (B,); NaN where no label has a positive.

        Args:
            weights: (N, B), as for :meth:`Ladder.resampled`.
            beta: of F-beta.
        """
        return np.array([self._best(column[:, None], beta) for column in weights.T])

    def _best(self, weights: NDArray[Any], beta: float) -> float:
        curves = [ladder.resampled(weights, every_cut=True) for ladder in self.ladders]
        if not any(curve.positives[0, 0] > 0 for curve in curves):
            return float("nan")
        sums = np.cumsum(np.concatenate([np.diff(curve.fbeta(beta)[0]) for curve in curves])[self.order])
        return float(self.cuts[np.argmax(np.append(0.0, sums[self.last]))])
