"""Seen: all rows of a run as its model sees them, which rows are most alike, and which are worth tagging next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit import tagger
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.evaluation.shares import logit
from tagfit.pool.acquisition import acquire, uncertainty
from tagfit.pool.results import UNSURE_SHOWN
from tagfit.pool.similarity import nearest
from tagfit.runs.run import Run
from tagfit.scores import Scores

FEATURES, SCORES = "features", "scores"
CHOSEN = 300  # rows that are chosen one by one; the others follow by uncertainty alone
SHOWN = 12  # neighbours


@dataclass(frozen=True, eq=False)
class Seen:
    """Rows of a run.

    Attributes:
        features: (n, D) float32.
        split: (n,) names.
        row: (n,) in the split.
        by: FEATURES, or SCORES where the model cannot be run here: then the features are the logits of the scores.
    """

    features: NDArray[np.float32]
    split: NDArray[np.str_]
    row: NDArray[np.int64]
    by: str

    def of(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The features of rows of a split."""
        return np.asarray(self.features[np.flatnonzero(self.split == split)[rows]])


@dataclass(frozen=True)
class Neighbour:
    """A row that is like another one.

    Attributes:
        split, row: where it is.
        similarity: cosine in [-1, 1].
    """

    split: str
    row: int
    similarity: float


def seen(run: Run, problem: Problem | None, scores: dict[str, Scores]) -> Seen:
    """The rows of a run by the features of its model; by scores where it cannot be run or has no inputs here.

    Args:
        run: done.
        problem: of the run; None where its sources cannot be read.
        scores: of the splits that may be shown; used without features.
    """
    if problem is not None:
        try:
            found = tagger.of_run(run).represent(problem.inputs, problem.digests)
        except InputError:  # no torch, or a net of the user's own
            pass
        else:
            row = np.zeros(len(problem.split), dtype=np.int64)
            for split in problem.splits:
                row[problem.split == split] = np.arange((problem.split == split).sum())
            return Seen(found.features, problem.split, row, FEATURES)
    values = np.concatenate([one.scores for one in scores.values()])
    names = np.concatenate([np.full(len(one), name) for name, one in scores.items()])
    row = np.concatenate([np.arange(len(one)) for one in scores.values()])
    return Seen(logit(values).astype(np.float32), names, row, SCORES)


def neighbours(found: Seen, split: str, row: int, count: int = SHOWN) -> list[Neighbour]:
    """The rows of train and validation that are most like a row, the most similar first."""
    at = int(np.flatnonzero((found.split == split) & (found.row == row))[0])
    others = np.flatnonzero(found.split != "test")
    others = others[others != at]
    order, cosines = nearest(found.features[at], found.features[others], count)
    return [
        Neighbour(str(found.split[place]), int(found.row[place]), float(cosine))
        for place, cosine in zip(others[order], cosines, strict=True)
    ]


def next_best(
    rows: NDArray[np.int64], scores: Scores, features: NDArray[np.float32], positives: NDArray[np.floating[Any]]
) -> NDArray[np.int64]:
    """Rows of a split in the order in which to tag them, as ``tagfit suggest`` chooses: see ``pool.acquisition``.

    Args:
        rows: n of the split.
        scores: of the split.
        features: (n, D) of these rows.
        positives: (L,) known positives of each label in train.
    """
    if not len(rows):
        return rows
    values = np.where(asked(scores.known[rows]), scores.scores[rows], 0.0)
    first, unsure = acquire(values, features, positives, CHOSEN)
    rest = np.setdiff1d(np.arange(len(rows)), first)
    order = np.concatenate([first, rest[np.argsort(-unsure[rest], kind="stable")]])
    return np.asarray(rows[order])


def asked(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which entries (n, L) are worth an answer: the unknown ones, and all of a row without any."""
    return ~known | known.all(axis=1, keepdims=True)


def unsure_of(scores: Scores, row: int) -> list[int]:
    """The columns that a row is worth an answer for, the least sure first."""
    open_ = np.flatnonzero(asked(scores.known[[row]])[0])
    order = np.argsort(-uncertainty(scores.scores[row, open_]), kind="stable")
    return [int(column) for column in open_[order[:UNSURE_SHOWN]]]
