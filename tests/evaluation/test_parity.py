"""The values are scikit-learn's, on generated cases with ties, constant scores, empty labels, one row, one label."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as sk
from numpy.typing import NDArray

from tagfit.evaluation.evaluate import Evaluation, evaluate
from tagfit.scores import Scores

Case = tuple[NDArray[np.uint8], NDArray[np.float64]]


def made(seed: int) -> Case:
    """A generated case; its seed decides its size, how coarse its scores are, and what is strange about it."""
    rng = np.random.default_rng(seed)
    n, width = (1, 4) if seed % 7 == 0 else (int(rng.integers(2, 60)), int(rng.integers(1, 6)))
    truth = (rng.random((n, width)) < rng.uniform(0.05, 0.9, width)).astype(np.uint8)
    scores = np.clip(0.35 + 0.3 * truth + rng.normal(0, 0.25, (n, width)), 0, 1)
    if seed % 3 == 0:
        scores = np.round(scores * 4) / 4
    if seed % 5 == 0:
        truth[:, 0] = seed % 2
    if seed % 11 == 0:
        scores[:, -1] = 0.7
    return truth, (scores.astype(np.float32).astype(np.float64) if seed % 2 else scores)


CASES = [pytest.param(made(seed), id=f"seed{seed}") for seed in range(36)]


def evaluated(case: Case) -> Evaluation:
    truth, scores = case
    return evaluate(Scores.of(truth, scores), metrics="all", intervals=None)


def mean_of_defined(values: NDArray[np.float64]) -> float:
    return float(np.mean(values[~np.isnan(values)])) if (~np.isnan(values)).any() else np.nan


def precision_of(truth: NDArray[np.uint8], predicted: NDArray[np.bool_], axis_rows: bool) -> NDArray[np.float64]:
    """scikit-learn's precision, one row or label at a time: 0 where never predicted, NaN where also never true."""
    pairs = zip(truth, predicted, strict=True) if axis_rows else zip(truth.T, predicted.T, strict=True)
    return np.array([sk.precision_score(t, p, zero_division=0.0 if t.any() else np.nan) for t, p in pairs])


@pytest.mark.parametrize("case", CASES)
def test_decisions(case: Case) -> None:
    truth, scores = case
    predicted = scores > 0.5
    found = evaluated(case)
    expected = {
        "label_accuracy": 1 - np.mean(truth != predicted),
        "hamming_loss": np.mean(truth != predicted),
        "subset_accuracy": sk.accuracy_score(truth, predicted) if truth.shape[1] > 1 else np.mean(truth == predicted),
        "macro_precision": mean_of_defined(precision_of(truth, predicted, axis_rows=False)),
        "sample_precision": mean_of_defined(precision_of(truth, predicted, axis_rows=True)),
    }
    for stem, function in (("f1", sk.f1_score), ("recall", sk.recall_score), ("jaccard", sk.jaccard_score)):
        by_label = np.array([_defined(function, t, p, stem) for t, p in zip(truth.T, predicted.T, strict=True)])
        by_row = np.array([_defined(function, t, p, stem) for t, p in zip(truth, predicted, strict=True)])
        expected[f"macro_{stem}"] = mean_of_defined(by_label)
        expected[f"sample_{stem}"] = mean_of_defined(by_row)
        expected[f"micro_{stem}"] = _defined(function, truth.ravel(), predicted.ravel(), stem)
        if truth.any():
            expected[f"weighted_{stem}"] = np.average(np.nan_to_num(by_label), weights=truth.sum(axis=0))
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-12, nan_ok=True), name


def _defined(function: object, truth: NDArray[np.uint8], predicted: NDArray[np.bool_], stem: str) -> float:
    """scikit-learn's value, NaN where the formula is 0 / 0."""
    if not truth.any() and (stem == "recall" or not predicted.any()):
        return np.nan
    return float(function(truth, predicted))  # type: ignore[operator]


@pytest.mark.parametrize("case", CASES)
def test_scores(case: Case) -> None:
    truth, scores = case
    found = evaluated(case)
    ap = [sk.average_precision_score(t, s) if t.any() else np.nan for t, s in zip(truth.T, scores.T, strict=True)]
    auc = [
        sk.roc_auc_score(t, s) if t.any() and not t.all() else np.nan for t, s in zip(truth.T, scores.T, strict=True)
    ]
    assert [record.ap for record in found.labels] == pytest.approx(ap, abs=1e-12, nan_ok=True)
    assert [record.auc for record in found.labels] == pytest.approx(auc, abs=1e-12, nan_ok=True)
    assert found["mAP"] == pytest.approx(mean_of_defined(np.array(ap)), abs=1e-12, nan_ok=True)
    assert found["macro_auc"] == pytest.approx(mean_of_defined(np.array(auc)), abs=1e-12, nan_ok=True)
    clipped = np.clip(scores, 1e-7, 1 - 1e-7)
    assert found["loss"] == pytest.approx(sk.log_loss(truth.ravel(), clipped.ravel(), labels=[0, 1]), abs=1e-9)
    assert found["brier"] == pytest.approx(np.mean((truth - scores) ** 2), abs=1e-12)
    assert found["argmax_accuracy"] == np.mean(truth.argmax(axis=1) == scores.argmax(axis=1))


@pytest.mark.parametrize("case", CASES)
def test_rankings_of_a_picture(case: Case) -> None:
    truth, scores = case
    found = evaluated(case)
    some = truth.any(axis=1)
    both = some & ~truth.all(axis=1)
    expected = {
        "lrap": (sk.label_ranking_average_precision_score, some),
        "coverage_error": (sk.coverage_error, some),
        "ranking_loss": (sk.label_ranking_loss, both),
    }
    for name, (function, rows) in expected.items():
        value = function(truth[rows], scores[rows]) if rows.any() and truth.shape[1] > 1 else found[name]
        assert found[name] == pytest.approx(value, abs=1e-12, nan_ok=True), name
        assert found.metrics[name].left_out == (~rows).sum()


@pytest.mark.parametrize("case", CASES)
def test_precision_and_recall_at_k_are_means_over_ways_to_break_ties(case: Case) -> None:
    truth, scores = case
    found = evaluated(case)
    rng = np.random.default_rng(0)
    tied = any(len(np.unique(row)) < len(row) for row in scores)
    for k in (1, 3):
        precisions, recalls = [], []
        for _ in range(60 if tied else 1):
            order = np.lexsort((rng.random(scores.shape), -scores), axis=1)
            hits = np.take_along_axis(truth, order, axis=1)[:, :k].sum(axis=1)
            precisions.append(hits.mean() / min(k, truth.shape[1]))
            some = truth.any(axis=1)
            recalls.append((hits[some] / truth[some].sum(axis=1)).mean() if some.any() else np.nan)
        assert found[f"precision_at_{k}"] == pytest.approx(
            np.mean(precisions), abs=0.06 if len(precisions) > 1 else 1e-9
        )
        assert found[f"recall_at_{k}"] == pytest.approx(
            np.mean(recalls), abs=0.06 if len(recalls) > 1 else 1e-9, nan_ok=True
        )
    assert found["one_error"] == pytest.approx(1 - found["precision_at_1"])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_are_those_of_scikit_learn(seed: int, dtype: type) -> None:
    rng = np.random.default_rng(seed)
    truth = (rng.random((80, 3)) < 0.4).astype(np.uint8)
    scores = np.round(rng.random((80, 3)), 1 if seed % 2 else 6).astype(dtype)
    weights = rng.uniform(0, 3, 80) * (rng.random(80) < 0.8)
    found = evaluate(Scores.of(truth, scores, weights=weights), metrics="all", intervals=None)
    predicted = scores > 0.5
    values = {
        "mAP": sk.average_precision_score(truth, scores, sample_weight=weights),
        "macro_auc": sk.roc_auc_score(truth, scores, sample_weight=weights),
        "macro_f1": sk.f1_score(truth, predicted, average="macro", sample_weight=weights),
        "micro_f2": sk.fbeta_score(truth, predicted, beta=2, average="micro", sample_weight=weights),
        "weighted_precision": sk.precision_score(truth, predicted, average="weighted", sample_weight=weights),
        "subset_accuracy": sk.accuracy_score(truth, predicted, sample_weight=weights),
        "hamming_loss": sk.hamming_loss(truth, predicted, sample_weight=weights),
    }
    for name, value in values.items():
        assert found[name] == pytest.approx(value, abs=1e-9), name
