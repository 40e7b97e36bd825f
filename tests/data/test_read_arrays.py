"""npz and arrays in memory: the right forms, and what came instead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from tagfit.data.read import read
from tagfit.data.readers.arrays import from_arrays
from tagfit.errors import InputError

Y = [[1, 0], [0, 1], [1, 1]]


def test_everything_an_npz_may_hold(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(
        path,
        X=np.arange(6.0).reshape(3, 2),
        Y=np.asarray([[1, 0], [0, 1], [np.nan, -1]]),
        labels=["sea", "sun"],
        known=[[1, 1], [1, 0], [1, 1]],
        split=["train", "val", ""],
        group=["g", "g", ""],
        weight=[1, 2, 3],
        ids=["p", "q", "r"],
    )
    data = read(path, learnable=False)
    assert data.labels == ("sea", "sun")
    assert data.known.tolist() == [[True, True], [True, False], [False, False]]
    assert data.arrays is not None
    assert data.arrays.dtype == np.float32
    assert data.ids.tolist() == ["p", "q", "r"]
    assert data.split is not None
    assert data.split.tolist() == ["train", "validation", ""]
    assert data.groups is not None
    assert data.weights is not None
    assert data.weights.tolist() == [1.0, 2.0, 3.0]


def test_the_names_of_the_lesson(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, X_train=np.zeros((3, 2)), y_train=Y, X_val=np.ones((2, 2)), y_val=Y[:2], labels=["a", "b"])
    data = read(path)
    assert data.labels == ("a", "b")
    assert data.split is not None
    assert data.split.tolist() == ["train"] * 3 + ["validation"] * 2
    assert len(set(data.ids.tolist())) == 5


def test_pixels_as_bytes_and_as_floats() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 3), dtype=np.uint8)
    for given in (pixels, pixels.astype(np.int64), pixels / 255, (pixels / 255).astype(np.float32)):
        arrays = from_arrays(given, Y).arrays
        assert arrays is not None
        assert arrays.dtype == np.uint8
        assert np.array_equal(arrays, pixels)
    nearly_white = from_arrays(np.full((3, 1, 1, 1), 0.999), Y).arrays
    assert nearly_white is not None
    assert (nearly_white == 255).all()


@pytest.mark.parametrize(
    ("X", "part"),
    [
        (np.zeros((3, 4, 4)), "X[..., None]"),
        (np.zeros((3, 4, 4, 2)), "C of 1, 3 or 4"),
        (np.full((3, 4, 4, 3), 7.5), "floats in [0, 1]"),
        (np.full((3, 4, 4, 3), 256), "0 to 255"),
        ([[1.0], [np.nan], [2.0]], "nan at (1, 0)"),
        ([[1.0], [1e300], [2.0]], "inf at (1, 0)"),
        ([["a"], ["b"], ["c"]], "shape (3, 1)"),
        ([[1], [2, 3], [4]], "ragged"),
        (np.zeros((2, 2)), "X has 2 rows, Y has 3"),
    ],
)
def test_wrong_inputs_are_told_with_the_right_form(X: ArrayLike, part: str) -> None:
    with pytest.raises(InputError) as raised:
        from_arrays(X, Y)
    assert part in str(raised.value)


@pytest.mark.parametrize("wrong", [[0, 1, 2], 3, "sea", [[1], [1, 0], [0]], [[0, 2], [1, 0], [0, 0]]])
def test_what_is_no_multi_hot_form_is_told(wrong: ArrayLike) -> None:
    with pytest.raises(InputError, match=r"shape \(N, L\)"):
        from_arrays(np.zeros((3, 2)), wrong)


def test_all_faults_of_the_arrays_come_together() -> None:
    with pytest.raises(InputError) as raised:
        from_arrays(
            np.zeros((3, 2)), Y, labels=["a", "a"], ids=["p", "p", "q"], split=["train", "dev", ""], weights=[1, -1, 0]
        )
    assert len(raised.value.faults) == 4


def test_files_that_are_no_npz_or_could_run_code(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, X=np.zeros((3, 2)), Y=Y, labels=np.asarray([{"a": 1}, "b"], dtype=object))
    with pytest.raises(InputError, match="could run code"):
        read(path)
    whole = path.read_bytes()
    for content in (b"", b"nonsense", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"cannot be read as \.npz"):
            read(path, format="npz")
    np.savez(path, X_train=np.zeros((3, 2)), Z=Y)
    with pytest.raises(InputError, match=r"no y_train"):
        read(path)


def test_names_as_objects_are_read_and_nothing_else(tmp_path: Path) -> None:
    """scikit-learn and pandas keep names as objects, which NumPy writes as a pickle."""
    path = tmp_path / "data.npz"
    names = np.asarray(["sea", "sun"], dtype=object)
    np.savez(path, X=np.zeros((3, 2)), Y=Y, labels=names, ids=np.asarray(["p", "q", "r"], dtype=object),
             group=np.asarray(["g", None, float("nan")], dtype=object))  # fmt: skip
    data = read(path)
    assert data.labels == ("sea", "sun")
    assert data.ids.tolist() == ["p", "q", "r"]
    assert data.groups is not None
    assert data.groups.tolist() == ["g", "", ""]


class Runs:
    """What a pickle would run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('it ran')",)


@pytest.mark.parametrize("objects", [[Runs(), "b"], [["a"], "b"], [b"a", "b"], [np.zeros(2), "b"], [{"a": 1}, "b"]])
def test_other_objects_are_refused_by_name_with_the_cure(tmp_path: Path, objects: list[object]) -> None:
    path = tmp_path / "data.npz"
    labels = np.empty(2, dtype=object)
    labels[:] = objects
    np.savez(path, X=np.zeros((3, 2)), Y=Y, labels=labels)
    with pytest.raises(InputError, match=r"the array 'labels' in .* holds Python objects.*labels=list\(names\)"):
        read(path)


def test_the_names_that_medmnist_and_keras_give(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8), dtype=np.uint8)
    np.savez(path, train_images=pixels, train_labels=Y, val_images=pixels[:2], val_labels=Y[:2])
    data = read(path)
    assert data.arrays is not None
    assert data.arrays.shape == (5, 8, 8, 1)
    assert data.split is not None
    assert data.split.tolist() == ["train"] * 3 + ["validation"] * 2
    np.savez(path, x_train=pixels[..., None], y_train=Y, x_test=pixels[:1, ..., None], y_test=Y[:1])
    assert len(read(path, learnable=False)) == 4
    np.savez(path, x=np.zeros((3, 2)), y=Y)
    assert len(read(path)) == 3


@pytest.mark.parametrize(
    "truth",
    [
        np.asarray([[True, None], [False, True], [True, False]], dtype=object),
        [["1", ""], ["0", "1"], ["1", "0"]],
        np.asarray([["True", "<NA>"], ["False", "True"], ["True", "False"]]),
        np.ma.masked_array([[1, 1], [0, 1], [1, 0]], mask=[[0, 1], [0, 0], [0, 0]]),
        np.asarray([[1, np.nan], [0, 1], [1, 0]]),
        [[1, -1], [0, 1], [1, 0]],
    ],
)
def test_every_form_of_unknown(truth: ArrayLike) -> None:
    data = from_arrays(np.zeros((3, 2)), truth)
    assert data.truth.tolist() == [[1, 0], [0, 1], [1, 0]]
    assert data.known.tolist() == [[True, False], [True, True], [True, True]]


@pytest.mark.parametrize("form", ["csr_matrix", "lil_matrix", "coo_array", "csc_array"])
def test_sparse_truth_and_features(form: str) -> None:
    from scipy import sparse

    make = getattr(sparse, form)
    data = from_arrays(make(np.eye(3)), make(np.asarray(Y)))
    assert data.truth.tolist() == Y
    assert data.arrays is not None
    assert data.arrays.tolist() == np.eye(3).tolist()


def test_the_tags_of_each_row_as_lists() -> None:
    data = from_arrays(np.zeros((3, 2)), [["sun"], [], {"sea", "sun"}])
    assert data.labels == ("sea", "sun")
    assert data.truth.tolist() == [[0, 1], [0, 0], [1, 1]]
    assert from_arrays(np.zeros((2, 2)), [("b",), ("a", "b")], labels=["b", "a"]).labels == ("b", "a")
    with pytest.raises(InputError, match="'c' of picture 1 is not among the labels"):
        from_arrays(np.zeros((2, 2)), [("b",), ("c",)], labels=["b", "a"])


def test_masked_features_are_missing() -> None:
    with pytest.raises(InputError, match="X holds nan"):
        from_arrays(np.ma.masked_array(np.zeros((3, 2)), mask=[[0, 1], [0, 0], [0, 0]]), Y)


def test_an_npz_with_minus_one_says_what_would_make_it_absent(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    truth = np.array([[1, 0], [1, -1], [-1, 1]])
    np.savez(path, X=np.zeros((3, 2)), Y=truth)
    with pytest.raises(InputError, match="take what is unknown as absent \\(--minus-one absent\\)"):
        read(path)
    assert read(path, minus_one="absent").known.all()
    np.savez(path, X_train=np.zeros((3, 2)), y_train=truth, X_val=np.zeros((3, 2)), y_val=truth)
    assert read(path, learnable=False).absent_by == ("--minus-one absent",)
    np.savez(path, X=np.zeros((3, 2)), Y=np.abs(truth))
    assert read(path, learnable=False).absent_by == ()
