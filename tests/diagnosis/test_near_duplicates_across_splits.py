"""near-duplicates-across-splits: pictures, feature rows, ids, or scores equal in every digit."""

from __future__ import annotations

import numpy as np
from diagnosing import ill, look, well
from PIL import Image

from tagfit.scores import Scores

CODE = "near-duplicates-across-splits"


def without_inputs(case: object) -> dict[str, dict[str, object]]:
    return {
        name: {"truth": part.truth, "scores": part.scores}
        for name, part in (("train", case.train), ("validation", case.validation))  # type: ignore[attr-defined]
    }


def test_equal_feature_rows_fire_with_their_share() -> None:
    found = look(CODE, ill(CODE))
    assert found.outcome == "fired"
    assert found.evidence["validation_rows"] == 30


def test_equal_scores_tell_without_any_inputs() -> None:
    found = look(CODE, **without_inputs(ill(CODE)))
    assert found.outcome == "fired"
    assert found.evidence["validation_rows"] == 30
    assert look(CODE, **without_inputs(well())).outcome == "passed"


def test_scores_of_few_digits_inconclusive() -> None:
    case = well()
    for part in (case.train, case.validation):
        part.scores = np.round(part.scores, 2)
    assert look(CODE, **without_inputs(case)).outcome == "inconclusive"


def test_row_numbers_are_not_taken_for_ids() -> None:
    sides = {
        name: Scores.of(part["truth"], part["scores"])  # type: ignore[arg-type]
        for name, part in without_inputs(well()).items()
    }
    found = look(CODE, **sides)
    assert (found.outcome, found.evidence["found_by"]) == ("passed", "by scores and tags")


def test_equal_ids_fire() -> None:
    rng = np.random.default_rng(0)
    sides = {}
    for name, first in (("train", 0), ("validation", 95)):
        ids = [str(row) for row in range(first, first + 100)]
        sides[name] = {"truth": rng.integers(0, 2, (100, 2)), "scores": rng.random((100, 2)), "ids": ids}
    assert look(CODE, **sides).evidence["validation_rows"] == 5


def test_changed_copies_of_pictures_fire_and_are_shown() -> None:
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 200, (24, 16, 16, 3)).astype(np.uint8)
    pictures = blocks.repeat(4, axis=1).repeat(4, axis=2)
    pictures[20] = np.clip(pictures[3] * 1.1 + 5, 0, 255).astype(np.uint8)
    pictures[21] = np.rot90(pictures[4])
    pictures[22] = np.asarray(Image.fromarray(pictures[5, 8:, ::-1][:, 8:]).resize((64, 64)))
    sides = {
        name: {"truth": rng.integers(0, 2, (12, 2)), "scores": rng.random((12, 2)), "inputs": pictures[rows]}
        for name, rows in (("train", slice(0, 12)), ("validation", slice(12, 24)))
    }
    found = look(CODE, **sides)
    assert found.outcome == "fired"
    assert found.verdict.plot is not None
    assert found.verdict.plot.data["pairs"] == [(3, 8), (4, 9), (5, 10)]


def test_coarse_features_inconclusive() -> None:
    case = well()
    for part in (case.train, case.validation):
        part.inputs = (part.inputs[:, :2] > 0).astype(np.float32)
    assert look(CODE, case).outcome == "inconclusive"
