"""Threshold strategies: exact against brute force, targets that hold on new pictures, rules for whole pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import f1_score, fbeta_score

from tagfit.errors import InputError
from tagfit.evaluation.cases import Cases
from tagfit.evaluation.choose import choose_thresholds
from tagfit.evaluation.cut_curves import Ladder
from tagfit.evaluation.evaluate import evaluate
from tagfit.evaluation.strategy_names import STRATEGIES, parse
from tagfit.evaluation.thresholds import Thresholds
from tagfit.scores import Scores

LEVELS = np.array([0.0, 0.1, 0.25, 0.25, 0.5, 0.7, 0.9, 1.0])


def drawn(seed: int, n: int = 200, width: int = 3, share: float = 0.3) -> Scores:
    rng = np.random.default_rng(seed)
    logits = np.log(share / (1 - share)) + 1.5 * rng.standard_normal((n, width))
    probabilities = 1 / (1 + np.exp(-logits))
    return Scores.of((rng.random((n, width)) < probabilities).astype(np.uint8), probabilities, split="validation")


def values(scores: Scores, strategy: str, **options: object) -> NDArray[np.float64]:
    return choose_thresholds(scores, strategy, resamples=0, **options).values


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 1)), min_size=1, max_size=30), st.sampled_from([0.5, 1, 2]))
def test_best_f_is_the_best_of_all_cuts(rows: list[tuple[int, int]], beta: float) -> None:
    scores = LEVELS[[level for level, _ in rows]]
    truth = np.array([on for _, on in rows])
    cut = float(values(Scores.of(truth[:, None], scores[:, None]), f"best-f{beta:g}")[0])
    found = fbeta_score(truth, scores > cut, beta=beta, zero_division=0.0)
    best = max(fbeta_score(truth, scores > other, beta=beta, zero_division=0.0) for other in np.unique(LEVELS))
    assert found == pytest.approx(best)


@pytest.mark.parametrize("seed", range(8))
def test_one_for_all_is_the_best_of_all_common_cuts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = (rng.random((25, 3)) < [0.1, 0.4, 0.7]).astype(np.uint8)
    scores = np.round(rng.random((25, 3)) * [0.4, 1, 0.9], 2 if seed % 2 else 1)
    truth[0] = 1
    cut = float(values(Scores.of(truth, scores), "best-f1-for-all")[0])

    def macro(at: float) -> float:
        return float(f1_score(truth, scores > at, average="macro", zero_division=0.0))

    assert macro(cut) == pytest.approx(max(macro(other) for other in np.unique(np.append(scores, 0.0))))


def test_least_cost_is_the_best_of_all_cuts_and_near_the_theory_for_calibrated_scores() -> None:
    scores = drawn(0, n=4000)
    cuts = values(scores, "cost=1:4")
    for label, cut in enumerate(cuts):
        truth, column = scores.truth[:, label], scores.scores[:, label]

        def cost(at: float, truth: NDArray[np.uint8] = truth, column: NDArray[np.floating] = column) -> float:
            return float(((column > at) & (truth == 0)).sum() + 4 * ((column <= at) & (truth == 1)).sum())

        assert cost(cut) == min(cost(other) for other in np.unique(np.append(column, 0)))
        assert cut == pytest.approx(1 / 5, abs=0.08)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("steps", [0, 1])
def test_neighbouring_scores_are_told_apart(dtype: type, steps: int) -> None:
    low = dtype(0.3)
    for _ in range(steps):
        low = np.nextafter(low, dtype(1))
    scores = np.array([[low], [np.nextafter(low, dtype(1))]], dtype=dtype)
    chosen = choose_thresholds(Scores.of([[0], [1]], scores), "best-f1", resamples=0)
    assert chosen.predict(scores)[:, 0].tolist() == [False, True]


def test_a_label_without_a_positive_takes_the_common_threshold() -> None:
    scores = drawn(1)
    bare = Scores.of(scores.truth * np.array([1, 1, 0], dtype=np.uint8), scores.scores)
    chosen = choose_thresholds(bare, "best-f1", resamples=0)
    assert chosen.values[2] == values(bare, "best-f1-for-all")[0]
    assert "no positive" in chosen.details[2]["note"]


def test_the_fewer_positives_the_further_a_label_is_pulled() -> None:
    rng = np.random.default_rng(2)
    truth = np.zeros((400, 2), dtype=np.uint8)
    truth[:75, 0] = truth[:25, 1] = 1
    scores = Scores.of(truth, np.clip(rng.normal(0.3 + 0.3 * truth, 0.2), 0.01, 0.99) ** [1, 2])

    def logits(strategy: str) -> NDArray[np.float64]:
        cuts = values(scores, strategy)
        return np.log(cuts / (1 - cuts))

    own, common = logits("best-f1"), logits("best-f1-for-all")
    expected = common + np.array([75 / 100, 25 / 50]) * (own - common)
    assert logits("best-f1-pulled") == pytest.approx(expected)
    assert np.abs(own - common)[0] > 0.05


@pytest.mark.parametrize(("strategy", "least"), [("precision=0.6", 0.6), ("recall=0.8", 0.8)])
def test_a_target_holds_on_new_pictures_with_its_confidence(strategy: str, least: float) -> None:
    # Calibrated scores: the truth of a cut is the mean of the probabilities above it, over a large population.
    population = drawn(99, n=200_000, width=1)
    probabilities = population.scores[:, 0]
    held, reached = 0, 0
    for seed in range(200):
        cut = float(values(drawn(seed, n=300, width=1), strategy)[0])
        above = probabilities > cut
        if not above.any():
            held += 1
            continue
        reached += 1
        hits = probabilities[above].sum()
        held += hits / (above.sum() if strategy.startswith("precision") else probabilities.sum()) >= least
    assert held >= 182, "95 % of 200, less 2.6 standard deviations"
    assert reached >= 100, "a target that is never reached would hold too"


def test_a_target_out_of_reach_is_said_and_never_predicted() -> None:
    scores = drawn(3, n=40)
    chosen = choose_thresholds(scores, "precision=0.99", resamples=0)
    assert not chosen.predict(scores.scores).any()
    assert all("not reached" in record["note"] for record in chosen.details)


def test_another_strategy_for_one_label() -> None:
    scores = drawn(4)
    chosen = choose_thresholds(scores, "best-f1", by_label={"label_1": "recall=0.7"}, resamples=0)
    assert chosen.values[1] == values(scores, "recall=0.7")[1]
    assert chosen.values[0] == values(scores, "best-f1")[0]
    assert chosen.strategy == "best-f1, label_1:recall=0.7"
    with pytest.raises(InputError, match="no label 'people'"):
        choose_thresholds(scores, by_label={"people": "best-f1"})


def test_top_k_and_at_least_one() -> None:
    scores = np.array([[0.9, 0.8, 0.1], [0.2, 0.3, 0.1], [0.0, 0.0, 0.0]])
    data = Scores.of(np.eye(3, dtype=np.uint8), scores)
    top = choose_thresholds(data, "top=2", resamples=0).predict(scores)
    assert top.tolist() == [[True, True, False], [True, True, False], [True, True, False]]
    one = choose_thresholds(data, "at-least-one", resamples=0).predict(scores)
    assert one.tolist() == [[True, True, False], [False, True, False], [True, False, False]]
    both = choose_thresholds(data, "best-f1+at-least-one", resamples=0)
    assert (both.predict(scores).sum(axis=1) >= 1).all()
    found = evaluate(data, thresholds=choose_thresholds(data, "top=2", resamples=0), metrics="all", intervals=None)
    assert found["micro_precision"] == pytest.approx(2 / 6)
    assert found.metrics["micro_recall"].nothing == 0.0, "predicting nothing predicts nothing, whatever the rule"


def test_the_spread_shows_that_few_positives_leave_a_threshold_open() -> None:
    many = choose_thresholds(drawn(5, n=3000, width=1), "best-f1").details[0]
    few = choose_thresholds(drawn(5, n=60, width=1), "best-f1").details[0]
    assert many["low"] <= many["threshold"] <= many["high"]
    assert few["high"] - few["low"] > 1.5 * (many["high"] - many["low"])


def test_weights_count_like_copies() -> None:
    scores = drawn(6, n=80)
    counts = np.random.default_rng(0).integers(0, 4, 80)
    weighted = Scores.of(scores.truth, scores.scores, weights=counts.astype(float))
    copied = Scores.of(np.repeat(scores.truth, counts, axis=0), np.repeat(scores.scores, counts, axis=0))
    for strategy in ("best-f1", "best-f1-for-all", "cost=1:2"):
        one, other = values(weighted, strategy), values(copied, strategy)
        # A cut may lie elsewhere between two copied scores (rows of weight 0 are still seen); what it predicts may not.
        assert ((copied.scores > one) == (copied.scores > other)).all()
    with pytest.raises(InputError, match="weighted"):
        choose_thresholds(weighted, "precision=0.9")


def test_numbers_on_the_rows_they_were_chosen_on_are_marked_and_others_are_not() -> None:
    scores = drawn(7)
    chosen = choose_thresholds(scores, resamples=0)
    marked = evaluate(scores, thresholds=chosen, intervals=None)
    assert "chosen on these rows" in marked.metrics["macro_f1"].note
    assert "chosen" not in marked.metrics["mAP"].note
    turned = Scores.of(scores.truth[::-1], scores.scores[::-1], ids=scores.ids[::-1].tolist())
    assert chosen.chosen_on(turned), "the order of the rows does not hide them"
    assert not chosen.chosen_on(drawn(8))


def test_files_come_back_and_wrong_ones_are_refused(tmp_path: Path) -> None:
    chosen = choose_thresholds(drawn(9), "best-f1+at-least-one")
    path = tmp_path / "thresholds.json"
    chosen.save(path)
    assert Thresholds.load(path).to_dict() == chosen.to_dict()
    for bad in (
        {"thresholds": {"a": 2}},
        {"thresholds": {}},
        [],
        {"thresholds": {"a": "x"}},
        {"format": 9, "thresholds": {"a": 0.5}},
    ):
        path.write_text(json.dumps(bad))
        with pytest.raises(InputError, match=r"thresholds\.json"):
            Thresholds.load(path)
    with pytest.raises(InputError, match="no file"):
        Thresholds.load(tmp_path / "none.json")


@pytest.mark.parametrize("bad", ["best", "fixed=2", "precision=1.5", "cost=1", "top=0", "best-f1+top=2", "best-f.."])
def test_names_that_are_none_are_refused_with_what_would_be_right(bad: str) -> None:
    with pytest.raises(InputError):
        parse(bad)


def test_every_declared_name_can_be_chosen() -> None:
    scores = drawn(10, n=30)
    for name in STRATEGIES:
        assert choose_thresholds(scores, name, resamples=0).values.shape == (3,)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["best-f1", "best-f0.5", "cost=1:3", "precision=0.6", "recall=0.7"]))
def test_resamples_give_what_choosing_on_the_drawn_rows_gives(seed: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 80))
    scores = np.round(rng.random((n, 2)), int(rng.integers(1, 4)))
    truth = (rng.random((n, 2)) < scores).astype(np.uint8)
    truth[0] = 1
    cases = Cases.of(Scores.of(truth, scores))
    weights = np.stack([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(3)], axis=1).astype(np.float32)
    weights[0] = 1  # so that every resample has a positive
    strategy = parse(name).strategy
    for label in range(2):
        ladder = Ladder.of(cases, label)
        found = strategy.resampled(ladder, weights, NO_COMMON)
        expected = [strategy.choose([ladder.curve(column.astype(np.float64))])[0].cut for column in weights.T]
        assert found.tolist() == expected


class _NoCommon:
    def whole(self, beta: float) -> float:
        raise AssertionError("every label has a positive")

    def drawn(self, beta: float) -> NDArray[np.float64]:
        raise AssertionError("nothing is pulled")


NO_COMMON = _NoCommon()


def test_progress_is_reported_to_the_last_resample() -> None:
    seen: list[tuple[int, int]] = []
    choose_thresholds(drawn(0), resamples=40, on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (40, 40)
    assert seen == sorted(seen)
