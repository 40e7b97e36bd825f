"""missing-tags: a label that is absent where the scores are sure of it, far more often than the reverse."""

from __future__ import annotations

import numpy as np
from diagnosing import MIDDLE, ill, look, well

CODE = "missing-tags"


def test_the_forgotten_label_is_named_with_its_pictures() -> None:
    case = ill(CODE)
    label = f"label_{well(MIDDLE).train.truth.sum(axis=0).argmax()}"
    found = look(CODE, case)
    assert found.outcome == "fired"
    assert list(found.evidence["labels"]) == [label]
    one = found.evidence["labels"][label]
    assert one["pictures"] >= len(one["suspects"]) > 10
    assert all(not record["tagged"] and record["label"] == label for record in one["suspects"])
    assert f"missing on {one['pictures']} pictures" in found.verdict.says


def test_tags_wrong_both_ways_are_not_called_missing() -> None:
    assert look(CODE, ill("suspect-tags")).outcome == "passed"


def test_healthy_tags_pass_and_train_scores_alone_inconclusive() -> None:
    case = well(MIDDLE)
    assert look(CODE, case).outcome == "passed"
    assert look(CODE, train=case.train.given()).outcome == "inconclusive"
    rng = np.random.default_rng(0)
    assert look(CODE, validation=(rng.integers(0, 2, (20, 2)), rng.random((20, 2)))).outcome == "inconclusive"
