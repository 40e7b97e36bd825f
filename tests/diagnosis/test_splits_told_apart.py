"""splits-told-apart: a forest guesses the split from the inputs."""

from __future__ import annotations

import numpy as np
from diagnosing import SMALL, ill, look, well

CODE = "splits-told-apart"


def test_shifted_features_fire() -> None:
    found = look(CODE, ill(CODE, SMALL))
    assert found.outcome == "fired"
    assert found.evidence["auc"].low > 0.6


def test_darker_pictures_fire() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(40, 200, (120, 32, 32, 3)).astype(np.uint8)
    pictures[60:] -= 30
    sides = {
        name: {"truth": rng.integers(0, 2, (60, 2)), "scores": rng.random((60, 2)), "inputs": pictures[rows]}
        for name, rows in (("train", slice(0, 60)), ("validation", slice(60, 120)))
    }
    assert look(CODE, **sides).outcome == "fired"


def test_rows_of_one_kind_pass_and_without_inputs_it_inconclusive() -> None:
    case = well()
    assert look(CODE, case).outcome == "passed"
    assert look(CODE, case, train=(case.train.truth, case.train.scores)).outcome == "inconclusive"
