"""One call: what is undefined is said, unknown takes no part, and the trivial baselines stand beside each number."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tagfit.errors import InputError
from tagfit.evaluation.evaluate import evaluate
from tagfit.evaluation.metrics import DEFAULT, METRICS, find
from tagfit.evaluation.thresholds import Thresholds
from tagfit.files import to_json
from tagfit.scores import Scores

# Four pictures, three labels: beach (found once, missed once), people (never true, never predicted), sea (always true).
TRUTH = np.array([[1, 0, 1], [1, 0, 1], [0, 0, 1], [0, 0, 1]], dtype=np.uint8)
SCORES = np.array([[0.9, 0.1, 0.9], [0.2, 0.2, 0.8], [0.6, 0.1, 0.4], [0.1, 0.3, 0.7]])


def made(**options: object) -> Scores:
    return Scores.of(TRUTH, SCORES, labels=["beach", "people", "sea"], split="validation", **options)


def test_what_is_undefined_is_said() -> None:
    found = evaluate(made(), metrics="all", intervals=None)
    beach, people, sea = found.labels
    assert (beach.tp, beach.fp, beach.fn, beach.tn) == (1, 1, 1, 1)
    assert all(math.isnan(value) for value in (people.precision, people.recall, people.f1, people.ap, people.auc))
    assert (sea.recall, sea.ap) == (0.75, 1.0)
    assert math.isnan(sea.auc), "no negative, no AUC"
    assert found.metrics["mAP"].left_out == 1
    assert "undefined for 1 of 3 labels; the mean is over the rest" in found.metrics["mAP"].note
    assert found["macro_f1"] == pytest.approx((0.5 + 6 / 7) / 2)


def test_a_label_with_positives_that_is_never_predicted_has_precision_0() -> None:
    found = evaluate(made(), thresholds=0.95, metrics="all", intervals=None)
    assert [record.precision for record in found.labels if record.support] == [0.0, 0.0]
    assert math.isnan(found.labels[1].precision)


def test_unknown_takes_part_in_nothing() -> None:
    known = np.ones(TRUTH.shape, dtype=bool)
    known[1, 0] = known[3] = False
    garbage = SCORES.copy()
    garbage[~known] = 1.0
    found = evaluate(made(known=known), metrics="all", intervals=None)
    other = evaluate(
        Scores.of(np.where(known, TRUTH, 1), garbage, known=known, labels=["beach", "people", "sea"]),
        metrics="all",
        intervals=None,
    )
    assert {name: m.to_dict() for name, m in found.metrics.items()} == {
        name: m.to_dict() for name, m in other.metrics.items()
    }
    assert [record.unknown for record in found.labels] == [2, 1, 1]
    assert found.metrics["subset_accuracy"].left_out == 1, "the row of which nothing is known"
    assert found["subset_accuracy"] == pytest.approx(2 / 3)
    assert found["label_accuracy"] == pytest.approx(6 / 8)


def test_the_baselines() -> None:
    found = evaluate(made(), prevalence=np.array([0.6, 0.1, 0.9]), intervals=None).metrics
    assert found["label_accuracy"].nothing == pytest.approx(6 / 12)
    assert found["label_accuracy"].prevalence == pytest.approx((2 + 4 + 4) / 12), "beach and sea for every picture"
    assert found["label_accuracy"].best_constant == pytest.approx((2 + 4 + 4) / 12)
    assert found["loss"].nothing is None, "the loss of predicting nothing has no value"
    expected = -np.log([0.6, 0.6, 0.4, 0.4, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]).mean()
    assert found["loss"].prevalence == pytest.approx(expected)
    assert found["mAP"].nothing == found["mAP"].prevalence == pytest.approx((0.5 + 1.0) / 2)
    assert found["mAP"].best_constant is None
    assert found["subset_accuracy"].best_constant == 0.5


def test_baselines_are_what_evaluating_such_scores_gives() -> None:
    rng = np.random.default_rng(3)
    truth = (rng.random((40, 5)) < 0.4).astype(np.uint8)
    known = rng.random((40, 5)) < 0.8
    weights = rng.uniform(0, 2, 40)
    shares = np.array([0.1, 0.6, 0.5, 0.45, 0.9])

    def values(scores: np.ndarray) -> dict[str, float]:
        found = evaluate(
            Scores.of(truth, scores, known=known, weights=weights), prevalence=shares, metrics="all", intervals=None
        )
        return {name: found[name] for name in found.metrics}

    found = evaluate(
        Scores.of(truth, rng.random((40, 5)), known=known, weights=weights),
        prevalence=shares,
        metrics="all",
        intervals=None,
    )
    nothing, constant = values(np.zeros((40, 5))), values(np.tile(shares, (40, 1)))
    for name, metric in found.metrics.items():
        assert metric.prevalence == pytest.approx(constant[name]), name
        if METRICS[name].can_say_nothing:
            assert metric.nothing == pytest.approx(nothing[name]), name


def test_the_json_shape() -> None:
    found = json.loads(to_json(evaluate(made()).to_dict()))
    assert found["metrics"]["label_accuracy"]["value"] == pytest.approx(9 / 12)
    assert {"value", "nothing", "prevalence", "best_constant", "interval"} <= set(found["metrics"]["loss"])
    assert found["metrics"]["loss"]["nothing"] is None
    assert [record["label"] for record in found["labels"]] == ["beach", "people", "sea"]
    assert found["labels"][1]["recall"] is None
    assert found["labels"][0]["tp"] == 1
    assert set(found["metrics"]) == set(DEFAULT)


def test_accuracy_alone_is_no_metric() -> None:
    with pytest.raises(InputError, match="label_accuracy, subset_accuracy or sample_f1"):
        evaluate(made(), metrics=["accuracy"])
    with pytest.raises(InputError, match=r"did you mean .*macro_f1"):
        find("makro_f1")


def test_thresholds_judged_on_their_own_split_are_marked() -> None:
    chosen = Thresholds(np.array([0.5, 0.5, 0.3]), ("beach", "people", "sea"), "best-f1", split="validation")
    assert any("chosen on these rows" in note for note in evaluate(made(), thresholds=chosen).notes)
    other = Thresholds(chosen.values, chosen.labels, "best-f1", split="train")
    assert not any("chosen on" in note for note in evaluate(made(), thresholds=other).notes)


@pytest.mark.parametrize("bad", [1.5, -0.1, [0.5, 0.5], float("nan")])
def test_thresholds_of_another_shape_or_range_are_refused(bad: object) -> None:
    with pytest.raises(InputError, match="threshold"):
        evaluate(made(), thresholds=bad)


def test_float32_scores_meet_a_float64_threshold_exactly() -> None:
    just_above = np.nextafter(np.float32(0.1), np.float32(1))
    scores = np.array([[np.float32(0.1)], [just_above]], dtype=np.float32)
    found = evaluate(Scores.of([[1], [1]], scores), thresholds=0.1, intervals=None)
    # float32(0.1) is a little more than 0.1, so both are above.
    assert found.labels[0].tp == int((scores.astype(np.float64) > 0.1).sum()) == 2
    between = (float(np.float32(0.1)) + float(just_above)) / 2
    assert evaluate(Scores.of([[1], [1]], scores), thresholds=between, intervals=None).labels[0].tp == 1


def test_thresholds_files_come_back_exactly(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "thresholds.json"
    chosen = Thresholds(np.array([0.1, 1 / 3]), ("a", "b"), "best-f1", "train", "abc", details=({"label": "a"},))
    chosen.save(path)
    back = Thresholds.load(path)
    assert back.to_dict() == chosen.to_dict()
    assert back.in_order(("b", "a")).values.tolist() == [1 / 3, 0.1]
    with pytest.raises(InputError, match="no threshold for 'c'"):
        back.in_order(("a", "c"))


def test_scores_that_are_judged_stay_as_they_are() -> None:
    scores = np.array([[0.25], [0.75]], dtype=np.float32)
    evaluate(Scores.of([[0], [1]], scores), intervals=None)
    assert scores.tolist() == [[0.25], [0.75]]
