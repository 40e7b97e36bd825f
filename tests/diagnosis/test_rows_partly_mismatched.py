"""rows-partly-mismatched: some rows of the scores belong to other pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from diagnosing import MIDDLE, SMALL, ill, look, well
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import planted

from tagfit.diagnosis.diagnose import diagnose
from tagfit.diagnosis.material import Side
from tagfit.diagnosis.mismatch import NEED_MATCH
from tagfit.diagnosis.partial_mismatch import RowErrors

CODE = "rows-partly-mismatched"


def test_half_shuffled_rows_fire_first_and_no_tags_are_blamed() -> None:
    found = diagnose(**ill(CODE).arguments())
    assert found.fired[0].code == CODE
    assert found[CODE].evidence["splits"] == ["validation"]
    share = found[CODE].evidence["share"]["validation"]
    assert share.low < 0.5 < share.high
    assert {finding.outcome for finding in found if finding.code in NEED_MATCH} == {"inconclusive"}


@pytest.mark.parametrize(("first", "words"), [(True, "up to about row 1"), (False, "from about row 1")])
def test_a_block_at_an_end_of_the_file_is_named(first: bool, words: str) -> None:
    part = well(MIDDLE).validation
    rows = np.arange(150) if first else np.arange(150, 300)
    part.scores[rows] = part.scores[np.random.default_rng(0).permutation(rows)]
    assert words in look(CODE, validation=(part.truth, part.scores)).verdict.says


@pytest.mark.parametrize(
    "code",
    ["overfitting", "suspect-tags", "missing-tags", "copied-labels", "rare-labels", "miscalibration", "underfitting"],
)
def test_other_faults_pass(code: str) -> None:
    for size in (SMALL, MIDDLE):
        assert look(CODE, ill(code, size)).outcome != "fired"
    assert look(CODE, well(MIDDLE)).outcome == "passed"


def test_permuted_columns_are_left_to_their_own_check() -> None:
    assert "labels-permuted" in look(CODE, ill("labels-permuted")).verdict.says


def test_where_few_rows_leave_it_open_neither_rows_nor_tags_are_blamed() -> None:
    cases = [planted(CODE, 2, np.random.default_rng(seed), SMALL) for seed in range(24)]
    found = [diagnose(validation=case.validation.given()) for case in cases]
    open_ones = [one for one in found if one[CODE].outcome == "inconclusive"]
    assert open_ones, "too few rows to find it every time"
    for one in open_ones:
        for tags in ("suspect-tags", "missing-tags"):
            assert one[tags].outcome == "inconclusive"


@settings(max_examples=10)
@given(share=st.sampled_from([0.0, 0.25, 0.5]), seed=st.integers(0, 100))
def test_the_share_is_estimated(share: float, seed: int) -> None:
    part = well((100, 1200, 8), seed).validation
    rng = np.random.default_rng(seed)
    rows = rng.permutation(1200)[: int(1200 * share)]
    part.scores[rows] = part.scores[rng.permutation(rows)]
    found = RowErrors(Side.of("validation", part.given())).share
    assert abs(found.value - share) < 0.12


def test_unknown_entries_tell_nothing() -> None:
    part = well(MIDDLE).validation
    known = np.random.default_rng(0).random(part.truth.shape) < 0.6
    side = Side.of("validation", {"truth": part.truth, "scores": part.scores, "known": known})
    other = np.where(known, part.scores, np.float32(0.5) + part.scores / 4)
    errors = RowErrors(side).errors
    assert not errors[~known].any()
    assert RowErrors(replace(side, raw=other)).slope == RowErrors(side).slope


def test_one_label_or_few_rows_inconclusive() -> None:
    part = well().validation
    assert look(CODE, validation=(part.truth[:, :1], part.scores[:, :1])).outcome == "inconclusive"
    assert look(CODE, validation=(part.truth[:20], part.scores[:20])).outcome == "inconclusive"
    assert look(CODE, history={"loss": [1.0, 0.5], "val_loss": [1.0, 0.7]}).outcome == "inconclusive"
