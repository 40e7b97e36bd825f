"""Comparing: paired on the same pictures, refused on others, unpaired for a gap; no difference is called too easily."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tagfit.errors import InputError
from tagfit.evaluation.compare import compare, gap
from tagfit.evaluation.evaluate import evaluate
from tagfit.files import to_json
from tagfit.scores import Scores

REPEATS = 300


def model(seed: int, skill: float, *, n: int = 400, width: int = 4, noise: int | None = None) -> Scores:
    """Scores of a model of some skill; the truth hangs on ``seed`` alone, so models share it."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((n, width)) < 0.3).astype(np.uint8)
    own = np.random.default_rng(seed + 1000 if noise is None else noise)
    scores = np.clip(0.35 + skill * (truth - 0.3) + 0.25 * own.standard_normal(truth.shape), 0, 1)
    ids = [f"{seed}/{row}.jpg" for row in range(n)]
    return Scores.of(truth, scores, ids=ids, labels=["beach", "people", "sea", "sunset"][:width])


def test_a_better_model_is_found_better_and_the_sign_is_second_less_first() -> None:
    found = compare({"plain": model(1, 0.2), "cured": model(1, 0.5)}, repeats=REPEATS)
    accuracy = found["label_accuracy"]
    assert accuracy.difference == pytest.approx(accuracy.second - accuracy.first)
    assert accuracy.verdict == "better"
    assert 0 < accuracy.low < accuracy.difference < accuracy.high
    assert found["loss"].difference < 0
    assert found["loss"].verdict == "better", "a lower loss is better"
    assert compare({"cured": model(1, 0.5), "plain": model(1, 0.2)}, repeats=REPEATS)["mAP"].verdict == "worse"
    json.loads(to_json(found.to_dict()))


def test_rows_and_labels_are_aligned_by_name() -> None:
    first, second = model(2, 0.3), model(2, 0.4, noise=5)
    order = np.random.default_rng(0).permutation(len(second))
    columns = [2, 0, 3, 1]
    shuffled = Scores.of(
        second.truth[order][:, columns],
        second.scores[order][:, columns],
        ids=second.ids[order].tolist(),
        labels=[second.labels[column] for column in columns],
    )
    straight = compare({"a": first, "b": second}, repeats=REPEATS)
    turned = compare({"a": first, "b": shuffled}, repeats=REPEATS)
    assert turned.to_dict() == straight.to_dict()


def test_pairing_makes_the_interval_narrower_than_unpaired() -> None:
    first, second = model(3, 0.30), model(3, 0.34)  # the same noise: nearly the same mistakes
    paired = compare({"a": first, "b": second}, repeats=REPEATS)["label_accuracy"]
    unpaired = gap(first, second, repeats=REPEATS)["label_accuracy"]
    assert paired.high - paired.low < 0.6 * (unpaired.high - unpaired.low)


def test_other_pictures_labels_or_truth_are_refused() -> None:
    first = model(4, 0.3)
    with pytest.raises(InputError, match=r"different pictures.*4/0.jpg"):
        compare({"a": first, "b": model(5, 0.3)})
    with pytest.raises(InputError, match="different pictures"):
        compare({"a": replace_rows(first, slice(0, 100)), "b": first})
    wrong = first.truth.copy()
    wrong[7, 1] ^= 1
    with pytest.raises(InputError, match=r"picture 4/7.jpg: the truth of 'people' differs"):
        compare({"a": first, "b": replace(first, truth=wrong)})
    with pytest.raises(InputError, match="different labels"):
        compare({"a": first, "b": replace(first, labels=("beach", "people", "sea", "sun"))})
    with pytest.raises(InputError, match="one model"):
        compare({"a": first})


def replace_rows(scores: Scores, rows: slice) -> Scores:
    return Scores.of(scores.truth[rows], scores.scores[rows], ids=scores.ids[rows].tolist(), labels=scores.labels)


def test_a_model_against_itself_shows_no_difference() -> None:
    scores = model(6, 0.3)
    found = compare({"a": scores, "b": scores}, repeats=REPEATS)
    assert all(d.difference == 0 and not d.shown for d in (*found.overall, *found.labels))
    assert {d.verdict for d in found.overall} == {"no difference shown"}


def test_equal_models_are_rarely_called_different_although_many_numbers_are_looked_at() -> None:
    called = 0
    for seed in range(40):
        found = compare(
            {"a": model(seed, 0.3, n=200), "b": model(seed, 0.3, n=200, noise=9000 + seed)},
            metrics=["label_accuracy", "macro_f1", "mAP"],
            repeats=200,
        )
        called += any(d.shown for d in found.labels)
    assert called <= 6, "at most 5 % of 40, and a little luck"


def test_holm_adjusts_over_the_whole_table_and_never_below_p() -> None:
    found = compare({"a": model(7, 0.3), "b": model(7, 0.36), "c": model(7, 0.33)}, repeats=REPEATS)
    ordered = sorted(found.labels, key=lambda d: d.p)
    assert len(ordered) == 2 * 2 * 4, "two models against the first, F1 and AP of four labels"
    assert ordered[0].p_adjusted == pytest.approx(min(1.0, ordered[0].p * len(ordered)))
    assert all(d.p_adjusted >= d.p for d in ordered)
    assert [d.p_adjusted for d in ordered] == sorted(d.p_adjusted for d in ordered)
    for difference in (*found.overall, *found.labels):
        if difference.shown:
            assert difference.low > 0 or difference.high < 0


def test_the_gap_is_validation_less_train() -> None:
    found = gap(replace(model(8, 0.6), split="train"), replace(model(9, 0.2), split="validation"), repeats=REPEATS)
    assert (found.first, found["label_accuracy"].model, found.paired) == ("train", "validation", False)
    assert found["label_accuracy"].difference < 0
    assert found["label_accuracy"].shown


def test_the_width_of_a_gap_is_that_of_two_independent_shares() -> None:
    first, second = model(10, 0.3), model(11, 0.3)
    found = gap(first, second, metrics=["subset_accuracy"], repeats=1000)["subset_accuracy"]
    shares = (found.first, found.second)
    wald = 1.96 * np.sqrt(sum(share * (1 - share) / 400 for share in shares))
    assert (found.high - found.low) / 2 == pytest.approx(wald, rel=0.08)


def test_row_weights_of_one_model_are_used_for_all_and_different_ones_are_refused() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((60, 2)) < 0.4).astype(np.uint8)
    weights = rng.integers(1, 5, 60).astype(float)
    plain, other = (Scores.of(truth, rng.random((60, 2))) for _ in range(2))
    weighted = Scores.of(truth, plain.scores, weights=weights)
    expected = evaluate(Scores.of(truth, other.scores, weights=weights), intervals=None)["mAP"]
    for first, second in ((weighted, other), (other, weighted)):
        found = compare({"first": first, "second": second}, metrics=["mAP"], repeats=100)["mAP"]
        assert expected in (found.first, found.second)
    reweighted = Scores.of(truth, other.scores, weights=weights[::-1])
    with pytest.raises(InputError, match="different row weights"):
        compare({"first": weighted, "second": reweighted}, repeats=100)
