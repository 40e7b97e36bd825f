"""Pairs of labels: checks for copies and for pairs that never or always occur together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Remedy, Verdict, fired, inconclusive, passed
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material

Floats = NDArray[np.float64]

ONE_LABEL = "needs scores of at least two labels"
TOLD = 5


class _Pairs:
    """Counts of all pairs of labels over the rows where both are known, (L, L) each."""

    def __init__(self, material: Material) -> None:
        truth = np.concatenate([side.truth for side in material.sides]).astype(np.float32)
        known = np.concatenate([side.known for side in material.sides]).astype(np.float32)
        self.labels = material.labels
        self.both = (truth.T @ truth).astype(np.float64)
        self.known = (known.T @ known).astype(np.float64)
        self.first = (truth.T @ known).astype(np.float64)  # positives of the row's label where the column's is known
        self.second = self.first.T

    def named(self, mask: NDArray[np.bool_], ordered: bool = False) -> Iterator[tuple[int, int]]:
        """The pairs in a mask, each once unless ``ordered``."""
        kept = mask & ~np.eye(len(mask), dtype=bool)
        if not ordered:
            kept = np.triu(kept, 1)
        for one, other in np.argwhere(kept):
            yield int(one), int(other)


def _pairs(material: Material) -> _Pairs | None:
    return _Pairs(material) if material.sides and len(material.labels) > 1 else None


@check(
    "copied-labels",
    "issue",
    "Two labels are copies of each other",
    family="labels",
    how="The correlation between the tags of two labels over all rows where both are known; -1 is an inverted copy.",
    why="A copy counts the same success twice in every average and adds no information.",
    what_to_do="Exclude one of them (`--exclude-labels`), or merge the two spellings.",
)
def copied_labels(material: Material) -> Verdict:
    """Two columns agree, or disagree, almost everywhere."""
    pairs = _pairs(material)
    if pairs is None:
        return inconclusive(ONE_LABEL)
    correlation = _correlation(pairs)
    copies = list(pairs.named(np.abs(correlation) >= limit("copied-labels", "correlation")))
    told = [_told(pairs, one, other) for one, other in copies]
    evidence = {"pairs": [[*names, float(correlation[at])] for names, at in zip(told, copies, strict=True)]}
    if not copies:
        return passed("no two labels are copies", evidence)
    says = "; ".join(f"{one} and {other}" for one, other in told[:TOLD])
    return fired(f"Copies: {says}.", evidence, Remedy("exclude one of each pair, or merge them"))


@check(
    "labels-never-together",
    "hint",
    "Two labels never occur together",
    family="labels",
    how="Pairs of labels that no picture has in common, although chance alone would have produced many.",
    why="Either the labels exclude each other, or the annotation tool allowed only one of the two and many tags are "
    "missing.",
    what_to_do="If both can be on one picture, tag both. If not, this is expected: mute the check.",
)
def labels_never_together(material: Material) -> Verdict:
    """No picture has both."""
    pairs = _pairs(material)
    if pairs is None:
        return inconclusive(ONE_LABEL)
    expected = pairs.first * pairs.second / np.maximum(pairs.known, 1)
    copies = np.abs(_correlation(pairs)) >= limit("copied-labels", "correlation")
    never = list(pairs.named((pairs.both == 0) & (expected >= limit("labels-never-together", "expected")) & ~copies))
    told = [_told(pairs, one, other) for one, other in never]
    evidence = {"pairs": [[*names, float(expected[at])] for names, at in zip(told, never, strict=True)]}
    if not never:
        return passed("no two frequent labels exclude each other", evidence)
    says = "; ".join(f"{one} and {other}" for one, other in told[:TOLD])
    return fired(f"Never together: {says}.", evidence, Remedy("check whether the annotation allowed only one of them"))


@check(
    "labels-always-together",
    "hint",
    "One label never occurs without another",
    family="labels",
    how="Every picture with the first label also has the second, although many pictures lack the second.",
    why="The first label implies the second. If that is not intended, a rule filled in the tags.",
    what_to_do="Keep it if the labels really imply each other; otherwise check how the tags were made.",
)
def labels_always_together(material: Material) -> Verdict:
    """One label implies another."""
    pairs = _pairs(material)
    if pairs is None:
        return inconclusive(ONE_LABEL)
    share = pairs.second / np.maximum(pairs.known, 1)
    code = "labels-always-together"
    mask = (pairs.both == pairs.first) & (pairs.first >= limit(code, "positives")) & (share <= limit(code, "share"))
    copies = np.abs(_correlation(pairs)) >= limit("copied-labels", "correlation")
    always = list(pairs.named(mask & ~copies, ordered=True))
    told = [_told(pairs, one, other) for one, other in always]
    evidence = {"pairs": [[*names, float(pairs.first[at])] for names, at in zip(told, always, strict=True)]}
    if not always:
        return passed("no label implies another", evidence)
    says = "; ".join(f"{one} never occurs without {other}" for one, other in told[:TOLD])
    return fired(f"Implied: {says}.", evidence, Remedy("check whether a rule filled in these tags"))


def _correlation(pairs: _Pairs) -> Floats:
    n = np.maximum(pairs.known, 1)
    one, other = pairs.first / n, pairs.second / n
    spread = np.sqrt(one * (1 - one) * other * (1 - other))
    return np.where(spread > 0, (pairs.both / n - one * other) / np.where(spread > 0, spread, 1), 0.0)


def _told(pairs: _Pairs, one: int, other: int) -> tuple[str, str]:
    return pairs.labels[one], pairs.labels[other]


CHECKS = (copied_labels, labels_never_together, labels_always_together)
