"""Laws that every metric obeys: order of rows and labels, copies, complements, monotone changes of the scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagfit.errors import InputError
from tagfit.evaluation.cases import Cases
from tagfit.evaluation.metrics import METRICS, Metric, find
from tagfit.evaluation.totals import Observed

BINNED = {"calibration_error"}  # its bins hang on how many rows there are
FIRST_WINS = {"argmax_accuracy"}  # of equal scores it takes the first column, as Keras does


@st.composite
def cases(draw: st.DrawFn) -> Cases:
    """Small cases with ties, unknown entries, weights, and labels without positives or negatives."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n, width = draw(st.integers(1, 30)), draw(st.integers(1, 5))
    truth = (rng.random((n, width)) < rng.choice([0.0, 0.2, 0.5, 1.0], width)).astype(np.uint8)
    scores = rng.random((n, width)).astype(draw(st.sampled_from([np.float32, np.float64])))
    if draw(st.booleans()):
        scores = np.round(scores, 1)
    known = rng.random((n, width)) < 0.7 if draw(st.booleans()) else None
    weights = rng.integers(0, 4, n).astype(float) if draw(st.booleans()) else None
    if known is not None:
        truth = truth * known
    return Cases(truth, known, scores, np.full(width, 0.4), weights)


def values(given_cases: Cases, but: set[str] = frozenset()) -> dict[str, float]:
    totals = Observed(given_cases)
    return {name: float(metric.value(totals)) for name, metric in METRICS.items() if name not in but}


def taken(some: Cases, rows: object = slice(None), columns: object = slice(None)) -> Cases:
    return Cases(
        some.truth[rows][:, columns],
        None if some.known is None else some.known[rows][:, columns],
        some.scores[rows][:, columns],
        some.thresholds[columns],
        None if some.weights is None else some.weights[rows],
    )


@settings(max_examples=40, deadline=None)
@given(cases(), st.integers(0, 1000))
def test_the_order_of_rows_and_labels_changes_nothing(some: Cases, seed: int) -> None:
    rng = np.random.default_rng(seed)
    turned = taken(some, rng.permutation(some.rows), rng.permutation(some.width))
    assert values(turned, FIRST_WINS) == pytest.approx(values(some, FIRST_WINS), abs=1e-9, nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(cases())
def test_all_rows_twice_changes_nothing(some: Cases) -> None:
    twice = taken(some, np.repeat(np.arange(some.rows), 2))
    assert values(twice, BINNED) == pytest.approx(values(some, BINNED), abs=1e-9, nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(cases())
def test_whole_weights_are_copies(some: Cases) -> None:
    if some.weights is None:
        return
    copied = replace(taken(some, np.repeat(np.arange(some.rows), some.weights.astype(int))), weights=None)
    assert values(copied) == pytest.approx(values(some), abs=1e-9, nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(cases(), st.sampled_from([0.5, 2.0]))
def test_a_monotone_change_of_the_scores_leaves_every_ranking(some: Cases, power: float) -> None:
    ranked = [name for name, metric in METRICS.items() if not metric.decides]
    ranked = [name for name in ranked if name not in {"loss", "brier", *BINNED}]
    scores = some.scores.astype(np.float64)
    changed = replace(some, scores=scores**power)
    before, after = values(replace(some, scores=scores)), values(changed)
    assert {name: after[name] for name in ranked} == pytest.approx({n: before[n] for n in ranked}, nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(cases())
def test_the_complement_turns_auc_round_and_leaves_accuracy_loss_and_brier(some: Cases) -> None:
    scores = np.round(some.scores.astype(np.float64) * 64) / 64  # so that 1 - score is exact
    plain = replace(some, scores=scores, thresholds=np.full(some.width, 0.4))
    known = np.ones(some.truth.shape, dtype=bool) if some.known is None else some.known
    other = replace(plain, truth=(1 - some.truth) * known, scores=1 - scores, thresholds=np.full(some.width, 0.6))
    one, two = values(plain), values(other)
    for name in ("label_accuracy", "loss", "brier", "macro_auc", "subset_accuracy"):
        assert two[name] == pytest.approx(one[name], nan_ok=True), name
    turned = values(replace(plain, truth=(1 - some.truth) * known))
    assert turned["macro_auc"] == pytest.approx(1 - one["macro_auc"], nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(cases())
def test_values_stay_in_their_declared_range_and_perfect_scores_are_the_best(some: Cases) -> None:
    for name, value in values(some).items():
        low, high = METRICS[name].range
        assert np.isnan(value) or low <= value <= high, name
    perfect = values(replace(some, scores=some.truth.astype(np.float64)))
    for name, value in values(some, FIRST_WINS).items():
        best = perfect[name]
        if np.isnan(value) or np.isnan(best):  # a label that is never true and rightly never predicted has no F1
            continue
        assert (best >= value - 1e-9) if METRICS[name].better == "higher" else (best <= value + 1e-6), name


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_each_metric_is_declared_whole(metric: Metric) -> None:
    assert metric.meaning
    assert metric.better in ("higher", "lower")
    assert metric.range[0] < metric.range[1]
    assert find(metric.name) is metric


def test_other_betas_and_ks_are_found_by_name() -> None:
    some = Observed(Cases(np.eye(6, dtype=np.uint8), None, np.eye(6) * 0.5 + 0.25, np.full(6, 0.5), None))
    assert float(find("macro_f3").value(some)) == 1.0
    assert float(find("recall_at_4").value(some)) == 1.0
    assert float(find("precision_at_4").value(some)) == pytest.approx(0.25)
    for name in ("recall_at_0", "macro_fx", "f1"):
        with pytest.raises(InputError, match="no metric"):
            find(name)
