"""The best constant set of tags: as good as trying all sets, and as good as really predicting it."""

from __future__ import annotations

import tracemalloc
from itertools import product

import numpy as np
import pytest

from tagfit.evaluation import constant_sets
from tagfit.evaluation.cases import Cases
from tagfit.evaluation.constant_sets import ConstantSets, best_constant, most_frequent_set
from tagfit.evaluation.metrics import METRICS, find
from tagfit.evaluation.totals import Constant, Observed
from tagfit.scores import Scores


def cases(seed: int, *, masked: bool, weighted: bool, rows: int = 60) -> Cases:
    rng = np.random.default_rng(seed)
    truth = (rng.random((rows, 4)) < [0.7, 0.4, 0.2, 0.1]).astype(np.uint8)
    known = rng.random(truth.shape) < 0.8 if masked else None
    weights = rng.uniform(0, 2, rows) if weighted else None
    return Cases.of(Scores.of(truth, np.zeros(truth.shape), known=known, weights=weights))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rows", [7, 60])
@pytest.mark.parametrize("cells", [1, 130, 10**6])
def test_each_set_has_the_totals_of_predicting_it(
    masked: bool, weighted: bool, rows: int, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constant_sets, "CELLS_AT_ONCE", cells)
    given = cases(1, masked=masked, weighted=weighted, rows=rows)
    sets = ConstantSets(given)
    nested = [np.isin(np.arange(4), sets.order[:k]) for k in range(5)]
    plain = [Constant(given, kept.astype(float), kept) for kept in [*nested, sets.most_frequent]]
    for metric in METRICS.values():
        if metric.decides:
            expected = [float(metric.value(one)) for one in plain]
            assert sets.values(metric) == pytest.approx(expected, nan_ok=True), metric.name


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", ["label_accuracy", "micro_f1", "macro_f1", "macro_jaccard", "subset_accuracy"])
def test_no_other_set_is_better(seed: int, name: str) -> None:
    given = cases(seed, masked=False, weighted=False)
    every = [np.array(bits, dtype=bool) for bits in product([False, True], repeat=4)]
    best = max(float(find(name).value(Constant(given, kept.astype(float), kept))) for kept in every)
    assert best_constant(find(name), ConstantSets(given)) == pytest.approx(best)


def test_scores_have_no_constant_set_and_lower_is_better_for_a_loss() -> None:
    given = cases(2, masked=False, weighted=False)
    sets = ConstantSets(given)
    assert best_constant(find("mAP"), sets) is None
    accuracy, loss = (best_constant(find(name), sets) for name in ("label_accuracy", "hamming_loss"))
    assert loss == pytest.approx(1 - accuracy)


def test_the_most_frequent_set() -> None:
    truth = np.array([[1, 0], [0, 1], [1, 0], [1, 1]], dtype=np.uint8)
    assert most_frequent_set(Cases.of(Scores.of(truth, np.zeros((4, 2))))).tolist() == [True, False]
    heavy = Scores.of(truth, np.zeros((4, 2)), weights=[1, 1, 1, 5])
    assert most_frequent_set(Cases.of(heavy)).tolist() == [True, True]
    assert float(find("subset_accuracy").value(Observed(Cases.of(heavy)))) == 0


@pytest.mark.parametrize("masked", [False, True])
def test_memory_is_linear_in_the_labels(masked: bool) -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((40, 4000)) < 0.01).astype(np.uint8)
    known = rng.random(truth.shape) < 0.9 if masked else None
    sets = ConstantSets(Cases.of(Scores.of(truth, np.zeros(truth.shape), known=known)))
    tracemalloc.start()
    try:
        for name in ("label_accuracy", "macro_f1", "weighted_f1", "sample_f1"):
            best_constant(find(name), sets)
        assert tracemalloc.get_traced_memory()[1] < 60e6, "one 4000 x 4000 array of float64 is 128 MB"
    finally:
        tracemalloc.stop()
