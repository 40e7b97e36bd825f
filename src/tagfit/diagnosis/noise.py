"""Noise: estimates from out-of-sample scores how many tags are wrong, and which ones.

Confident learning (Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset labels", 2021),
per label: a score is confident if it exceeds the mean score of the pictures with that tag. Three changes. Shares are
computed within the confident positives and the confident negatives, that is, conditional on the presumed truth, because
noise acts on the truth. Scores are calibrated first (Platt, 1999), so that a shifted or sharpened model does not count
as noise. Only the more confident half of the confident entries is counted: if pictures are hard rather than tags wrong,
disagreement falls as confidence grows, while wrong tags keep it from falling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.diagnosis.finding import Estimate
from tagfit.diagnosis.material import Side
from tagfit.diagnosis.resampling import estimate, resampled_sums, unit_sums
from tagfit.evaluation.platt import fit_platt
from tagfit.evaluation.shares import expit, logit

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FEWEST_CONFIDENT = 30


@dataclass(frozen=True, eq=False)
class Zones:
    """Masks of the entries with confident scores, bool (N, L) each.

    Attributes:
        on, off: confidently present, confidently absent.
        surer_on, surer_off: the more confident half of these, per label.
        surest_on, surest_off: the more confident half of that.
    """

    on: Bools
    off: Bools
    surer_on: Bools
    surer_off: Bools
    surest_on: Bools
    surest_off: Bools

    @classmethod
    def of(cls, side: Side) -> Zones:
        """The zones of a side."""
        scores, known, tagged = calibrated(side), side.known, side.truth == 1
        on_limit = _mean(scores, known & tagged)
        off_limit = _mean(1 - scores, known & ~tagged)
        on = known & (scores >= on_limit)
        off = known & (1 - scores >= off_limit)
        both = on & off
        on, off = on & ~(both & (scores < 0.5)), off & ~(both & (scores >= 0.5))
        surer_on, surer_off = _surer(scores, on), _surer(1 - scores, off)
        return cls(on, off, surer_on, surer_off, _surer(scores, surer_on), _surer(1 - scores, surer_off))


@dataclass(frozen=True, eq=False)
class Noise:
    """The noise in the tags of some splits, estimated from out-of-sample scores."""

    sides: tuple[Side, ...]

    @cached_property
    def zones(self) -> tuple[Zones, ...]:
        """The zones of each side."""
        return tuple(Zones.of(side) for side in self.sides)

    @cached_property
    def counts(self) -> NDArray[np.float64]:
        """Per label: confidently on, of these untagged, confidently off, of these tagged, tagged, known: (6, L)."""
        return np.asarray(sum(columns.sum(axis=0) for columns in self._columns())).reshape(6, -1)

    @cached_property
    def surest(self) -> NDArray[np.float64]:
        """The first four rows of ``counts`` for the most confident entries, (4, L)."""
        total = np.zeros((4, self.sides[0].truth.shape[1]))
        for side, zones in zip(self.sides, self.zones, strict=True):
            tagged = side.truth == 1
            for row, mask in enumerate(_four(zones.surest_on, zones.surest_off, tagged)):
                total[row] += mask.sum(axis=0)
        return total

    @cached_property
    def rate(self) -> Estimate:
        """The share of all known entries whose tag is wrong, bootstrapped by rows or groups."""
        sums = []
        for number, (side, columns) in enumerate(zip(self.sides, self._columns(), strict=True)):
            pooled = columns.reshape(len(side), 6, -1).sum(axis=2)
            sums.append(resampled_sums(unit_sums(side, pooled), number))
        observed = self.counts.sum(axis=1)
        found = estimate(float(_rate(observed[None])[0]), _rate(np.sum(sums, axis=0)))
        return Estimate(found.value, max(found.low, 0.0), min(found.high, 1.0))

    @property
    def separation(self) -> float:
        """The share of tags among confident positives minus that among confident negatives."""
        on, untagged, off, tagged, *_ = self.counts.sum(axis=1)
        return float(1 - untagged / max(on, 1.0) - tagged / max(off, 1.0))

    @property
    def floor(self) -> float:
        """Disagreement in the most confident quarter over that in the half: near 1 for wrong tags, less if hard."""
        surer = self.counts.sum(axis=1)
        surest = self.surest.sum(axis=1)
        wrong = (surer[1] + surer[3]) / max(surer[0] + surer[2], 1.0)
        return float((surest[1] + surest[3]) / max(surest[0] + surest[2], 1.0) / max(wrong, 1e-12))

    def suspects(self, most: int, label: int | None = None, missing_only: bool = False) -> list[dict[str, Any]]:
        """The entries whose score contradicts their tag most, worst first: split, row, id, label, tag, score."""
        found = []
        for side, zones in zip(self.sides, self.zones, strict=True):
            tagged = side.truth == 1
            wrong = (zones.on & ~tagged) if missing_only else (zones.on & ~tagged) | (zones.off & tagged)
            if label is not None:
                wrong[:, np.arange(wrong.shape[1]) != label] = False
            rows, columns = np.nonzero(wrong)
            off = np.abs(side.truth[rows, columns] - side.probabilities[rows, columns])
            for at in np.argsort(-off, kind="stable")[:most]:
                row, column = int(rows[at]), int(columns[at])
                record = {"split": side.name, "row": row, "id": str(side.scores.ids[row]), "label": side.labels[column]}
                record |= {"tagged": bool(tagged[row, column]), "score": float(side.probabilities[row, column])}
                found.append(record)
        found.sort(key=_agreement)
        return found[:most]

    def _columns(self) -> list[Floats]:
        """For each split, the six counts of each row and label, (N, 6 L)."""
        found = []
        for side, zones in zip(self.sides, self.zones, strict=True):
            tagged = side.truth == 1
            masks = (*_four(zones.surer_on, zones.surer_off, tagged), tagged, side.known)
            found.append(np.concatenate(masks, axis=1).astype(np.float64))
        return found


def calibrated(side: Side) -> Floats:
    """The scores of each label after Platt scaling against its tags, (N, L); labels with one value stay as they are."""
    scores = np.array(side.probabilities, dtype=np.float64)
    for label in range(scores.shape[1]):
        known = side.known[:, label]
        truth = side.truth[known, label]
        if truth.any() and not truth.all():
            slope, offset = fit_platt(truth, scores[known, label], np.ones(len(truth)))
            scores[:, label] = expit(slope * logit(scores[:, label]) + offset)
    return scores


def noise_of(sides: Sequence[Side | None]) -> Noise | None:
    """The noise in the given splits, or None if there are none or too few entries have confident scores."""
    there = tuple(side for side in sides if side is not None)
    if not there:
        return None
    noise = Noise(there)
    sure_on, _, sure_off, *_ = noise.counts.sum(axis=1)
    return noise if min(sure_on, sure_off) >= FEWEST_CONFIDENT else None


def _agreement(record: dict[str, Any]) -> float:
    return float(record["score"] if record["tagged"] else 1 - record["score"])


def _four(on: Bools, off: Bools, tagged: Bools) -> tuple[Bools, Bools, Bools, Bools]:
    return on, on & ~tagged, off, off & tagged


def _rate(counts: Floats) -> Floats:
    """The noise rate from (B, 6) pooled counts, solving for the share of true tags from that of given tags."""
    on, untagged, off, tagged_off, tagged, known = counts.T
    missing = untagged / np.maximum(on, 1.0)
    added = tagged_off / np.maximum(off, 1.0)
    share = (tagged / np.maximum(known, 1.0) - added) / np.maximum(1 - missing - added, 1e-9)
    share = np.clip(share, 0.0, 1.0)
    return np.asarray(share * missing + (1 - share) * added)


def _mean(values: Floats, where: Bools) -> Floats:
    """The mean of each column over ``where``; 2 if it is empty, so that nothing is confident."""
    count = where.sum(axis=0)
    return np.where(count > 0, (values * where).sum(axis=0) / np.maximum(count, 1), 2.0)


def _surer(confidence: Floats, zone: Bools) -> Bools:
    """The entries whose confidence is at least the median of their label within ``zone``."""
    held = np.where(zone, confidence, np.nan)
    middle = np.full(zone.shape[1], np.inf)
    some = zone.any(axis=0)
    middle[some] = np.nanmedian(held[:, some], axis=0)
    return np.asarray(zone & (confidence >= middle))
