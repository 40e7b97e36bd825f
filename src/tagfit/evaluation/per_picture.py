"""Per-picture metrics, averaged over pictures, such as ranking loss or precision at k."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.evaluation.cases import Cases
from tagfit.evaluation.counts import Counts, from_margins
from tagfit.evaluation.ranking import packed

Floats = NDArray[np.float64]

# (truth, known, scores) of a block of rows -> by name one value per row, NaN where it is undefined.
RowFunction = Callable[[NDArray[np.uint8], NDArray[np.bool_] | None, NDArray[Any]], dict[str, Floats]]

ROWS_AT_ONCE = 1024
KS = (1, 3, 5)


def row_counts(cases: Cases) -> Counts:
    """The counts of each row over its known labels, shape (N,): what sample averages are made from."""
    positives = cases.truth.sum(axis=1, dtype=np.float64)
    predicted = cases.predicted.sum(axis=1, dtype=np.float64)
    tp = (cases.predicted & cases.truth.view(np.bool_)).sum(axis=1, dtype=np.float64)
    return from_margins(tp, predicted, positives, known_in_row(cases))


def known_in_row(cases: Cases) -> Floats:
    """How many labels of each row are known, (N,)."""
    if cases.known is None:
        return np.full(cases.rows, float(cases.width))
    return np.asarray(cases.known.sum(axis=1, dtype=np.float64))


def by_blocks(cases: Cases, function: RowFunction) -> dict[str, Floats]:
    """``function`` over all rows, in blocks that fit the processor's cache; each (N,)."""
    blocks = [
        function(cases.truth[rows], None if cases.known is None else cases.known[rows], cases.scores[rows])
        for start in range(0, max(cases.rows, 1), ROWS_AT_ONCE)
        for rows in [slice(start, start + ROWS_AT_ONCE)]
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def subset_right(counts: Counts) -> Floats:
    """1 where all known labels of the row are right, else 0; NaN where none is known."""
    empty = counts.tp + counts.fp + counts.fn + counts.tn == 0
    return np.where(empty, np.nan, (counts.fp + counts.fn == 0).astype(np.float64))


def argmax_right(truth: NDArray[np.uint8], known: NDArray[np.bool_] | None, scores: NDArray[Any]) -> dict[str, Floats]:
    """1 where the first highest score is in the column of the first known 1 (column 0 where there is none)."""
    seen = scores if known is None else np.where(known, scores, -1)
    right = (np.argmax(truth, axis=1) == np.argmax(seen, axis=1)).astype(np.float64)
    return {"argmax_accuracy": right if known is None else np.where(known.any(axis=1), right, np.nan)}


@dataclass(frozen=True)
class RankedRows:
    """How well the scores of a row rank its tags first: a row function, one sort a row for all of them.

    Of a row's P known positives, Q known negatives, and rank(i) = known labels that score at least as high as i:

    - lrap: mean over positives of (positives within rank(i)) / rank(i);
    - coverage_error: the highest rank of a positive: how far down one must go to have them all;
    - ranking_loss: share of the P Q pairs whose negative scores at least as high;
    - precision_at_k, recall_at_k: share of the k highest that are positive; of positives among the k highest (k at most
      the known labels). Of equal scores at the edge each counts in part, as if drawn;
    - one_error: 1 - precision_at_1.

    The first three are scikit-learn's (Tsoumakas, Katakis and Vlahavas, Mining multi-label data, 2010); rows without a
    positive (for ranking_loss also those without a negative) have no value here, where scikit-learn gives 1 or 0.

    Attributes:
        ks: the k of precision and recall at k.
    """

    ks: tuple[int, ...] = KS

    def __call__(
        self, truth: NDArray[np.uint8], known: NDArray[np.bool_] | None, scores: NDArray[Any]
    ) -> dict[str, Floats]:
        width = truth.shape[1]
        keys = packed(truth, known, scores)
        keys.sort(axis=1)
        on = (keys & keys.dtype.type(1)).astype(np.bool_)
        level = keys >> keys.dtype.type(1)
        # Where the labels of the same score begin, going up; all from there on rank as high or higher.
        fresh = np.zeros(keys.shape, dtype=np.int32)
        fresh[:, 1:] = np.where(level[:, 1:] != level[:, :-1], np.arange(1, width, dtype=np.int32), 0)
        start = np.maximum.accumulate(fresh, axis=1)
        below = np.zeros((len(keys), width + 1), dtype=np.int32)  # positives before each place
        np.cumsum(on, axis=1, out=below[:, 1:])
        positives = below[:, -1].astype(np.float64)
        labels = np.full(len(keys), float(width)) if known is None else known.sum(axis=1, dtype=np.float64)
        rank = width - start
        within = below[:, -1:] - np.take_along_axis(below, start, axis=1)
        outranking = np.where(on, rank - within, 0).sum(axis=1, dtype=np.float64)
        pairs = positives * (labels - positives)
        found = {
            "lrap": _share(np.where(on, within / rank, 0.0).sum(axis=1), positives),
            "coverage_error": np.where(positives > 0, np.where(on, rank, 0).max(axis=1, initial=0), np.nan),
            "ranking_loss": _share(outranking, pairs),
        }
        for k in self.ks:
            hits, deep = _hits(level, below, labels, k)
            found[f"precision_at_{k}"] = _share(hits, deep)
            found[f"recall_at_{k}"] = _share(hits, positives)
        if 1 in self.ks:
            found["one_error"] = 1 - found["precision_at_1"]
        return found


def _hits(level: NDArray[Any], below: NDArray[np.int32], labels: Floats, k: int) -> tuple[Floats, Floats]:
    """How many positives are among the k highest of each row (in part, where scores are equal), and how many k is."""
    rows = np.arange(len(level))
    width = level.shape[1]
    deep = np.minimum(labels, k)
    edge = level[rows, np.minimum(width - deep, width - 1).astype(np.int64)][:, None]
    first, last = (level < edge).sum(axis=1), (level <= edge).sum(axis=1)
    above = below[:, -1] - below[rows, last]
    share = (below[rows, last] - below[rows, first]) / (last - first)
    return above + (deep - (width - last)) * share, deep


def _share(part: Floats, whole: Floats) -> Floats:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)
