"""overfitting: the gap is measured alike on both sides, and fires only with its whole interval above the margin."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well

from tagfit.diagnosis.limits import limit
from tagfit.recipe import Recipe

CODE = "overfitting"


def test_learnt_by_heart_fires_with_the_gap_and_its_interval() -> None:
    case = ill(CODE)
    found = look(CODE, case)
    assert found.outcome == "fired"
    gap = found.evidence["gap"]["label_accuracy"]
    right = [float(((part.scores > 0.5) == part.truth).mean()) for part in (case.train, case.validation)]
    assert np.isclose(gap.value, right[0] - right[1])
    assert limit(CODE, "margin") < gap.low < gap.value < gap.high


def test_a_healthy_model_passes() -> None:
    assert look(CODE, well()).outcome == "passed"


def test_one_side_or_a_few_rows_inconclusive() -> None:
    assert look(CODE, validation=well().validation.given()).outcome == "inconclusive"
    case = ill(CODE)
    case.validation.take(np.arange(5))
    assert look(CODE, case).outcome == "inconclusive"


def test_few_pictures_and_a_net_from_scratch_lead_to_a_pretrained_backbone() -> None:
    case = ill(CODE)
    said = {}
    for architecture in ("dense", "pretrained"):
        train = {**case.train.given(), "inputs": np.zeros((len(case.train.truth), 4, 4, 3), np.uint8)}
        found = look(CODE, train=train, validation=case.validation.given(), recipe=Recipe(architecture=architecture))
        assert found.remedy is not None
        said[architecture] = "--recipe pretrained" in found.remedy.words
    assert said == {"dense": True, "pretrained": False}
    features = {**case.train.given(), "inputs": np.zeros((len(case.train.truth), 4))}
    found = look(CODE, train=features, validation=case.validation.given(), recipe=Recipe())
    assert found.remedy is not None
    assert "--recipe pretrained" not in found.remedy.words, "rows of features are not photographs"
