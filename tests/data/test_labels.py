"""Which labels: selection, order, and sources brought to the same columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tagfit.data.joining import combine
from tagfit.data.labels import Selection, align, requested, require_learnable, select, similar_names
from tagfit.data.readers.arrays import from_arrays
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError


def tagged(truth: list[list[float]], labels: str, **more: object) -> TaggedSet:
    return from_arrays(np.arange(len(truth) * 2).reshape(-1, 2), truth, labels=list(labels), **more)  # type: ignore[arg-type]


def test_labels_come_from_a_file_a_text_or_a_list(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("\ufeffsea\n\n sun set \n", encoding="utf-8")
    assert requested(file) == requested(str(file)) == requested("sea, sun set") == requested(["sea", "sun set"])
    for wrong in ("", ",", ["a", "a"], tmp_path / "gone.txt"):
        with pytest.raises(InputError):
            requested(wrong)


def test_selection_keeps_order_and_tells_what_it_left_out() -> None:
    data = tagged([[1, 0, 1, 0], [1, 1, 0, 0], [0, 1, 0, 1]], "abcd")
    chosen = select(data, Selection(("c", "b", "a"), ("[c]",), 2))
    assert chosen.labels == ("b", "a")
    assert chosen.truth.tolist() == [[0, 1], [1, 1], [1, 0]]
    assert len(chosen.notes) == 2
    rare = select(data, Selection(min_positives=2))
    assert rare.labels == ("a", "b")
    assert "'c', 'd'" in rare.notes[-1]


def test_a_misspelt_label_gets_a_suggestion_and_an_empty_selection_is_refused() -> None:
    data = from_arrays([[0.0]], [[1, 0]], labels=["beach", "sunset"])
    with pytest.raises(InputError, match="did you mean 'beach'"):
        select(data, Selection(("beech",)))
    with pytest.raises(InputError, match="none of the 2 labels remains"):
        select(data, Selection(exclude=("*",)))


def test_sources_are_aligned_by_name() -> None:
    data = tagged([[1, 0], [0, 1]], "ba")
    moved = align(data, ("a", "b", "c"))
    assert moved.truth.tolist() == [[0, 1, 0], [1, 0, 0]]
    assert moved.known.tolist() == [[True, True, False]] * 2
    assert align(moved, ("a", "b")).truth.tolist() == [[0, 1], [1, 0]]
    assert "'c'" in str(align(moved, ("a", "b")).warnings[0])
    with pytest.raises(InputError, match="no label is shared"):
        align(data, ("x",))


def test_splits_are_combined_and_rows_keep_their_names_apart() -> None:
    both = combine({"train": tagged([[1, 0]], "ab"), "validation": tagged([[1, 0]], "ba", groups=["g"])})
    assert both.labels == ("a", "b")
    assert both.truth.tolist() == [[1, 0], [0, 1]]
    assert both.ids.tolist() == ["train:0", "validation:0"]
    assert both.split is not None
    assert both.split.tolist() == ["train", "validation"]
    assert both.groups is not None
    assert both.groups.tolist() == ["", "g"]
    wide = from_arrays(np.zeros((1, 9)), [[1, 0]], labels=["a", "b"])
    with pytest.raises(InputError, match="do not fit together"):
        combine({"train": tagged([[1, 0]], "ab"), "test": wide})


def test_only_positives_cannot_be_learnt() -> None:
    require_learnable(tagged([[1, 0], [0, 0]], "ab"))
    with pytest.raises(InputError, match="'a' is on in all 1 rows"):
        require_learnable(tagged([[1, 0], [-1, 0]], "ab"))


def test_names_that_differ_by_case_or_spaces() -> None:
    assert len(similar_names(["Sea", "sea", "sun set", "sunset", "sand"])) == 2
