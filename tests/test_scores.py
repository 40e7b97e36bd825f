"""Scores from array-likes: what belongs together by name is put together, the rest is refused in plain words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tagfit.diagnosis.diagnose import diagnose
from tagfit.errors import InputError
from tagfit.evaluation.evaluate import evaluate
from tagfit.scores import ROUNDING, Scores
from test_arraylike import Frame, Tensor

TRUTH = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 0], [0, 0, 1]])
SCORES = np.array([[0.9, 0.2, 0.6], [0.1, 0.8, 0.4], [0.7, 0.6, 0.3], [0.2, 0.1, 0.9]])
LABELS = ("beach", "people", "sea")


def frame(values: np.ndarray, order: tuple[int, ...] = (0, 1, 2), index: Any = None) -> Frame:
    return Frame({LABELS[at]: values[:, at] for at in order}, index)


def test_frames_are_aligned_by_the_names_of_their_columns() -> None:
    found = Scores.of(frame(TRUTH), frame(SCORES, (2, 0, 1)))  # type: ignore[arg-type]
    assert found.labels == LABELS
    np.testing.assert_array_equal(found.scores, SCORES)


def test_labels_put_named_columns_in_their_order_and_name_others() -> None:
    labels = ("sea", "beach", "people")
    found = Scores.of(frame(TRUTH), frame(SCORES), labels=labels)  # type: ignore[arg-type]
    assert found.labels == labels
    np.testing.assert_array_equal(found.truth, TRUTH[:, [2, 0, 1]])
    np.testing.assert_array_equal(found.scores, SCORES[:, [2, 0, 1]])
    assert Scores.of(TRUTH, frame(SCORES)).labels == LABELS  # type: ignore[arg-type]


def test_an_index_aligns_rows_and_becomes_the_ids() -> None:
    names = [f"{at}.jpg" for at in range(4)]
    found = Scores.of(frame(TRUTH, index=names), frame(SCORES[::-1], index=names[::-1]))  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.scores, SCORES)
    assert found.ids.tolist() == names
    with pytest.raises(InputError, match="rows of scores"):
        Scores.of(frame(TRUTH, index=names), frame(SCORES, index=[*names[:3], "x.jpg"]))  # type: ignore[arg-type]


def test_masked_and_missing_truth_is_unknown() -> None:
    hidden = np.zeros(TRUTH.shape, dtype=bool)
    hidden[0, 2] = hidden[3, 0] = True
    for given in (np.ma.masked_array(TRUTH, hidden), np.where(hidden, None, TRUTH), np.where(hidden, -1, TRUTH)):
        found = Scores.of(given, SCORES)
        np.testing.assert_array_equal(found.known, ~hidden)


def test_lists_of_tags_need_the_order_of_the_labels() -> None:
    tags = [["sea", "beach"], ["people"], ("people", "beach"), {"sea"}]
    np.testing.assert_array_equal(Scores.of(tags, SCORES, labels=LABELS).truth, TRUTH)  # type: ignore[arg-type]
    np.testing.assert_array_equal(Scores.of(tags, frame(SCORES)).truth, TRUTH)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"labels=\[\.\.\.\], in the order of the columns"):
        Scores.of(tags, SCORES)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="'sky' of picture 0"):
        Scores.of([["sky"], [], [], []], SCORES, labels=LABELS)  # type: ignore[arg-type]


def test_values_outside_by_rounding_are_clipped_and_others_shown_with_all_digits() -> None:
    off = np.where(SCORES > 0.85, np.nextafter(1, 2), np.where(SCORES < 0.15, -1e-17, SCORES))
    found = Scores.of(TRUTH, off).scores
    assert found.min() == 0
    assert found.max() == 1
    with pytest.raises(InputError, match=r"1\.00001 at row 0"):
        Scores.of(TRUTH, np.where(SCORES == 0.9, 1 + 10 * ROUNDING, SCORES))


def test_what_lies_far_outside_is_named() -> None:
    with pytest.raises(InputError, match=r"percentages \(pass scores / 100"):
        Scores.of(TRUTH, SCORES * 100)
    with pytest.raises(InputError, match="logits"):
        Scores.of(TRUTH, SCORES * 8 - 4)


def test_one_door_for_evaluation_and_diagnosis() -> None:
    for given in (frame(SCORES, (1, 2, 0)), Tensor(SCORES), list(SCORES)):
        truth: Any = frame(TRUTH) if isinstance(given, Frame) else TRUTH
        judged = evaluate(Scores.of(truth, given), intervals=None)  # type: ignore[arg-type]
        assert judged["label_accuracy"] == 1
        side = diagnose(validation=(truth, given)).material.validation
        assert side is not None
        np.testing.assert_allclose(side.scores.scores, SCORES)
