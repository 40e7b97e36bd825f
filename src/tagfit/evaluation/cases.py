"""Cases: the rows that metrics are computed from, with their predictions at the given thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit.errors import InputError
from tagfit.scores import Scores, as_numbers

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cases:
    """N rows and L labels, checked.

    Attributes:
        truth: uint8 (N, L), 0 where unknown.
        known: bool (N, L), or None where everything is known (the common case, which is then cheaper).
        scores: float32 or float64 (N, L) in [0, 1].
        thresholds: float64 (L,); a label is predicted where score > threshold.
        weights: float64 (N,), or None where every row counts the same.
        decided: bool (N, L), what is predicted where that does not follow from the thresholds alone; else None.
    """

    truth: NDArray[np.uint8]
    known: NDArray[np.bool_] | None
    scores: NDArray[np.floating[Any]]
    thresholds: Floats
    weights: Floats | None
    decided: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, scores: Scores, thresholds: ArrayLike = 0.5, decided: NDArray[np.bool_] | None = None) -> Cases:
        """The cases of ``scores``, predicted at ``thresholds`` (one number, or one per label) unless ``decided``.

        Raises:
            InputError: no rows, or thresholds of another form.
        """
        if not len(scores):
            raise InputError("there are no rows to evaluate", instead="at least one row of truth and scores")
        known = None if scores.known.all() else scores.known
        cuts = check_thresholds(thresholds, scores.labels)
        return cls(scores.truth, known, scores.scores, cuts, scores.weights, decided)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.truth)

    @property
    def width(self) -> int:
        """How many labels there are."""
        return int(self.truth.shape[1])

    @cached_property
    def predicted(self) -> NDArray[np.bool_]:
        """What is predicted (score > threshold) where the truth is known, (N, L)."""
        above = exceeding(self.scores, self.thresholds) if self.decided is None else self.decided
        return above if self.known is None else above & self.known

    @cached_property
    def positives(self) -> Floats:
        """The weight of the known positives of each label, (L,)."""
        return column_sums(self.truth, self.weights)

    @cached_property
    def totals(self) -> Floats:
        """The weight of the known entries of each label, (L,)."""
        if self.known is not None:
            return column_sums(self.known, self.weights)
        return np.full(self.width, self.rows if self.weights is None else self.weights.sum(), dtype=np.float64)


def check_thresholds(thresholds: ArrayLike, labels: tuple[str, ...]) -> Floats:
    """One threshold per label, (L,) float64, from one number or L of them.

    Raises:
        InputError: another number of thresholds, or one outside [0, 1].
    """
    form = "one number in [0, 1], or one per label; a label is predicted where score > threshold"
    values = as_numbers(thresholds, "thresholds", form)
    if values.ndim > 1 or (values.ndim == 1 and len(values) != len(labels)):
        raise InputError(f"thresholds have shape {values.shape} for {len(labels)} labels", instead=form)
    if not ((values >= 0) & (values <= 1)).all():
        raise InputError(
            f"thresholds hold {values[~((values >= 0) & (values <= 1))].flat[0]:g}"
            if values.ndim
            else f"the threshold is {values:g}",
            instead=form,
        )
    return np.broadcast_to(values, (len(labels),)).copy()


def exceeding(scores: NDArray[np.floating[Any]], cuts: Floats) -> NDArray[np.bool_]:
    """Where score > cut, (N, L), compared exactly although scores may be float32 and the cuts (L,) are float64."""
    # For x of a coarser type, x > c exactly where x > (c rounded down to that type); no wide copy of x is needed.
    values = cuts.astype(scores.dtype)
    down = np.where(values > cuts, np.nextafter(values, scores.dtype.type(-np.inf)), values)
    return np.asarray(scores > down)


def column_sums(mask: NDArray[Any], weights: Floats | None = None) -> Floats:
    """The sum of each column of a 0/1 array (N, L), rows weighted: (L,)."""
    if weights is not None:
        return np.asarray(weights @ mask, dtype=np.float64)
    # Adding bytes as bytes is many times faster than as wide integers; 255 ones are the most that a byte can hold.
    bits = mask.view(np.uint8)
    whole = len(bits) // 255 * 255
    width = bits.shape[1]
    blocks = np.add.reduce(bits[:whole].reshape(-1, 255, width), axis=1, dtype=np.uint8)
    total = blocks.sum(axis=0, dtype=np.float64) + bits[whole:].sum(axis=0, dtype=np.float64)
    return np.asarray(total, dtype=np.float64)
