"""macro-over-empty-labels: what the average is with the empty labels as zero, and without them."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well
from sklearn.metrics import recall_score

CODE = "macro-over-empty-labels"


def test_empty_labels_fire_with_both_averages() -> None:
    case = ill(CODE)
    found = look(CODE, case)
    assert found.outcome == "fired"
    assert found.evidence["labels"] == ["label_0", "label_1", "label_2"]
    part = case.validation
    as_zero = recall_score(part.truth, part.scores > 0.5, average="macro", zero_division=0)
    assert np.isclose(found.evidence["as_zero"], as_zero)
    assert np.isclose(found.evidence["without"], as_zero * 2)


def test_without_a_macro_average_or_without_empty_labels_it_passes() -> None:
    assert look(CODE, ill(CODE), metrics=["label_accuracy"]).outcome == "passed"
    assert look(CODE, well()).outcome == "passed"


def test_without_validation_it_inconclusive() -> None:
    assert look(CODE, train=well().train.given()).outcome == "inconclusive"
