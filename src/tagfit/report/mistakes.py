"""Mistakes: the entries that a model gets wrong with most confidence, and the tags that its scores contradict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit.diagnosis.material import Side
from tagfit.diagnosis.noise import noise_of
from tagfit.evaluation.cases import check_thresholds, exceeding
from tagfit.scores import Scores


@dataclass(frozen=True)
class Entry:
    """One label of one picture.

    Attributes:
        row, column: its place in the Scores.
        score: in [0, 1].
    """

    row: int
    column: int
    score: float


def misses(scores: Scores, most: int, thresholds: ArrayLike = 0.5) -> list[Entry]:
    """Tags that are there and not predicted, the lowest score first."""
    wrong = (scores.truth == 1) & scores.known & ~_predicted(scores, thresholds)
    return _first(scores, wrong, scores.scores, most)


def false_alarms(scores: Scores, most: int, thresholds: ArrayLike = 0.5) -> list[Entry]:
    """Tags that are predicted and not there, the highest score first."""
    wrong = (scores.truth == 0) & scores.known & _predicted(scores, thresholds)
    return _first(scores, wrong, -scores.scores, most)


def suspects(scores: Scores, most: int) -> list[dict[str, Any]] | None:
    """Tags that are probably wrong, judged by scores of a model that did not train on these rows: see
    ``diagnosis.noise``.

    Returns:
        Records with row, id, label, tagged and score, the most suspect first; None where too few scores are confident.
    """
    noise = noise_of([Side.of(scores.split or "scores", scores)])
    return None if noise is None else noise.suspects(most)


def _predicted(scores: Scores, thresholds: ArrayLike) -> NDArray[np.bool_]:
    return exceeding(scores.scores, check_thresholds(thresholds, scores.labels))


def _first(scores: Scores, wrong: NDArray[np.bool_], by: NDArray[Any], most: int) -> list[Entry]:
    """The entries of a mask in ascending order of ``by``; of equal ones the first row."""
    rows, columns = np.nonzero(wrong)
    order = np.argsort(by[rows, columns], kind="stable")[:most]
    return [
        Entry(int(row), int(column), float(scores.scores[row, column]))
        for row, column in zip(rows[order], columns[order], strict=True)
    ]
