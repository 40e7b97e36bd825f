"""one-label-per-picture: outputs of an argmax on a truth of several tags."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well

CODE = "one-label-per-picture"


def test_an_argmax_fires() -> None:
    found = look(CODE, ill(CODE))
    assert found.outcome == "fired"
    assert found.evidence["predicted_one"] == 1.0


def test_several_predictions_pass() -> None:
    assert look(CODE, well()).outcome == "passed"


def test_a_truth_of_one_tag_each_inconclusive() -> None:
    truth = np.eye(3, dtype=int)[np.arange(30) % 3]
    assert look(CODE, validation=(truth, 0.9 * truth)).outcome == "inconclusive"
