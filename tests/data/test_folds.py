"""k folds: their laws, and the CSV that holds them."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tagfit
from tagfit.data.read import read
from tagfit.data.splits.folds import folds, write_folds
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError


def photos(folder: Path, rows: int = 60, labels: tuple[str, ...] = ("beach", "sea", "tree")) -> TaggedSet:
    random = np.random.default_rng(0)
    return TaggedSet(
        ids=np.array([f"{row}.jpg" for row in range(rows)]),
        truth=(random.random((rows, len(labels))) < 0.4).astype(np.uint8),
        known=np.ones((rows, len(labels)), dtype=bool),
        labels=labels,
        files=tuple(folder / f"{row}.jpg" for row in range(rows)),
    )


def written(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_folds_are_even_and_alike_and_whatever_the_order(tmp_path: Path) -> None:
    data = photos(tmp_path)
    fold = folds(data, 5)
    assert np.bincount(fold).tolist() == [12] * 5
    for number in range(5):
        assert abs(data.truth[fold == number].sum(axis=0) - data.truth.sum(axis=0) / 5).max() < 2
    order = np.random.default_rng(1).permutation(60)
    assert (folds(data.take(order), 5) == fold[order]).all()
    assert (folds(data, 5, seed=1) != fold).any()


def test_groups_and_equal_feature_rows_are_in_one_fold(tmp_path: Path) -> None:
    groups = np.array([f"g{row // 3}" if row < 30 else "" for row in range(60)])
    near = np.where(np.arange(60) > 56, "near", "")
    for seed in range(4):
        fold = folds(replace(photos(tmp_path), groups=groups), 4, seed, keep_together=near)
        assert all(len(set(trio)) == 1 for trio in (*fold[:30].reshape(10, 3).tolist(), fold[57:].tolist()))
    rows = np.arange(120, dtype=np.float32).reshape(60, 2)
    rows[1] = rows[0]
    for seed in range(8):
        fold = folds(replace(photos(tmp_path), files=None, arrays=rows), 4, seed)
        assert fold[0] == fold[1]


@pytest.mark.parametrize("k", [1, 0, 61, 2.0, True])
def test_impossible_numbers_of_folds(k: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folds of 60 rows"):
        folds(photos(tmp_path), k)


def test_fewer_groups_than_folds(tmp_path: Path) -> None:
    data = replace(photos(tmp_path), groups=np.repeat(["a", "b"], 30))
    with pytest.raises(InputError, match="3 folds of 60 rows leave 1 empty"):
        folds(data, 3)


def test_the_csv_holds_tags_unknown_marks_and_paths_beside_it(tmp_path: Path) -> None:
    data = photos(tmp_path / "images", 4)
    data.truth[:] = [[1, 0, 1], [0, 0, 0], [0, 0, 0], [0, 1, 0]]
    data.known[2:] = [[False] * 3, [True, True, False]]
    write_folds(data, np.array([0, 1, 1, 0]), tmp_path / "folds.csv")
    assert written(tmp_path / "folds.csv") == [
        {"image": "images/0.jpg", "tags": "beach|tree", "fold": "0"},
        {"image": "images/1.jpg", "tags": "", "fold": "1"},
        {"image": "images/2.jpg", "tags": "?", "fold": "1"},
        {"image": "images/3.jpg", "tags": "sea|?tree", "fold": "0"},
    ]


def test_labels_that_a_separator_would_cut_are_written_as_lists(tmp_path: Path) -> None:
    data = photos(tmp_path, 1, ("a|b", "c, d"))
    data.truth[:] = 1
    write_folds(data, np.array([0]), tmp_path / "folds.csv")
    assert written(tmp_path / "folds.csv")[0]["tags"] == '["a|b", "c, d"]'
    with pytest.raises(InputError, match=r"the label '\?who' begins with '\?'"):
        write_folds(replace(data, labels=("?who", "b")), np.array([0]), tmp_path / "folds.csv")


def test_the_csv_reads_back_as_it_was_written(tmp_path: Path) -> None:
    data = photos(tmp_path / "images", 12)
    data.known[3:5] = [[False] * 3, [True, False, True]]
    data.truth[~data.known] = 0
    (tmp_path / "images").mkdir()
    for file in data.files:
        Image.new("RGB", (2, 2)).save(file)
    fold = folds(data, 3)
    write_folds(data, fold, tmp_path / "folds.csv")
    back = read(tmp_path / "folds.csv", labels=data.labels)
    assert (back.truth == data.truth).all()
    assert (back.known == data.known).all()
    assert back.fold.tolist() == fold.tolist()
    assert [file.resolve() for file in back.files] == [file.resolve() for file in data.files]


def test_split_is_a_public_name(tmp_path: Path) -> None:
    assert tagfit.split.__module__ == "tagfit.data.splits.split"
