"""Strategies: the ways to choose thresholds, behind one interface."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.cut_curves import Curve, Ladder, best_common_cut
from tagfit.evaluation.shares import expit, logit

Floats = NDArray[np.float64]

DEFAULT_CUT = 0.5
CONFIDENCE = 0.95
STARTS = 8  # where the search for a precision that holds may begin; each start costs some of the confidence


@dataclass(frozen=True)
class Choice:
    """The threshold of one label, and what has to be said about it."""

    cut: float
    note: str = ""


class Common(Protocol):
    """The common thresholds of all labels with the best macro F-beta."""

    def whole(self, beta: float) -> float:
        """On all rows."""

    def drawn(self, beta: float) -> Floats:
        """In each resample, (B,)."""


class Strategy(Protocol):
    """Chooses one threshold per label from the counts at each cut."""

    def choose(self, curves: list[Curve]) -> list[Choice]:
        """One choice per curve."""

    def resampled(self, ladder: Ladder, weights: NDArray[Any], common: Common) -> Floats:
        """The threshold of one label in each resample, (B,).

        Args:
            ladder: of the label.
            weights: (N, B), how often each row is drawn, times its own weight.
            common: gives the common threshold, for strategies that use it.
        """


@dataclass(frozen=True)
class Fixed:
    """The same given threshold for all labels."""

    cut: float

    def choose(self, curves: list[Curve]) -> list[Choice]:
        return [Choice(self.cut) for _ in curves]

    def resampled(self, ladder: Ladder, weights: NDArray[Any], common: Common) -> Floats:
        return np.full(weights.shape[1], self.cut)


@dataclass(frozen=True)
class OneForAll:
    """One threshold for all labels: the one with the best macro F-beta."""

    beta: float

    def choose(self, curves: list[Curve]) -> list[Choice]:
        cut = best_common_cut(curves, self.beta)
        return [Choice(DEFAULT_CUT, "no label has a positive") if cut is None else Choice(cut) for _ in curves]

    def resampled(self, ladder: Ladder, weights: NDArray[Any], common: Common) -> Floats:
        return common.drawn(self.beta)


@dataclass(frozen=True)
class BestF:
    """One threshold per label with its best F-beta, optionally shrunk towards the common one.

    In a resample without a positive of the label, its threshold is the common one (that of all rows, if nothing is
    pulled: working it out for each resample takes longer than all else).

    A label with P positives keeps P / (P + pull) of its own choice, on the scale of logits; 0 pulls nothing.
    """

    beta: float
    pull: float = 0.0

    def choose(self, curves: list[Curve]) -> list[Choice]:
        common = DEFAULT_CUT
        if self.pull or any(curve.positives <= 0 for curve in curves):
            found = best_common_cut(curves, self.beta)
            common = DEFAULT_CUT if found is None else found
        return [self._choose(curve, common) for curve in curves]

    def resampled(self, ladder: Ladder, weights: NDArray[Any], common: Common) -> Floats:
        curve = ladder.resampled(weights, every_cut=False)
        own = curve.cuts[np.argmax(curve.fbeta(self.beta), axis=-1)]
        positives = curve.positives[:, 0]
        if self.pull:
            drawn = common.drawn(self.beta)
            keep = positives / (positives + self.pull)
            return np.where(positives > 0, expit(keep * logit(own) + (1 - keep) * logit(drawn)), drawn)
        return np.where(positives > 0, own, common.whole(self.beta)) if (positives <= 0).any() else np.asarray(own)

    def _choose(self, curve: Curve, common: float) -> Choice:
        if curve.positives <= 0:
            return Choice(common, "no positive: the common threshold")
        own = float(curve.cuts[np.argmax(curve.fbeta(self.beta))])
        if not self.pull:
            return Choice(own)
        keep = curve.positives / (curve.positives + self.pull)
        return Choice(float(expit(keep * logit(own) + (1 - keep) * logit(common))))


@dataclass(frozen=True)
class LeastCost:
    """One threshold per label with the lowest total cost of false positives and false negatives."""

    false_alarm: float
    miss: float

    def choose(self, curves: list[Curve]) -> list[Choice]:
        return [Choice(float(curve.cuts[np.argmin(self._cost(curve))])) for curve in curves]

    def resampled(self, ladder: Ladder, weights: NDArray[Any], common: Common) -> Floats:
        curve = ladder.resampled(weights, every_cut=False)
        return np.asarray(curve.cuts[np.argmin(self._cost(curve), axis=-1)])

    def _cost(self, curve: Curve) -> Floats:
        return np.asarray(self.false_alarm * (curve.predicted - curve.tp) + self.miss * (curve.positives - curve.tp))


@dataclass(frozen=True)
class PrecisionAtLeast:
    """The lowest threshold whose precision on new pictures is at least the target, with confidence.

    Given the scores, the hits among the pictures above a cut are binomial, so each cut can be tested exactly (Clopper
    and Pearson, 1934). Cuts are tested from STARTS fixed places downward until one fails, each with its part of the
    error, so that looking at many cuts does not spoil the confidence (fixed-sequence testing with several starts:
    Angelopoulos et al., Learn then Test, 2021, arXiv:2110.01052).
    """

    target: float
    confidence: float = CONFIDENCE

    def choose(self, curves: list[Curve]) -> list[Choice]:
        return [self._choose(curve) for curve in curves]

    def _choose(self, curve: Curve) -> Choice:
        from scipy.special import betaincinv

        tp, false = curve.tp[1:], (curve.predicted - curve.tp)[1:]
        at_least = np.where(tp > 0, betaincinv(np.maximum(tp, 1e-9), false + 1, self._error), 0.0)
        last = self._last(at_least >= self.target, curve.predicted[1:], curve.total)
        if last is None:
            best = float(at_least.max()) if len(at_least) else 0.0
            return Choice(1.0, f"target not reached, never predicted: only a precision of {best:.2f} is certain")
        return Choice(float(curve.cuts[last]))

    def resampled(self, ladder: Ladder, weights: NDArray[Any], common: Common) -> Floats:
        curve = ladder.resampled(weights, every_cut=True)
        needed = fewest_hits(len(weights), self.target, self._error)
        tp, false = curve.tp[:, 1:], (curve.predicted - curve.tp)[:, 1:].astype(np.intp)
        passed = tp >= needed[false]
        lasts = [self._last(*one) for one in zip(passed, curve.predicted[:, 1:], curve.total[:, 0], strict=True)]
        return np.array([1.0 if last is None else curve.cuts[last] for last in lasts])

    @property
    def _error(self) -> float:
        return (1 - self.confidence) / STARTS

    def _last(self, passed: NDArray[np.bool_], predicted: Floats, total: float) -> int | None:
        """The index of the lowest cut that holds; None where none does."""
        # The starts lie where so many are predicted that the test can pass, and from there on in equal ratios.
        fewest = np.log(self._error) / np.log(self.target)
        starts = np.searchsorted(predicted, np.geomspace(fewest, max(fewest, total), STARTS, False))
        begun = [start for start in starts if start < len(passed) and passed[start]]
        if not begun:
            return None
        fails = np.flatnonzero(np.append(~passed, True))
        # Cut 0 predicts nothing and is not tested, so the last that passes before a failure has the failure's index.
        return int(max(fails[np.searchsorted(fails, start)] for start in begun))


@dataclass(frozen=True)
class RecallAtLeast:
    """The highest threshold whose recall on new pictures is at least the target, with confidence.

    The k-th lowest score of P positives has at least the target share of new positives above it with a probability
    that is binomial (Wilks, 1941), whatever the scores' distribution.
    """

    target: float
    confidence: float = CONFIDENCE

    def choose(self, curves: list[Curve]) -> list[Choice]:
        return [self._choose(curve) for curve in curves]

    def _choose(self, curve: Curve) -> Choice:
        from scipy.special import bdtrc

        missed = np.floor(curve.positives - curve.tp + 0.5)
        # With k - 1 positives below the cut, the share missed of new ones stays under 1 - target with probability
        # P(Binomial(P, 1 - target) >= k).
        sure = np.zeros(len(missed))
        if curve.positives >= 1:
            sure = bdtrc(missed, round(curve.positives), 1 - self.target)
        kept = np.flatnonzero(sure >= self.confidence)
        if not len(kept):
            return Choice(0.0, "target not certain at any threshold: too few positives; predicted where score > 0")
        return Choice(float(curve.cuts[kept[0]]))

    def resampled(self, ladder: Ladder, weights: NDArray[Any], common: Common) -> Floats:
        curve = ladder.resampled(weights, every_cut=False)
        allowed = most_missed(curve.positives[:, 0], self.target, self.confidence)
        kept = curve.positives - curve.tp <= allowed[:, None]
        return np.where(kept.any(axis=1), curve.cuts[np.argmax(kept, axis=1)], 0.0)


@lru_cache(maxsize=8)
def fewest_hits(rows: int, target: float, error: float) -> NDArray[np.int64]:
    """How many hits, with 0, 1 ... ``rows`` false alarms, show a precision of ``target``, int (rows + 1,).

    The Clopper-Pearson bound reaches the target exactly where the binomial test is passed, and more hits never fail it,
    so the least number is found by bisection for all numbers of false alarms at once.
    """
    from scipy.special import betainc

    false = np.arange(rows + 1)
    low, high = np.zeros(rows + 1, dtype=np.int64), np.full(rows + 1, rows + 1, dtype=np.int64)
    while (high - low > 1).any():  # low fails, high passes or lies beyond all rows
        middle = (low + high) // 2
        passes = betainc(np.maximum(middle, 1), false + 1, target) <= error
        passes &= middle > 0
        high, low = np.where(passes, middle, high), np.where(passes, low, middle)
    high.setflags(write=False)
    return high


def most_missed(positives: Floats, target: float, confidence: float) -> Floats:
    """How many of some positives may lie below a cut whose recall is at least ``target``, as of RecallAtLeast; -1 where
    none is few enough."""
    from scipy.special import bdtrc

    low, high = np.full(len(positives), -1.0), np.maximum(positives, 0.0)  # low is few enough, high is too many
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        enough = bdtrc(middle, np.maximum(positives, 1).astype(np.intp), 1 - target) >= confidence
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return low
