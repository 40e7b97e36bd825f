"""Calibration, tested by drawing the truth from known probabilities."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tagfit.errors import InputError
from tagfit.evaluation.calibration import calibrate, reliability
from tagfit.evaluation.evaluate import evaluate
from tagfit.files import to_json
from tagfit.scores import Scores


def drawn(seed: int, n: int, share: float = 0.3, sharpness: float = 1.0) -> tuple[Scores, NDArray[np.float64]]:
    """Scores of two labels, as sharp as wished, and the probabilities that the truth was drawn from."""
    rng = np.random.default_rng(seed)
    logits = np.log(share / (1 - share)) + 1.2 * rng.standard_normal((n, 2))
    probabilities = 1 / (1 + np.exp(-logits))
    truth = (rng.random((n, 2)) < probabilities).astype(np.uint8)
    return Scores.of(truth, 1 / (1 + np.exp(-sharpness * logits)), split="validation"), probabilities


def error(scores: Scores) -> float:
    return evaluate(scores, metrics=["calibration_error"], intervals=None)["calibration_error"]


@pytest.mark.parametrize("n", [200, 2000])
def test_known_probabilities_show_about_half_the_error_that_chance_alone_makes(n: int) -> None:
    debiased, plain = [], []
    for seed in range(30):
        scores, _ = drawn(seed, n)
        debiased.append(error(scores))
        curves = reliability(scores).values()
        plain += [sum(point["n"] * abs(point["share"] - point["score"]) for point in points) / n for points in curves]
    assert np.mean(debiased) < 0.65 * np.mean(plain)


def test_a_known_error_is_found() -> None:
    scores, _ = drawn(0, 20_000, sharpness=3.0)
    overdone = scores.scores
    logits = np.log(overdone / (1 - overdone)) / 3
    expected = np.abs(1 / (1 + np.exp(-logits)) - overdone).mean()
    assert error(scores) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("n", "share", "method"), [(400, 0.1, "platt"), (4000, 0.3, "isotonic")])
def test_sharpened_scores_are_brought_back(n: int, share: float, method: str) -> None:
    scores, probabilities = drawn(1, n, share, sharpness=3.0)
    found = calibrate(scores, repeats=100)
    assert {record.method for record in found.labels} == {method}
    for record in found.labels:
        assert record.after < 0.5 * record.before
        assert record.before_interval[0] < record.before < record.before_interval[1]
    mistake = np.abs(found.scores.scores - probabilities).mean()
    assert mistake < 0.5 * np.abs(scores.scores - probabilities).mean()
    json.loads(to_json(found.to_dict()))


def test_calibrators_work_on_other_rows() -> None:
    found = calibrate(drawn(2, 4000, sharpness=3.0)[0], repeats=100)
    other, probabilities = drawn(3, 4000, sharpness=3.0)
    assert np.abs(found.apply(other).scores - probabilities).mean() < 0.03
    with pytest.raises(InputError, match="no calibrator for sea"):
        found.apply(replace(other, labels=("label_0", "sea")))


def test_platt_is_logistic_regression_on_the_logits() -> None:
    scores, _ = drawn(4, 400, 0.3, sharpness=2.0)
    found = calibrate(scores, repeats=100).calibrators[0]
    assert found.method == "platt"
    logits = np.log(scores.scores[:, :1] / (1 - scores.scores[:, :1]))
    peer = LogisticRegression(C=1e9).fit(logits, scores.truth[:, 0])
    assert found.y == pytest.approx((peer.coef_[0, 0], peer.intercept_[0]), abs=0.03)


def test_few_positives_are_left_alone_and_a_useless_ranking_is_not_turned_round() -> None:
    rng = np.random.default_rng(0)
    truth = np.zeros((200, 2), dtype=np.uint8)
    truth[:5, 0] = truth[:60, 1] = 1
    values = rng.random((200, 2))
    values[:60, 1] *= 0.3
    found = calibrate(Scores.of(truth, values), repeats=100)
    assert found.calibrators[0].method == "none"
    assert (found.calibrators[0](values[:, 0]) == values[:, 0]).all()
    flat = found.calibrators[1](values[:, 1])
    assert flat == pytest.approx(np.full(200, 0.3), abs=0.01)


def test_each_row_is_judged_by_calibrators_that_have_not_seen_it() -> None:
    scores, _ = drawn(5, 1000)
    first = calibrate(scores, repeats=100).scores.scores
    turned = scores.truth.copy()
    turned[0] = 1 - turned[0]
    second = calibrate(replace(scores, truth=turned), repeats=100).scores.scores
    assert (first[0] == second[0]).all(), "the row's own truth does not reach its own score"
    assert (first != second).any()


def test_groups_are_never_torn() -> None:
    scores, _ = drawn(6, 300)
    truth, values = np.repeat(scores.truth, 2, axis=0), np.repeat(scores.scores, 2, axis=0)
    groups = np.repeat(np.arange(300), 2).astype(str)
    crossed = calibrate(Scores.of(truth, values, groups=groups), repeats=100).scores.scores
    assert (crossed[::2] == crossed[1::2]).all()


def test_the_reliability_curve_holds_every_known_row_once() -> None:
    scores, _ = drawn(7, 1000)
    curve = reliability(scores)["label_1"]
    assert sum(point["n"] for point in curve) == 1000
    assert all(point["low"] <= point["share"] <= point["high"] for point in curve)
    assert [point["score"] for point in curve] == sorted(point["score"] for point in curve)
    assert {point["n"] for point in curve} <= {66, 67}
    held = sum(point["low"] <= point["score"] <= point["high"] for point in curve)
    assert held >= len(curve) - 3
