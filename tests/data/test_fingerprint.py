"""Fingerprints: every change changes them, and neither order nor place does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagfit.data.fingerprint import data_fingerprint, preprocessing_fingerprint, row_digests
from tagfit.data.problem import Preprocessing
from tagfit.data.tagged import SPLITS, TaggedSet


def some_set(rows: int, labels: int, seed: int) -> tuple[TaggedSet, np.ndarray]:
    random = np.random.default_rng(seed)
    known = random.random((rows, labels)) > 0.2
    data = TaggedSet(
        ids=np.arange(rows).astype(str),
        truth=((random.random((rows, labels)) < 0.5) & known).astype(np.uint8),
        known=known,
        labels=tuple(f"label {number}" for number in range(labels)),
        arrays=random.integers(0, 256, (rows, 4, 4, 3), dtype=np.uint8),
        groups=random.integers(0, 3, rows).astype(str),
        weights=random.random(rows),
    )
    return data, random.choice(SPLITS, rows)


def fingerprint(data: TaggedSet, split: np.ndarray) -> str:
    return data_fingerprint(data, split, row_digests(data.arrays))


sizes = given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 10**6))


@settings(max_examples=40, deadline=None)
@sizes
def test_order_and_names_of_rows_do_not_matter(rows: int, labels: int, seed: int) -> None:
    data, split = some_set(rows, labels, seed)
    order = np.random.default_rng(seed).permutation(rows)
    renamed = replace(data.take(order), ids=np.char.add("elsewhere/", data.ids))
    assert fingerprint(renamed, split[order]) == fingerprint(data, split)


@settings(max_examples=60, deadline=None)
@sizes
def test_every_single_change_matters(rows: int, labels: int, seed: int) -> None:
    data, split = some_set(rows, labels, seed)
    random = np.random.default_rng(seed)
    row, label = int(random.integers(rows)), int(random.integers(labels))

    def with_(field: str, at: int | tuple[int, ...], value: object) -> TaggedSet:
        values = getattr(data, field).copy()
        values[at] = value
        return replace(data, **{field: values})

    pixel = (row, *random.integers(0, [4, 4, 3]))
    changed = [
        with_("arrays", pixel, data.arrays[pixel] ^ 1),
        with_("truth", (row, label), 1 - data.truth[row, label]),
        with_("known", (row, label), not data.known[row, label]),
        with_("weights", row, np.nextafter(data.weights[row], 2)),
        with_("groups", row, "9"),
        replace(data, labels=(*data.labels[:-1], "renamed")),
        data.take(np.arange(rows - 1)),
        data.take([*range(rows), row]),
    ]
    moved = split.copy()
    moved[row] = SPLITS[(SPLITS.index(split[row]) + 1) % 3]
    prints = [fingerprint(data, split), fingerprint(data, moved)]
    prints += [fingerprint(other, split[np.r_[:rows, row][: len(other)]]) for other in changed]
    assert len(set(prints)) == len(prints)


def test_the_order_of_labels_matters() -> None:
    data, split = some_set(6, 2, 0)
    swapped = replace(
        data, labels=data.labels[::-1], truth=data.truth[:, ::-1].copy(), known=data.known[:, ::-1].copy()
    )
    assert fingerprint(swapped, split) != fingerprint(data, split)


def test_equal_weights_of_one_and_no_weights_are_the_same_and_so_are_no_groups() -> None:
    data, split = some_set(5, 2, 0)
    assert fingerprint(replace(data, weights=np.ones(5)), split) == fingerprint(replace(data, weights=None), split)
    alone = replace(data, groups=np.full(5, ""))
    assert fingerprint(alone, split) == fingerprint(replace(data, groups=None), split)


def test_files_count_by_content_not_by_place() -> None:
    data, split = some_set(3, 2, 0)
    digests = np.array(["aa", "bb", "cc"])
    here = replace(data, arrays=None, files=(Path("a/1"), Path("a/2"), Path("a/3")))
    there = replace(here, files=(Path("b/x"), Path("b/y"), Path("b/z")))
    assert data_fingerprint(here, split, digests) == data_fingerprint(there, split, digests)
    assert data_fingerprint(here, split, digests) != data_fingerprint(here, split, np.array(["aa", "bb", "cd"]))


def test_text_cannot_slip_from_one_field_into_the_next() -> None:
    data, split = some_set(2, 1, 0)
    one = replace(data, labels=("ab",))
    left = data_fingerprint(replace(one, groups=np.array(["x", "x"])), split, np.array(["1", "2"]))
    right = data_fingerprint(replace(one, groups=np.array(["", ""])), split, np.array(["1x", "2x"]))
    assert left != right


def test_digests_of_rows_see_shape_and_type_but_not_byte_order() -> None:
    rows = np.arange(12, dtype=np.float32).reshape(2, 6)
    assert row_digests(rows).tolist() == row_digests(rows.astype(">f4")).tolist()
    assert row_digests(rows)[0] != row_digests(rows.reshape(2, 2, 3))[0]
    assert row_digests(rows)[0] != row_digests(rows.view(np.int32))[0]
    assert row_digests(np.asfortranarray(rows)).tolist() == row_digests(rows).tolist()


@pytest.mark.parametrize(
    "other",
    [
        Preprocessing(32, (1.0, 2.0, 3.0), (1.0, 1.0, 1.0)),
        Preprocessing(64, (1.0, 2.0, 3.0000000000000004), (1.0, 1.0, 1.0)),
        Preprocessing(64, (1.0, 2.0, 3.0), (1.0, 1.0, 0.5)),
        Preprocessing(None, (1.0, 2.0, 3.0), (1.0, 1.0, 1.0)),
    ],
)
def test_preprocessing_by_every_value_and_by_its_decoder(other: Preprocessing) -> None:
    mine = Preprocessing(64, (1.0, 2.0, 3.0), (1.0, 1.0, 1.0))
    assert preprocessing_fingerprint(mine, "decoder 1") == preprocessing_fingerprint(replace(mine), "decoder 1")
    assert preprocessing_fingerprint(mine, "decoder 1") != preprocessing_fingerprint(mine, "decoder 2")
    assert preprocessing_fingerprint(mine, "decoder 1") != preprocessing_fingerprint(other, "decoder 1")
