"""From a TaggedSet to a Problem: who decides the splits, what is refused, and what is fitted on train."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tagfit.data.inputs import fit_preprocessing, read_inputs
from tagfit.data.pictures.square import DEFAULT_FIT, FITS, SQUASH
from tagfit.data.plan import Plan
from tagfit.data.problem import Preprocessing, Problem
from tagfit.data.readers.arrays import from_arrays
from tagfit.data.splits.split import split
from tagfit.data.tagged import ColumnRole, TaggedSet
from tagfit.errors import InputError
from tagfit.files import to_json


def table(rows: int = 100, labels: int = 3, seed: int = 0, **columns: object) -> TaggedSet:
    """Feature rows with random tags, and a split, fold or group column where given."""
    random = np.random.default_rng(seed)
    return TaggedSet(
        ids=np.arange(rows).astype(str),
        truth=(random.random((rows, labels)) < 0.4).astype(np.uint8),
        known=np.ones((rows, labels), dtype=bool),
        labels=tuple("abcdefgh"[:labels]),
        arrays=random.normal(size=(rows, 5)).astype(np.float32),
        **columns,
    )


def counts(problem: Problem) -> dict[str, int]:
    return {name: int((problem.split == name).sum()) for name in problem.splits}


def refusal(data: TaggedSet, **asked: object) -> str:
    with pytest.raises(InputError) as caught:
        split(data, **asked)
    return str(caught.value)


# Who decides


def test_without_a_word_70_15_15_and_it_says_so() -> None:
    problem = split(table())
    assert counts(problem) == {"train": 70, "validation": 15, "test": 15}
    assert "rows: train 70, validation 15, test 15" in problem.notes
    assert any(note.startswith("validation: 15 % of the 100 rows that are free, stratified") for note in problem.notes)


def test_the_call_of_the_quickstart() -> None:
    problem = split(table(200), validation=0.2, test=0.1, seed=0, size=64)
    assert counts(problem) == {"train": 140, "validation": 40, "test": 20}


def test_a_test_share_of_0_makes_no_test_split() -> None:
    problem = split(table(), test_share=0)
    assert counts(problem) == {"train": 85, "validation": 15}
    assert "test: none" in problem.notes


def test_the_split_column_decides_before_the_default() -> None:
    column = np.repeat(["test", "validation", "train"], [10, 20, 70])
    assert (split(table(split=column)).split == column).all()


def test_a_split_column_without_test_makes_none_and_without_validation_draws_it_from_train() -> None:
    column = np.repeat(["validation", "train"], [20, 80])
    assert counts(split(table(split=column))) == {"train": 80, "validation": 20}
    column = np.repeat(["test", "train"], [20, 80])
    problem = split(table(split=column))
    assert counts(problem) == {"train": 68, "validation": 12, "test": 20}
    assert (problem.split[:20] == "test").all()


def test_what_is_asked_decides_before_the_split_column() -> None:
    column = np.repeat(["test", "validation", "train"], [10, 20, 70])
    problem = split(table(split=column), validation_share=0.5)
    assert counts(problem) == {"train": 45, "validation": 45, "test": 10}
    assert (problem.split[:10] == "test").all()


def test_folds_and_a_share_of_the_rest() -> None:
    fold = np.arange(100) % 5
    problem = split(table(fold=fold), validation_fold=0, test_fold=3)
    assert (problem.split == np.array(["validation", "train", "train", "test", "train"])[fold]).all()
    problem = split(table(fold=fold), validation_fold=1, test_share=0.25)
    assert counts(problem) == {"train": 60, "validation": 20, "test": 20}
    assert not (problem.split[fold == 1] != "validation").any()


def test_a_fold_decides_before_the_split_column() -> None:
    column = np.repeat(["test", "train"], [30, 70])
    problem = split(table(split=column, fold=np.arange(100) % 5), validation_fold=0)
    assert counts(problem) == {"train": 56, "validation": 20, "test": 24}


def test_folds_are_those_of_the_first_source() -> None:
    train, test = table(30, fold=np.arange(30) % 3 - 1), table(10, seed=2, fold=np.full(10, 9))
    assert counts(split(train, test=test, validation_fold=-1)) == {"train": 20, "validation": 10, "test": 10}
    shifted = replace(train, fold=np.arange(30) % 3)
    assert "there are 0, 1, 2)" in refusal(shifted, test=test, validation_fold=9)


def test_sets_of_their_own_are_aligned_by_label_name() -> None:
    train, validation, test = table(30, seed=1), table(12, seed=2), table(11, seed=3)
    columns = [2, 0, 1]
    turned = replace(
        validation, labels=("c", "a", "b"), truth=validation.truth[:, columns], known=validation.known[:, columns]
    )
    problem = split(train, validation=turned, test=test)
    assert counts(problem) == {"train": 30, "validation": 12, "test": 11}
    assert (problem.part("validation").truth == validation.truth).all()
    assert problem.labels == ("a", "b", "c")
    assert len(set(problem.data.ids.tolist())) == 53
    assert problem.part("test").ids[0] == "test/0"


def test_groups_weights_and_folds_of_joined_sets() -> None:
    thirds = np.repeat(["x", "y", "z"], 10)
    train = table(30, seed=1, groups=thirds, fold=np.repeat([0, 1, 2], 10))
    test = table(10, seed=2, groups=np.full(10, "x"), weights=np.full(10, 2.0), fold=np.full(10, 2))
    problem = split(train, test=test, validation_fold=2)
    assert counts(problem) == {"train": 20, "validation": 10, "test": 10}
    assert problem.data.weights.tolist() == [1.0] * 30 + [2.0] * 10
    assert problem.data.groups.tolist() == [*thirds, *["x"] * 10]


# What stays together, whatever the order


def test_groups_duplicates_and_what_the_caller_names_stay_on_one_side() -> None:
    data = table(120, groups=np.array([f"g{row // 4}" if row < 60 else "" for row in range(120)]))
    data.arrays[60:70] = data.arrays[60]
    named = np.where(np.arange(120) >= 115, "near", "")
    problem = split(data, keep_together=named)
    for rows in (*np.arange(60).reshape(15, 4), np.arange(60, 70), np.arange(115, 120)):
        assert len(set(problem.split[rows].tolist())) == 1
    asked = split(data, keep_together=lambda inputs, digests: named)
    assert (asked.split == problem.split).all()
    assert any(note.startswith("kept on one side: 75 rows in 17 groups") for note in problem.notes)


def test_mirrored_and_turned_copies_stay_on_one_side() -> None:
    random = np.random.default_rng(0)
    blocks = random.integers(0, 256, (40, 16, 16, 3), dtype=np.uint8).repeat(4, axis=1).repeat(4, axis=2)
    pictures = np.concatenate([blocks, blocks[:20, :, ::-1], np.rot90(blocks[20:], axes=(1, 2))])
    problem = split(from_arrays(pictures, random.integers(0, 2, (80, 2))))
    assert (problem.split[:40] == problem.split[40:]).all()
    assert any(note.startswith("kept on one side: 80 rows in 40 groups") for note in problem.notes)


def test_groupings_that_overlap_become_one() -> None:
    data = table(60, groups=np.array(["a", "a", *[""] * 58]))
    problem = split(data, keep_together=np.array(["", "b", "b", *[""] * 57]))
    assert len(set(problem.split[:3].tolist())) == 1
    together = [
        len(set(split(data, keep_together=np.array(["", "b", "b", *[""] * 57]), seed=s).split[:3])) for s in range(20)
    ]
    assert set(together) == {1}


@pytest.mark.parametrize("method", ["stratified", "random"])
def test_the_order_of_rows_does_not_matter(method: str) -> None:
    data = table(80, labels=4)
    order = np.random.default_rng(5).permutation(80)
    problem = split(data, method=method)
    moved = split(replace(data.take(order), ids=data.ids), method=method)
    assert (moved.split == problem.split[order]).all()
    assert moved.fingerprint == problem.fingerprint
    assert moved.preprocessing == problem.preprocessing
    assert (split(data, method=method, seed=1).split != problem.split).any()


def test_stratified_is_nearer_than_random() -> None:
    data = table(200, labels=6)

    def worst(problem: Problem) -> float:
        return max(abs(problem.part(name).truth.mean(0) - data.truth.mean(0)).max() for name in problem.splits)

    assert worst(split(data)) < worst(split(data, method="random")) / 3


# What is refused, in the user's words


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"validation": 0.6, "test": 0.5}, "validation 0.6 and test 0.5 leave nothing to train on"),
        ({"validation_share": 1.5}, "the share of validation is 1.5"),
        ({"test_share": -0.1}, "the share of test is -0.1"),
        ({"validation_share": 0}, "a validation share of 0"),
        ({"validation": 0.1, "validation_fold": 2}, "validation=0.1, validation_fold=2"),
        ({"validation_fold": 7}, "fold 7 for validation does not exist (there are 0, 1, 2, 3, 4)"),
        ({"validation_fold": 2, "test_fold": 2}, "validation and test are both fold 2"),
        ({"method": "striped"}, "'striped'"),
        ({"keep_together": np.array(["a"])}, "keep_together has shape (1,) for 50 rows"),
    ],
)
def test_what_cannot_be_had_is_refused(asked: dict[str, object], said: str) -> None:
    assert said in refusal(table(50, fold=np.arange(50) % 5), **asked)


def test_a_fold_without_a_fold_column() -> None:
    assert "no fold column" in refusal(table(), validation_fold=0)


def test_rows_that_the_split_column_leaves_out_are_named() -> None:
    column = np.repeat(["validation", "train"], [20, 80])
    column[[3, 50]] = ["", "trian"]
    said = refusal(table(split=column))
    assert "row 4, 3: split is ''" in said
    assert "row 51, 50: split is 'trian'" in said
    assert len(split(table(split=column), validation=0.2, test=0.2).data) == 100


def test_splits_that_come_out_empty() -> None:
    assert "validation and test came out empty" in refusal(table(40, groups=np.full(40, "all")))
    assert "train came out empty" in refusal(table(20, split=np.repeat(["validation", "test"], 10)))


def test_a_group_on_two_sides_is_refused_and_an_equal_row_told() -> None:
    column = np.repeat(["validation", "train"], [20, 80])
    groups = np.array(["" if row not in (5, 60) else "burst" for row in range(100)])
    assert "group 'burst': is in train and validation" in refusal(table(split=column, groups=groups))
    data = table(split=column)
    data.arrays[5] = data.arrays[60]
    assert any("1 set of duplicates or near-duplicates is in two splits" in note for note in split(data).notes)


def test_sets_of_other_labels_or_other_kinds_are_refused() -> None:
    other = replace(table(20), labels=("a", "b", "x"))
    said = refusal(table(), validation=other)
    assert "labels of validation: lacks 'c', which train has" in said
    assert "labels of validation: has 'x', which train has not" in said
    wider = replace(table(20), arrays=np.zeros((20, 6), dtype=np.float32))
    assert "shape (5,), test has float32 arrays of shape (6,)" in refusal(table(), test=wider)


def test_a_label_that_is_always_on_is_refused_and_one_that_never_is_told() -> None:
    data = table()
    data.truth[:, 1] = 1
    assert "label 'b': is on in every row of train where it is known" in refusal(data)
    data.truth[:, 1] = 0
    assert "caution: no positive in train for 'b'" in split(data).notes
    data.known[:, 1] = False
    assert "caution: no positive in train for 'b'" in split(data).notes


def test_an_empty_split_names_the_column_that_keeps_rows_together() -> None:
    groups = np.array(["0", "1"] * 10)
    column = ColumnRole("group", "group", "by its name")
    said = refusal(replace(table(20), groups=groups, columns=(column,)), validation_share=0.2, test_share=0.2)
    assert "the column 'group' keeps them together in 2 groups" in said
    assert "--label-columns with 'group' if that column is a label" in said


# Inputs and statistics


def test_features_are_fitted_on_train_only_and_a_constant_gets_a_deviation_of_1() -> None:
    data = table()
    data.arrays[:, 0] = 7.3
    problem = split(data)
    train = data.arrays[problem.split == "train"].astype(np.float64)
    assert problem.preprocessing.size is None
    assert problem.preprocessing.mean == pytest.approx(train.mean(axis=0), rel=1e-8)
    assert problem.preprocessing.std == pytest.approx([1.0, *train.std(axis=0)[1:]], rel=1e-8)


def test_statistics_do_not_hang_on_the_order_of_the_rows() -> None:
    data = table(80)
    data.arrays[:, 0] = np.tile([1e30, 3, -1e30, 5], 20)  # a sum that does, down to its first digit
    everything = np.ones(80, dtype=bool)
    fitted = {
        fit_preprocessing(read_inputs(data.take(np.random.default_rng(seed).permutation(80)), None), everything)
        for seed in range(5)
    }
    assert len(fitted) == 1


def test_features_that_are_no_numbers_are_named() -> None:
    data = table()
    data.arrays[[4, 9], 2] = [np.nan, np.inf]
    said = refusal(data)
    assert "row 4: feature 2 is nan" in said
    assert "row 9: feature 2 is inf" in said


def pixels(rows: int = 40, side: int = 8) -> TaggedSet:
    arrays = np.random.default_rng(0).integers(0, 256, (rows, side, side, 3), dtype=np.uint8)
    return replace(table(rows), arrays=arrays)


def test_square_pictures_are_used_as_they_are_and_channels_are_fitted_on_train() -> None:
    data = pixels()
    problem = split(data)
    assert problem.inputs is data.arrays
    train = data.arrays[problem.split == "train"].reshape(-1, 3).astype(np.float64)
    assert problem.preprocessing.size == 8
    assert problem.preprocessing.mean == pytest.approx(train.mean(axis=0), rel=1e-8)
    assert problem.preprocessing.std == pytest.approx(train.std(axis=0), rel=1e-8)


def test_floats_grey_pictures_and_other_sizes_become_pixels() -> None:
    data = pixels()
    scaled = split(replace(data, arrays=(data.arrays / 255).astype(np.float32)))
    assert (scaled.inputs == data.arrays).all()
    grey = split(replace(data, arrays=data.arrays[..., :1]))
    assert (grey.inputs == data.arrays[..., :1]).all()
    assert grey.inputs.shape == (40, 8, 8, 3)
    scaled = data.arrays / 255
    scaled[0, 0, 0] = [0.998, 0.999, 0.9999]
    assert split(replace(data, arrays=scaled)).inputs[0, 0, 0].tolist() == [254, 255, 255]
    assert split(data, size=5).inputs.shape == (40, 5, 5, 3)
    assert split(data, size=5).fingerprint["preprocessing"] != split(data).fingerprint["preprocessing"]
    assert split(data, size=5).fingerprint["data"] == split(data).fingerprint["data"]


@pytest.mark.parametrize("wrong", [2.5, -0.1, np.nan])
def test_floats_outside_0_to_1_are_refused(wrong: float) -> None:
    arrays = np.full((40, 8, 8, 3), 0.5, dtype=np.float32)
    arrays[3, 2, 1, 0] = wrong
    assert "floats from 0 to 1" in refusal(replace(table(40), arrays=arrays))


def test_pictures_of_five_channels_are_refused() -> None:
    assert "5 channels" in refusal(replace(table(40), arrays=np.zeros((40, 8, 8, 5), dtype=np.uint8)))


def photos(folder: Path, rows: int = 24) -> TaggedSet:
    random = np.random.default_rng(0)
    folder.mkdir()
    files = tuple(folder / f"{row}.png" for row in range(rows))
    for file in files:
        Image.fromarray(random.integers(0, 256, (6, 9, 3), dtype=np.uint8)).save(file)
    return replace(table(rows), arrays=None, files=files, ids=np.array([file.name for file in files]))


def test_files_are_decoded_and_their_place_does_not_matter(tmp_path: Path) -> None:
    data = photos(tmp_path / "photos")
    told: list[tuple[int, int]] = []
    problem = split(data, size=8, cache_dir=tmp_path / "cache", progress=lambda done, of: told.append((done, of)))
    assert problem.inputs.shape == (24, 8, 8, 3)
    assert told[-1] == (24, 24)
    (tmp_path / "photos").rename(tmp_path / "moved")
    moved = replace(data, files=tuple(tmp_path / "moved" / file.name for file in data.files))
    assert split(moved, size=8, cache_dir=tmp_path / "cache").fingerprint == problem.fingerprint


def test_how_pictures_become_squares_is_part_of_the_problem(tmp_path: Path) -> None:
    data = photos(tmp_path / "a")
    made = {fit: split(data, size=4, fit=fit) for fit in FITS}
    assert len({problem.fingerprint["preprocessing"] for problem in made.values()}) == len(FITS)
    assert len({problem.inputs[:].tobytes() for problem in made.values()}) == len(FITS)
    assert split(data, size=4).preprocessing.fit == DEFAULT_FIT
    for fit, problem in made.items():
        said = problem.to_dict()["preprocessing"]
        assert said.get("fit", SQUASH) == fit
        assert Preprocessing.from_dict(said) == problem.preprocessing


def test_what_was_made_before_there_was_a_fit_is_read_as_it_was(tmp_path: Path) -> None:
    problem = split(photos(tmp_path / "a"), size=4, fit="squash")
    assert "fit" not in problem.to_dict()["preprocessing"], "the fingerprint of earlier Problems"
    assert "fit" not in Plan("a.csv", fit="squash").to_dict()
    assert Plan.from_dict({"data": "a.csv"}).fit == "squash"
    assert Plan("a.csv").fit == Plan.from_dict(Plan("a.csv").to_dict()).fit == DEFAULT_FIT


def test_pictures_that_are_squares_have_nothing_to_fit() -> None:
    prints = {split(pixels(), fit=fit).fingerprint["preprocessing"] for fit in FITS}
    assert len(prints) == 1


def test_unreadable_pictures_are_quarantined_or_with_strict_an_error(tmp_path: Path) -> None:
    data = photos(tmp_path / "photos")
    data.files[5].write_bytes(b"no picture")
    problem = split(data, size=8, cache_dir=tmp_path / "cache")
    assert len(problem.data) == len(problem.inputs) == len(problem.split) == 23
    assert "5.png" not in problem.data.ids
    assert len(problem.data.quarantined) == 1
    assert "5.png" in str(problem.data.quarantined[0])
    assert problem.notes[0] == "quarantined: 1 of 24 pictures cannot be read"
    assert "1 of 24 pictures cannot be read" in refusal(data, size=8, cache_dir=tmp_path / "cache", strict=True)
    near = np.array(["near" if row in (4, 6, 9) else "" for row in range(24)])
    for seed in range(4):
        kept = split(data, size=8, cache_dir=tmp_path / "cache", keep_together=near, seed=seed)
        assert len(set(kept.split[[4, 5, 8]].tolist())) == 1
    only_bad = data.take([5])
    assert "validation came out empty" in refusal(
        data.take(range(5)), validation=only_bad, test_share=0, size=8, cache_dir=tmp_path / "cache"
    )
    (good,) = split(data.take([0, *range(6, 24)]), size=8, cache_dir=tmp_path / "cache").inputs[:1]
    assert (problem.inputs[0] == good).all()


def test_problem_json_names_what_a_run_must_keep() -> None:
    data = table()
    data.known[:, 2] = False
    data.truth[:, 2] = 0
    problem = split(data, source={"path": "photos", "separator": "|"})
    kept = json.loads(to_json(problem.to_dict()))
    assert kept["labels"] == ["a", "b", "c"]
    assert {name: len(ids) for name, ids in kept["ids"].items()} == {"train": 70, "validation": 15, "test": 15}
    assert kept["fingerprint"] == problem.fingerprint
    assert kept["source"] == {"path": "photos", "separator": "|"}
    assert kept["prevalence"]["a"] == pytest.approx(problem.part("train").truth[:, 0].mean())
    assert kept["prevalence"]["c"] is None
    assert kept["preprocessing"]["mean"] == list(problem.preprocessing.mean)


@pytest.mark.parametrize("missing", ["", None, float("nan"), "nan", "<NA>"])
def test_a_row_without_a_group_stands_alone(missing: Any) -> None:
    """A missing group is no group: as one it would hold most rows on one side."""
    X = np.random.default_rng(0).normal(size=(60, 3))
    groups = [missing if row % 5 else f"g{row // 10}" for row in range(60)]
    alone = ["" if row % 5 else f"g{row // 10}" for row in range(60)]
    truth = np.random.default_rng(1).integers(0, 2, (60, 2))
    given = split(from_arrays(X, truth, groups=groups))
    assert given.split.tolist() == split(from_arrays(X, truth, groups=alone)).split.tolist()
    assert {name: int((given.split == name).sum()) for name in given.splits} == {
        "train": 42,
        "validation": 9,
        "test": 9,
    }
    kept = split(from_arrays(X, truth), keep_together=np.asarray(groups, dtype=object))
    assert kept.split.tolist() == given.split.tolist()


def test_a_patient_on_two_sides_is_reported_with_the_option_that_keeps_it_on_one(tmp_path: Path) -> None:
    from tagfit.data.read import read
    from tagfit.data.source_report import check

    lines = []
    for row in range(60):
        pixels = np.random.default_rng(row).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{row}.png")
        lines.append(f"{row}.png,{('sea', 'sun', 'sea|sun')[row % 3]},{row // 4},{row % 7 + 40}")
    source = tmp_path / "tags.csv"
    source.write_text("image,tags,Patient ID,Patient Age\n" + "\n".join(lines))
    cache = tmp_path / "cache"
    problem = split(read(source), size=8, cache_dir=cache)
    (caution,) = [note for note in problem.notes if "Patient" in note]
    assert "of 15 values of 'Patient ID' have rows in more than one split" in caution
    assert "--group-column 'Patient ID'" in caution
    assert any("'Patient ID' repeats (15 values in 60 rows)" in str(fault) for fault in check(source).warnings)
    kept = split(read(source, group_column="Patient ID"), size=8, cache_dir=cache)
    assert not [note for note in kept.notes if "Patient" in note]
    patients = np.arange(60) // 4
    assert all(len(set(kept.split[patients == patient])) == 1 for patient in range(15))
    assert not [fault for fault in check(source, group_column="Patient ID").warnings if "Patient" in str(fault)]
