"""Intervals: a resample is an evaluation with its counts as weights, and the ends make sense."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tagfit.errors import InputError
from tagfit.evaluation.calibration_error import Binned, bins_of, calibration_error
from tagfit.evaluation.cases import Cases
from tagfit.evaluation.evaluate import evaluate
from tagfit.evaluation.intervals import bootstrap, interval
from tagfit.evaluation.metrics import METRICS
from tagfit.evaluation.resamples import Resampler, drawn_units, draws
from tagfit.evaluation.totals import Observed
from tagfit.scores import Scores


def made(seed: int, n: int = 120, width: int = 4, *, ties: bool = False, strange: bool = False) -> Scores:
    rng = np.random.default_rng(seed)
    truth = (rng.random((n, width)) < 0.3).astype(np.uint8)
    scores = np.clip(0.3 + 0.4 * truth + rng.normal(0, 0.25, truth.shape), 0, 1).astype(np.float32)
    if ties:
        scores = np.round(scores * 5) / 5
    if not strange:
        return Scores.of(truth, scores)
    truth[:, 0] = 0
    return Scores.of(truth, scores, known=rng.random(truth.shape) < 0.8, weights=rng.uniform(0, 3, n))


def in_the_bins_of(cases: Cases, resampled: Cases) -> list[float]:
    """The calibration error of each label of ``resampled`` in the bins of ``cases``."""
    found = []
    for label in range(cases.width):
        rows, which, count = bins_of(cases, label)
        assert resampled.weights is not None
        weights = resampled.weights[rows]
        sums = (weights, weights * cases.scores[rows, label], weights * cases.truth[rows, label])
        bins = Binned(*(np.bincount(which, weights=one, minlength=count) for one in sums))
        found.append(float(calibration_error(bins)))
    return found


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("strange", [False, True])
def test_a_resample_is_an_evaluation_with_its_counts_as_weights(ties: bool, strange: bool) -> None:
    cases = Cases.of(made(1, ties=ties, strange=strange), 0.4)
    resampler = Resampler(Observed(cases))
    drawn = next(draws(cases.rows, 3, seed=5))
    totals = resampler.totals(drawn)
    for metric in METRICS.values():
        values = metric.value(totals)
        for column in range(3):
            counts = drawn[:, column].astype(np.float64)
            weights = counts if cases.weights is None else counts * cases.weights
            again = replace(cases, weights=weights)
            binned_as_before = metric.name == "calibration_error"  # the bins are of the rows, not of the resample
            expected = np.mean(in_the_bins_of(cases, again)) if binned_as_before else metric.value(Observed(again))
            assert values[column] == pytest.approx(float(expected), abs=2e-6, nan_ok=True), metric.name


def test_draws_are_as_many_as_rows_and_the_same_again() -> None:
    first = np.concatenate(list(draws(50, 130, seed=3)), axis=1)
    assert first.shape == (50, 130)
    assert (first.sum(axis=0) == 50).all()
    assert (first == np.concatenate(list(draws(50, 130, seed=3)), axis=1)).all()


def test_groups_are_drawn_whole_and_a_row_without_a_group_is_its_own() -> None:
    groups = np.array(["a", "", "a", "b", "", "b"])
    units, _ = drawn_units(groups)
    assert units == 4
    drawn = np.concatenate(list(draws(6, 200, seed=0, groups=groups)), axis=1)
    assert (drawn[0] == drawn[2]).all()
    assert (drawn[3] == drawn[5]).all()
    assert (drawn[1] != drawn[4]).any()


def test_rows_in_groups_make_wider_intervals_than_the_same_rows_alone() -> None:
    alone = made(2, n=60)
    groups = np.repeat(np.arange(60), 5).astype(np.str_)
    copied = Scores.of(np.repeat(alone.truth, 5, axis=0), np.repeat(alone.scores, 5, axis=0), groups=groups)
    grouped = evaluate(copied).metrics["label_accuracy"]
    blind = evaluate(replace(copied, groups=None)).metrics["label_accuracy"]
    single = evaluate(alone).metrics["label_accuracy"]
    assert grouped.high - grouped.low == pytest.approx(single.high - single.low, rel=0.1)
    assert grouped.high - grouped.low > 1.8 * (blind.high - blind.low)


def test_intervals_stand_beside_every_metric_and_can_be_left_out() -> None:
    scores = made(3, width=7)
    found = evaluate(scores, metrics="all").metrics
    for metric in found.values():
        assert metric.low is not None, metric.name
        assert metric.low < metric.value < metric.high, metric.name
        assert METRICS[metric.name].range[0] <= metric.low
        assert metric.high <= METRICS[metric.name].range[1]
        assert metric.to_dict()["interval"] == [metric.low, metric.high]
    assert all(metric.low is None for metric in evaluate(scores, intervals=None).metrics.values())
    with pytest.raises(InputError, match="3 bootstrap resamples"):
        evaluate(scores, intervals=3)


def test_intervals_stand_beside_each_label_and_are_wider_where_positives_are_few() -> None:
    truth = np.zeros((400, 2), dtype=np.uint8)
    truth[:160, 0] = truth[:20, 1] = 1
    scores = np.clip(0.3 + 0.4 * truth + np.random.default_rng(0).normal(0, 0.25, truth.shape), 0, 1)
    many, few = evaluate(Scores.of(truth, scores), metrics=["label_accuracy"]).labels
    for record in (many, few):
        assert record.ap_interval[0] < record.ap < record.ap_interval[1]
        assert record.f1_interval[0] < record.f1 < record.f1_interval[1]
    assert np.diff(few.ap_interval) > 2 * np.diff(many.ap_interval)
    assert all(record.f1_interval is None for record in evaluate(Scores.of(truth, scores), intervals=None).labels)


def test_few_positives_are_marked_and_only_where_a_mean_over_labels_hangs_on_them() -> None:
    truth = np.zeros((200, 2), dtype=np.uint8)
    truth[:80, 0] = truth[:10, 1] = 1
    scores = np.random.default_rng(0).random((200, 2))
    found = evaluate(Scores.of(truth, scores)).metrics
    assert "too few positives: 1 labels" in found["mAP"].note
    assert "too few positives" in found["macro_f1"].note
    assert found["label_accuracy"].note == found["micro_f1"].note == ""


def test_no_interval_where_the_resamples_say_nothing() -> None:
    perfect = evaluate(Scores.of([[1], [0], [1]], [[0.9], [0.1], [0.8]])).metrics["label_accuracy"]
    assert (perfect.value, perfect.low) == (1.0, None)
    assert "no interval" in perfect.note


def test_an_interval_is_moved_against_the_bias_of_its_resamples() -> None:
    rng = np.random.default_rng(0)
    plain = interval(0.5, 0.5 + 0.02 * rng.standard_normal(4000), limits=(0.0, 1.0))
    high = interval(0.5, 0.55 + 0.02 * rng.standard_normal(4000), limits=(0.0, 1.0))
    assert plain == pytest.approx((0.461, 0.539), abs=0.003)
    assert high[0] == pytest.approx(0.411, abs=0.004)
    assert high[1] == 0.5, "0.489 by the bias, but never without the estimate itself"


def test_the_spread_is_the_textbook_one_for_a_share() -> None:
    truth = (np.arange(400) < 100).astype(np.uint8)[:, None]
    found = evaluate(Scores.of(truth, np.full((400, 1), 0.1)), intervals=2000).metrics["label_accuracy"]
    wald = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert (found.high - found.low) / 2 == pytest.approx(wald, rel=0.06)


def test_replicates_do_not_hang_on_how_many_resamples_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    observed = Observed(Cases.of(made(4)))
    metrics = [METRICS["mAP"], METRICS["macro_f1"]]
    whole = bootstrap(metrics, observed, 100)
    monkeypatch.setattr("tagfit.evaluation.resamples.CELLS_AT_ONCE", 7 * 120)
    pieces = bootstrap(metrics, observed, 100)
    for name in whole:
        assert pieces[name].values == pytest.approx(whole[name].values, abs=1e-6)
