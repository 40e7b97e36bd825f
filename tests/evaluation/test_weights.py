"""Row weights: one way to measure, so that every metric of every function treats a weight as that many copies."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tagfit
from tagfit.errors import InputError
from tagfit.evaluation.evaluate import evaluate
from tagfit.evaluation.metrics import METRICS
from tagfit.evaluation.point_metrics import point_metrics
from tagfit.recipe import Recipe
from tagfit.scores import Scores

NAMES = tuple(METRICS)
BASELINES = ("nothing", "prevalence", "best_constant")


@st.composite
def weighted(draw: st.DrawFn) -> Scores:
    """Scores with ties, unknown entries and whole weights, 0 among them; enough rows for several calibration bins."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n, width = draw(st.sampled_from([2, 9, 60])), draw(st.integers(1, 4))
    truth = (rng.random((n, width)) < rng.choice([0.0, 0.2, 0.5, 1.0], width)).astype(np.uint8)
    scores = rng.random((n, width)).astype(draw(st.sampled_from([np.float32, np.float64])))
    if draw(st.booleans()):
        scores = np.round(scores, 1)
    known = rng.random((n, width)) < 0.7 if draw(st.booleans()) else None
    weights = rng.integers(0, 4, n)
    weights[0] = 1
    return Scores.of(truth, scores, known=known, weights=weights)


def with_weights(scores: Scores, weights: np.ndarray | None, rows: np.ndarray | slice = slice(None)) -> Scores:
    return Scores.of(scores.truth[rows], scores.scores[rows], known=scores.known[rows], weights=weights)


def measured(scores: Scores) -> dict[str, float]:
    return point_metrics(
        scores.truth, scores.scores, known=scores.known, weights=scores.weights, metrics=NAMES, threshold=0.4
    )


def evaluated(scores: Scores) -> dict[str, tuple[float | None, ...]]:
    found = evaluate(scores, thresholds=0.4, metrics="all", intervals=None).metrics
    return {name: (one.value, *(getattr(one, kind) for kind in BASELINES)) for name, one in found.items()}


def same(one: Scores, other: Scores) -> None:
    assert measured(one) == pytest.approx(measured(other), abs=1e-9, nan_ok=True)
    ours, theirs = evaluated(one), evaluated(other)
    for name in NAMES:
        assert ours[name] == pytest.approx(theirs[name], abs=1e-9, nan_ok=True), name


@settings(max_examples=25, deadline=None)
@given(weighted())
def test_a_weight_is_as_many_copies_of_its_row(scores: Scores) -> None:
    assert scores.weights is not None
    same(scores, with_weights(scores, None, np.repeat(np.arange(len(scores)), scores.weights.astype(int))))


@settings(max_examples=15, deadline=None)
@given(weighted())
def test_weights_of_one_are_no_weights(scores: Scores) -> None:
    same(with_weights(scores, np.ones(len(scores))), with_weights(scores, None))


@settings(max_examples=25, deadline=None)
@given(weighted())
def test_both_functions_give_the_same_values(scores: Scores) -> None:
    values = {name: value for name, (value, *_) in evaluated(scores).items()}
    assert measured(scores) == pytest.approx(values, abs=1e-12, nan_ok=True)


def test_neither_mask_nor_weights_can_be_left_out() -> None:
    arguments = inspect.signature(point_metrics).parameters
    assert all(arguments[name].default is inspect.Parameter.empty for name in ("known", "weights"))


@pytest.mark.parametrize(("bad", "said"), [(0.0, "all weights are 0"), (-1.0, "-1 at row 0"), (np.nan, "nan at row 0")])
def test_weights_that_weigh_nothing_are_refused(bad: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Scores.of([[1], [0]], [[0.5], [0.5]], weights=[bad, bad])


def weighted_source(path: Path) -> Path:
    """A noisy table whose weights change every number: the rows that are easiest weigh most."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, 8)).astype(np.float32)
    heights = X @ rng.normal(size=(8, 3)) + 1.5 * rng.normal(size=(240, 3))
    weights = np.where(np.abs(heights).min(axis=1) > 1, 8.0, 0.5)
    split = np.repeat(["train", "validation", "test"], [140, 60, 40])
    np.savez(path, X=X, Y=(heights > 0).astype(np.uint8), split=split, weights=weights, labels=["sea", "sun", "people"])
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tagfit.Run:
    folder = tmp_path_factory.mktemp("weights")
    problem = tagfit.split(tagfit.read(weighted_source(folder / "weighted.npz")))
    recipe = Recipe(widths=(32,), learning_rate=1e-2, epochs=6, monitor="macro_f1", patience=3, restore_best=True)
    return tagfit.fit(problem, recipe, out=folder / "run", threads=1)


def test_the_history_has_the_values_that_evaluate_gives(run: tagfit.Run) -> None:
    kept = run.history[run.info["kept_epoch"] - 1]
    judged = tagfit.evaluate(run)
    assert kept.train_label_accuracy == pytest.approx(judged["train"]["label_accuracy"], abs=1e-6)
    assert kept.train_loss == pytest.approx(judged["train"]["loss"], abs=1e-5)
    assert kept.validation_label_accuracy == pytest.approx(judged["validation"]["label_accuracy"], abs=1e-6)
    assert kept.validation_loss == pytest.approx(judged["validation"]["loss"], abs=1e-5)
    assert kept.monitored == pytest.approx(judged["validation"]["macro_f1"], abs=1e-6)
    plain = evaluate(with_weights(run.scores("train"), None), intervals=None)
    assert abs(plain["label_accuracy"] - judged["train"]["label_accuracy"]) > 0.01, "the weights change the numbers"


def test_the_prevalence_of_a_run_is_weighted(run: tagfit.Run) -> None:
    train = run.scores("train")
    assert train.weights is not None
    assert run.prevalence == pytest.approx(np.average(train.truth, axis=0, weights=train.weights))


def test_a_certificate_of_weighted_data_verifies(run: tagfit.Run, tmp_path: Path) -> None:
    goal = ("validation.label_accuracy>=0.9",)
    certificate = tagfit.cure(run, goal, trials=1, seeds=1, out=tmp_path / "cure")
    assert tagfit.verify(certificate).altered == ()


def test_a_split_whose_weights_are_all_zero_is_refused_before_training(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    weights = np.repeat([1.0, 0.0], [30, 10])
    split = np.repeat(["train", "validation"], [30, 10])
    np.savez(tmp_path / "zero.npz", X=X, Y=(X > 0).astype(np.uint8), split=split, weights=weights)
    with pytest.raises(InputError, match="all 10 rows of validation have weight 0"):
        tagfit.fit(tagfit.split(tagfit.read(tmp_path / "zero.npz")), Recipe(epochs=1), out=tmp_path / "run", threads=1)
