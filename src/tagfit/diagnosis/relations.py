"""Labels, two at a time: copies, and pairs that never or always go together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Remedy, Verdict, cannot_say, fired, passed
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material

Floats = NDArray[np.float64]

ONE_LABEL = "needs scores of two labels or more"
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
        """The pairs of a mask; each once unless the order matters."""
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
    how="The correlation of the tags of two labels over all rows where both are known; -1 is a copy turned over.",
    why="A copy counts the same success twice in every average and tells nothing new.",
    what_to_do="Leave one out (`--exclude-labels`), or merge the two spellings.",
)
def copied_labels(material: Material) -> Verdict:
    """Two columns agree, or disagree, nearly everywhere."""
    pairs = _pairs(material)
    if pairs is None:
        return cannot_say(ONE_LABEL)
    correlation = _correlation(pairs)
    copies = list(pairs.named(np.abs(correlation) >= limit("copied-labels", "correlation")))
    told = [_told(pairs, one, other) for one, other in copies]
    evidence = {"pairs": [[*names, float(correlation[at])] for names, at in zip(told, copies, strict=True)]}
    if not copies:
        return passed("no two labels are copies", evidence)
    says = "; ".join(f"{one} and {other}" for one, other in told[:TOLD])
    return fired(f"Copies: {says}.", evidence, Remedy("leave one of each pair out, or merge them"))


@check(
    "labels-never-together",
    "hint",
    "Two labels never go together",
    family="labels",
    how="Pairs of labels that no picture has both of, though chance alone would have given many.",
    why="Either the world is so, or the tagging allowed only one of the two: then many tags are missing.",
    what_to_do="If both can be on one picture, tag them both; if not, it is as it should be: mute this check.",
)
def labels_never_together(material: Material) -> Verdict:
    """No picture has both."""
    pairs = _pairs(material)
    if pairs is None:
        return cannot_say(ONE_LABEL)
    expected = pairs.first * pairs.second / np.maximum(pairs.known, 1)
    copies = np.abs(_correlation(pairs)) >= limit("copied-labels", "correlation")
    never = list(pairs.named((pairs.both == 0) & (expected >= limit("labels-never-together", "expected")) & ~copies))
    told = [_told(pairs, one, other) for one, other in never]
    evidence = {"pairs": [[*names, float(expected[at])] for names, at in zip(told, never, strict=True)]}
    if not never:
        return passed("no two frequent labels exclude each other", evidence)
    says = "; ".join(f"{one} and {other}" for one, other in told[:TOLD])
    return fired(f"Never together: {says}.", evidence, Remedy("look whether the tagging allowed only one of them"))


@check(
    "labels-always-together",
    "hint",
    "One label never comes without another",
    family="labels",
    how="Every picture with the one label has the other, too, though many pictures lack the other.",
    why="The one label implies the other; if that is not meant, tags were filled in by a rule.",
    what_to_do="Keep it if the world is so; else look at how the tags were made.",
)
def labels_always_together(material: Material) -> Verdict:
    """One label implies another."""
    pairs = _pairs(material)
    if pairs is None:
        return cannot_say(ONE_LABEL)
    share = pairs.second / np.maximum(pairs.known, 1)
    code = "labels-always-together"
    mask = (pairs.both == pairs.first) & (pairs.first >= limit(code, "positives")) & (share <= limit(code, "share"))
    copies = np.abs(_correlation(pairs)) >= limit("copied-labels", "correlation")
    always = list(pairs.named(mask & ~copies, ordered=True))
    told = [_told(pairs, one, other) for one, other in always]
    evidence = {"pairs": [[*names, float(pairs.first[at])] for names, at in zip(told, always, strict=True)]}
    if not always:
        return passed("no label implies another", evidence)
    says = "; ".join(f"{one} never without {other}" for one, other in told[:TOLD])
    return fired(f"Implied: {says}.", evidence, Remedy("look whether a rule filled these tags in"))


def _correlation(pairs: _Pairs) -> Floats:
    n = np.maximum(pairs.known, 1)
    one, other = pairs.first / n, pairs.second / n
    spread = np.sqrt(one * (1 - one) * other * (1 - other))
    return np.where(spread > 0, (pairs.both / n - one * other) / np.where(spread > 0, spread, 1), 0.0)


def _told(pairs: _Pairs, one: int, other: int) -> tuple[str, str]:
    return pairs.labels[one], pairs.labels[other]


CHECKS = (copied_labels, labels_never_together, labels_always_together)
