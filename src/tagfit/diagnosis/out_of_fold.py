"""Out of fold: scores of every row under linear models on a backbone's features that did not see the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.problem import Problem
from tagfit.data.splits.stratify import assign

FOLDS = 5
# A strong ridge: with a weaker one the models follow wrong tags, and the noise rate comes out too high.
INVERSE_RIDGE = 3e-4
MOST_ITERATIONS = 200


@dataclass(frozen=True)
class HeldOut:
    """The rows of one split with scores of models that did not see them.

    Attributes:
        split: ``train`` or ``validation``.
        fields: as :func:`tagfit.diagnosis.diagnose.diagnose` takes a side.
    """

    split: str
    fields: dict[str, Any]


def held_out(problem: Problem, features: NDArray[np.floating]) -> tuple[HeldOut, ...]:
    """The rows of train and validation, each scored by models of the other folds of both; test is left alone.

    Args:
        problem: N rows.
        features: (N, D) of a backbone that was trained on other data.
    """
    rows = np.flatnonzero(problem.split != "test")
    data = problem.data.take(rows)
    names = [str(name) for name in data.ids]
    fold = assign(data.truth, data.known, [1.0] * FOLDS, keys=names, groups=data.groups)
    scores = _scores(np.asarray(features[rows]), data.truth, data.known, fold)
    found = []
    for split in ("train", "validation"):
        here = problem.split[rows] == split
        if here.any():
            part = problem.part(split)
            fields = {"truth": part.truth, "known": part.known, "scores": scores[here], "labels": problem.labels}
            found.append(HeldOut(split, {**fields, "ids": part.ids, "groups": part.groups, "weights": part.weights}))
    return tuple(found)


def _scores(
    features: NDArray[np.floating], truth: NDArray[np.uint8], known: NDArray[np.bool_], fold: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(N, L) probabilities; a label with one value in the other folds has its share as the score."""
    from sklearn.linear_model import LogisticRegression

    scores = np.full(truth.shape, 0.5)
    for held in range(FOLDS):
        seen, here = fold != held, fold == held
        mean, deviation = features[seen].mean(axis=0), features[seen].std(axis=0)
        standard = (features - mean) / np.where(deviation > 0, deviation, 1.0)
        for label in range(truth.shape[1]):
            rows = seen & known[:, label]
            tags = truth[rows, label]
            if tags.any() and not tags.all():
                model = LogisticRegression(C=INVERSE_RIDGE, max_iter=MOST_ITERATIONS).fit(standard[rows], tags)
                scores[here, label] = model.predict_proba(standard[here])[:, 1]
            elif len(tags):
                scores[here, label] = float(tags[0])
    return scores
