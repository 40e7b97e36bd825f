"""Partial mismatch: whether some rows of the scores belong to other pictures while the rest are in place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Estimate, Remedy, Verdict, fired, inconclusive, passed
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material, Side
from tagfit.diagnosis.mismatch import FEWEST_ROWS, NO_SCORES, TINY, Agreement, better_columns
from tagfit.diagnosis.resampling import unit_sums

Floats = NDArray[np.float64]

CODE = "rows-partly-mismatched"
Z = 1.96
NEARLY_HALF = 0.85  # rows out of place as a share of those in place: 46 % of all rows
# The labels whose scores vary most tell enough; the time and memory grow with the square of their number.
MOST_LABELS = 256
# Bins of scores in which the truth is averaged.
FEWEST_BINS, MOST_BINS, ROWS_OF_A_BIN = 4, 12, 15
# The largest distance of a cumulative sum from its line, in units of a random walk: 1.95 in one of 1,000 random orders.
ONE_BLOCK = 1.95


@dataclass(frozen=True, eq=False)
class RowErrors:
    """Whether the errors of a row's labels belong together.

    Where a share f of the rows has the scores of other rows, the truth follows the scores in the others only. The
    average relation over all rows, ``expected``, is then too weak for the rows in place and too strong for the rest,
    for all labels of a row at once: the product of the errors of two labels follows the product of what their scores
    say, with slope f / (1 - f). Errors of single entries (wrong tags, scores that are too sure) give 0, as do labels
    that depend on each other, because each pair is centred over the rows.
    """

    side: Side

    @cached_property
    def labels(self) -> NDArray[np.intp]:
        """The labels looked at, at most MOST_LABELS."""
        spread = np.where(self.side.known, self.side.probabilities, 0.5).var(axis=0)
        return np.sort(np.argsort(-spread, kind="stable")[:MOST_LABELS])

    @cached_property
    def truth(self) -> Floats:
        """0 and 1, and 0 where unknown, (N, L)."""
        return self.side.truth[:, self.labels].astype(np.float64)

    @cached_property
    def known(self) -> Floats:
        """1 where the truth is known, (N, L)."""
        return self.side.known[:, self.labels].astype(np.float64)

    @cached_property
    def shares(self) -> Floats:
        """The share of positives of each label, (L,)."""
        return np.asarray(self.truth.sum(axis=0) / np.maximum(self.known.sum(axis=0), 1))

    @cached_property
    def expected(self) -> Floats:
        """What the score says about an entry: the share of positives among other rows with such scores, less that
        among all rows; (N, L)."""
        bins = int(np.clip(len(self.side) / ROWS_OF_A_BIN, FEWEST_BINS, MOST_BINS))
        cells = _bins(self.side.probabilities[:, self.labels], self.truth, bins) + np.arange(len(self.labels)) * bins
        size = bins * len(self.labels)
        positives = np.bincount(cells.ravel(), self.truth.ravel(), size)[cells] - self.truth
        rows = np.bincount(cells.ravel(), self.known.ravel(), size)[cells] - self.known
        return np.asarray(((positives + self.shares) / (rows + 1) - self.shares) * self.known)

    @cached_property
    def errors(self) -> Floats:
        """The truth less what is expected of it, 0 where unknown, (N, L)."""
        return np.asarray((self.truth - self.shares) * self.known - self.expected)

    @cached_property
    def slope(self) -> tuple[float, float]:
        """f / (1 - f) and its standard error over rows or groups."""
        said = self._products(self.errors, self.expected)
        claimed = self._products(self.expected, self.expected)
        sums = unit_sums(self.side, np.stack([said, claimed], axis=1))
        total = max(float(sums[:, 1].sum()), TINY)
        slope = float(sums[:, 0].sum()) / total
        return slope, float((sums[:, 0] - slope * sums[:, 1]).std() * np.sqrt(len(sums))) / total

    @property
    def may_be_rows(self) -> bool:
        """Whether the errors point to rows out of place, though not significantly, and nearly half of all may be so."""
        slope, error = self.slope
        return slope > error and slope + limit(CODE, "errors") * error > NEARLY_HALF

    @property
    def share(self) -> Estimate:
        """The share of the rows that have the scores of others."""
        slope, error = self.slope
        ends = (slope, slope - Z * error, slope + Z * error)
        return Estimate(*(max(end, 0.0) / (1 + max(end, 0.0)) for end in ends))

    def place(self) -> str:
        """Where these rows are, in words, if they are one block at the start or at the end of the file."""
        agreement = (self.errors * self.expected).sum(axis=1)
        walk = np.cumsum(agreement - agreement.mean())
        at = int(np.abs(walk).argmax())
        if abs(walk[at]) < ONE_BLOCK * float(agreement.std()) * np.sqrt(len(walk)):
            return ""
        return f"from about row {at + 1} on" if walk[at] > 0 else f"up to about row {at + 1}"

    @cached_property
    def _weights(self) -> Floats:
        """What a pair of labels counts, (L, L): less the more their truth agrees, nothing with itself."""
        deviations = (self.truth - self.shares) * self.known
        lengths = np.sqrt((deviations**2).sum(axis=0)) + TINY
        weights = 1 - ((deviations.T @ deviations) / np.outer(lengths, lengths)) ** 2
        np.fill_diagonal(weights, 0)
        return np.asarray(weights)

    def _products(self, one: Floats, other: Floats) -> Floats:
        """For each row, the sum over pairs of labels of the products of ``one`` and of ``other``, each pair centred."""
        of_one, of_other = (self._weights * (values.T @ values) / len(values) for values in (one, other))
        means = float((of_one * (other.T @ other)).sum()) / len(other)
        raw = _quadratic(one * other, self._weights)
        return raw - _quadratic(other, of_one) - _quadratic(one, of_other) + means


def _quadratic(values: Floats, matrix: Floats) -> Floats:
    return np.asarray(((values @ matrix) * values).sum(axis=1))


def _bins(scores: Floats, truth: Floats, bins: int) -> NDArray[np.int64]:
    """The bin of each score among those of its label, (N, L); half of the bins are for the rarer positives."""
    found = np.empty(scores.shape, dtype=np.int64)
    positives = np.maximum(truth.sum(axis=0), 1)
    for label in range(scores.shape[1]):
        order = np.argsort(scores[:, label], kind="stable")
        ordered = scores[order, label]
        mass = np.cumsum(1 / len(scores) + truth[order, label] / positives[label])
        ends = [np.searchsorted(ordered, ordered, side) for side in ("left", "right")]
        middle = (mass[ends[0]] + mass[ends[1] - 1]) / 2 / mass[-1]  # equal scores share a bin
        found[order, label] = np.minimum((middle * bins).astype(np.int64), bins - 1)
    return found


@check(
    CODE,
    "issue",
    "Part of the scores are in another row order",
    family="match",
    how="Where some rows have the scores of other pictures, all labels of these rows are wrong together. The products "
    "of the errors of two labels of a row are fitted to the products of what their scores say (each pair of labels "
    "centred); the slope is f / (1 - f) for a share f of such rows. It fires if f is above the share in the table and "
    "the slope is significantly above 0. Wrong tags and overconfident scores are wrong entry by entry and give 0.",
    why="Metrics are a mixture of those of the model and of chance, and these rows look like wrong or missing tags. "
    "Usual causes are one shuffled file among several, a join that repeats or drops rows, and batches collected out "
    "of order.",
    what_to_do="Join truth and scores by ids. If the order is right, the model has learned part of the pictures and "
    "nothing about the rest: look at what these have in common.",
)
def rows_partly_mismatched(material: Material) -> Verdict:
    """Errors that come row by row."""
    if not material.sides:
        return inconclusive(NO_SCORES)
    least, errors = limit(CODE, "share"), limit(CODE, "errors")
    wrong: dict[str, str] = {}
    shares: dict[str, Estimate] = {}
    for side in material.sides:
        if len(side) < FEWEST_ROWS or len(side.labels) < 2 or not Agreement(side).varies:
            continue
        if better_columns(Agreement(side)):
            return inconclusive("the columns are in another order: see labels-permuted")
        found = RowErrors(side)
        slope, error = found.slope
        if error > limit(CODE, "error") or (found.may_be_rows and slope <= errors * error):
            continue
        shares[side.name] = found.share
        if slope > errors * error and found.share.value > least:
            wrong[side.name] = found.place()
    if not shares:
        return inconclusive("there are too few rows or labels, or the scores follow the truth too little, to tell")
    evidence: dict[str, object] = {"share": shares, "splits": list(wrong)}
    if not wrong:
        return passed("errors do not come row by row", evidence)
    says = "; ".join(
        f"about {shares[name].value:.0%} of the rows of {name} ({shares[name].low:.0%} to {shares[name].high:.0%}) "
        "have scores that fit other pictures" + (f", {where}" if where else "")
        for name, where in wrong.items()
    )
    evidence["place"] = wrong
    return fired(f"{says[0].upper()}{says[1:]}.", evidence, Remedy("join truth and scores by ids"))
