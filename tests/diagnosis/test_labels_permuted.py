"""labels-permuted: columns of scores that stand under other labels."""

from __future__ import annotations

import numpy as np
from diagnosing import MIDDLE, ill, look, well

from tagfit.diagnosis.diagnose import diagnose

CODE = "labels-permuted"


def test_swapped_columns_are_named_as_pairs() -> None:
    part = well(MIDDLE).validation
    scores = part.scores.copy()
    scores[:, [1, 4]] = scores[:, [4, 1]]
    found = look(CODE, validation=(part.truth, scores), labels=list("abcdef"))
    assert found.outcome == "fired"
    assert found.evidence["labels"] == ["b", "e"]
    assert found.evidence["columns"] == ["e", "b"]
    assert "'b' has the scores of 'e', 'e' has the scores of 'b'" in found.verdict.says
    assert "2 of 6 columns" in found.verdict.says


def test_it_is_what_is_said_first() -> None:
    found = diagnose(**ill(CODE).arguments())
    assert found.fired[0].code == CODE
    assert found["suspect-tags"].outcome == "inconclusive"


def test_labels_that_are_alike_or_badly_learned_pass() -> None:
    assert look(CODE, well(MIDDLE)).outcome == "passed"
    assert look(CODE, ill("copied-labels")).outcome == "passed"
    assert look(CODE, ill("underfitting")).outcome == "passed"
    assert look(CODE, ill("labels-never-together")).outcome == "passed"


def test_inverted_scores_are_another_matter() -> None:
    assert look(CODE, ill("scores-inverted")).outcome == "passed"


def test_one_label_inconclusive() -> None:
    part = well().validation
    assert look(CODE, validation=(part.truth[:, :1], part.scores[:, :1])).outcome == "inconclusive"
    assert look(CODE, validation=(np.zeros((30, 2)), np.full((30, 2), 0.5))).outcome == "inconclusive"
