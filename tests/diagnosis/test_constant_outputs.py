"""constant-outputs: a label whose scores do not vary while its truth does."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well

CODE = "constant-outputs"


def test_a_flat_label_fires_by_name() -> None:
    found = look(CODE, ill(CODE), labels=["beach", "b", "c", "d", "e", "f"])
    assert found.outcome == "fired"
    assert found.evidence["labels"] == ["beach"]


def test_scores_that_vary_pass() -> None:
    assert look(CODE, well()).outcome == "passed"


def test_a_truth_that_does_not_vary_inconclusive() -> None:
    assert look(CODE, validation=(np.zeros((9, 2)), np.zeros((9, 2)))).outcome == "inconclusive"
