"""scores-inverted: scores of the absence of a label."""

from __future__ import annotations

from diagnosing import MIDDLE, ill, look, well

from tagfit.diagnosis.diagnose import diagnose

CODE = "scores-inverted"


def test_all_labels_turned_over() -> None:
    found = diagnose(**ill(CODE).arguments())
    assert found[CODE].outcome == "fired"
    assert found[CODE].verdict.says.startswith("All labels")
    assert found[CODE].evidence["macro_auc"] < 0.4
    assert found["overfitting"].outcome == "inconclusive"


def test_a_single_label_is_named() -> None:
    part = well(MIDDLE).validation
    scores = part.scores.copy()
    scores[:, 2] = 1 - scores[:, 2]
    found = look(CODE, validation=(part.truth, scores), labels=list("abcdef"))
    assert found.evidence["labels"] == ["c"]


def test_healthy_weak_and_permuted_scores_do_not_fire() -> None:
    assert look(CODE, well(MIDDLE)).outcome == "passed"
    assert look(CODE, ill("underfitting")).outcome == "passed"
    assert look(CODE, ill("labels-permuted")).outcome == "inconclusive"
