"""Arrays as data: an ``.npz`` file or arrays in memory become a TaggedSet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit import literals, multihot
from tagfit.arguments import checked
from tagfit.data.joining import combine
from tagfit.data.labels import listed
from tagfit.data.tagged import SPLITS, TaggedSet
from tagfit.errors import Fault, InputError
from tagfit.npz import load_arrays
from tagfit.scores import as_numbers

# How arrays are called: (inputs, truth), of a whole set and of one split; MedMNIST and Keras have names of their own.
WHOLE = ("X", "x", "images"), ("Y", "y", "targets")
OF_SPLIT = ("X_{}", "x_{}", "{}_X", "{}_x", "{}_images"), ("y_{}", "Y_{}", "{}_y", "{}_Y", "{}_labels")
RIGHT_FORM = "X of shape (N, D) or (N, H, W, C) and Y of shape (N, L); or X_train, y_train, X_val, y_val"
# The lesson's names: one pair of arrays a split.
SPLIT_SUFFIXES = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}
OPTIONAL = {
    "labels": "labels", "known": "known", "split": "split", "group": "groups", "groups": "groups",
    "weight": "weights", "weights": "weights", "ids": "ids",
}  # fmt: skip


def read_npz(path: Path, *, minus_one: str | None = None) -> TaggedSet:
    """The arrays of an ``.npz``; nothing in it can run code.

    Args:
        path: the file.
        minus_one: as in ``from_arrays``.

    Raises:
        InputError: the file is broken, or its arrays are not RIGHT_FORM.
    """
    arrays = load_arrays(path, right_form="np.savez(path, X=X, Y=Y)")
    whole = _named(arrays, WHOLE)
    parts = {suffix: found for suffix in SPLIT_SUFFIXES if (found := _named(arrays, OF_SPLIT, suffix))}
    try:
        if whole:
            return _from_named(arrays, *whole, OPTIONAL, minus_one)
        if not parts:
            raise InputError(f"it holds {listed(sorted(arrays))}", instead=RIGHT_FORM)
        per_split = {name: field for name, field in OPTIONAL.items() if field not in ("labels", "split")}
        sets = {}
        for suffix, (inputs, truth) in parts.items():
            optional = {"labels": "labels"} | {f"{name}_{suffix}": field for name, field in per_split.items()}
            sets[SPLIT_SUFFIXES[suffix]] = _from_named(arrays, inputs, truth, optional, minus_one)
        return combine(sets)
    except InputError as error:
        raise InputError(error.faults, what=f"{path} cannot be used") from None


def _named(
    arrays: dict[str, Any], forms: tuple[tuple[str, ...], tuple[str, ...]], suffix: str = ""
) -> tuple[str, str] | None:
    """The names of the arrays of inputs and of truth; of the truth, what it should be called where there is none."""
    inputs, truths = ([form.format(suffix) for form in names] for names in forms)
    found = next((name for name in inputs if name in arrays), None)
    return None if found is None else (found, next((name for name in truths if name in arrays), truths[0]))


@checked(classes="labels=", label_names="labels=", sample_weight="weights=", y="from_arrays(X, Y)")
def from_arrays(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    known: ArrayLike | None = None,
    split: Sequence[str] | None = None,
    groups: Sequence[str] | NDArray[Any] | None = None,
    weights: ArrayLike | None = None,
    ids: Sequence[str] | None = None,
    minus_one: str | None = None,
) -> TaggedSet:
    """Arrays in memory -> TaggedSet.

    Args:
        X: features (N, D), or pictures (N, H, W, C) with C of 1, 3 or 4, as whole numbers 0..255 or floats in [0, 1].
        Y: multi-hot truth (N, L): 0 and 1; NaN, None, -1 or a masked entry where unknown. A DataFrame or a sparse array
            will do, and so do the tags of each row, as lists of texts.
        labels: L names; ``label_0`` ... where None, or the names of the columns where Y has any.
        known: mask (N, L), False where unknown.
        split: N names out of train, validation, test, or ''.
        groups: N names; rows of one group stay on one side of a split; a row without one ('', None, NaN) stands alone.
        weights: N numbers of 0 or more.
        ids: N unique row ids; the row's number where None.
        minus_one: what -1 in Y means, ``absent`` or ``unknown``; needed only where Y holds no 0.

    Raises:
        InputError: every array that is not of the right form.
    """
    if labels is None and hasattr(Y, "columns"):
        labels = [str(name) for name in Y.columns]
    if multihot.is_tag_lists(Y):
        tags: Any = Y
        labels = sorted({tag for row in tags for tag in row}) if labels is None else labels
        Y = multihot.encode(tags, [str(name) for name in labels])
    truth, mask = multihot.check(Y, known, name="Y", minus_one=minus_one, optional=True)
    n, width = truth.shape
    inputs, notes = _inputs(X)
    faults = []
    if len(inputs) != n:
        faults.append(Fault(f"X has {len(inputs)} rows, Y has {n}", instead="one row of Y a row of X"))
    if not n or not width:
        faults.append(Fault(f"Y has shape {truth.shape}", instead="at least one row and one label"))
    names = (
        tuple(str(name).strip() for name in labels) if labels is not None else tuple(f"label_{i}" for i in range(width))
    )
    if len(names) != width:
        faults.append(Fault(f"{len(names)} label names for {width} columns", instead="one name a column"))
    if len(set(names)) != len(names) or "" in names:
        faults.append(Fault(f"label names are empty or occur twice: {listed(names)}", instead="each name once"))
    row_ids = _row_names(ids if ids is not None else np.arange(n), n, "ids", faults)
    if len(np.unique(row_ids)) != len(row_ids):
        faults.append(Fault("ids name the same row twice", instead="one id a row"))
    row_groups = None if groups is None else _row_names(literals.names(groups), n, "groups", faults)
    row_split = None if split is None else _row_names(split, n, "split", faults)
    if row_split is not None:
        row_split = np.where(row_split == "val", "validation", row_split).astype("<U10")
        odd = sorted(set(row_split.tolist()) - {*SPLITS, ""})
        if odd:
            faults.append(Fault(f"split holds {listed(odd)}", instead="train, validation, test or empty"))
    row_weights = None if weights is None else _row_weights(weights, n, faults)
    if faults:
        raise InputError(faults)
    return TaggedSet(
        ids=row_ids, truth=truth, known=mask, labels=names, arrays=inputs, groups=row_groups,
        weights=row_weights, split=row_split, notes=notes,
    )  # fmt: skip


def _from_named(
    arrays: dict[str, Any], inputs: str, truth: str, optional: dict[str, str], minus_one: str | None
) -> TaggedSet:
    missing = [name for name in (inputs, truth) if name not in arrays]
    if missing:
        raise InputError(f"it holds {listed(sorted(arrays))}, but no {' and no '.join(missing)}", instead=RIGHT_FORM)
    fields = {field: arrays[name] for name, field in optional.items() if name in arrays}
    for field in ("labels", "ids", "groups", "split"):
        if field in fields and fields[field].ndim != 1:
            raise InputError(f"{field} has shape {fields[field].shape}", instead="a flat array of names")
    data = from_arrays(arrays[inputs], arrays[truth], minus_one=minus_one, **fields)
    marked = arrays[truth].dtype.kind in "if" and bool((arrays[truth] == -1).any())
    return replace(data, absent_by=("--minus-one absent",)) if marked and minus_one != "absent" else data


def _inputs(X: ArrayLike) -> tuple[NDArray[Any], tuple[str, ...]]:
    if hasattr(X, "toarray"):  # sparse
        X = X.toarray()
    if np.ma.isMaskedArray(X):
        X = np.ma.filled(X.astype(np.float64), np.nan)
    try:
        array = np.asarray(X)
    except ValueError:
        raise InputError("X is ragged, with rows of unequal lengths", instead=RIGHT_FORM) from None
    if array.ndim == 3 and array.dtype == np.uint8:
        array = array[..., None]
    if array.dtype.kind not in "biuf" or array.ndim not in (2, 4):
        hint = "a grey picture has one channel: X[..., None]" if array.ndim == 3 else RIGHT_FORM
        raise InputError(f"X is {array.dtype} of shape {array.shape}", instead=hint)
    if array.ndim == 2:
        with np.errstate(over="ignore"):
            array = array.astype(np.float32)
        _refuse(~np.isfinite(array), array, "X", "finite numbers; fill or leave out what is missing")
        return array, ()
    if array.shape[-1] not in (1, 3, 4) or 0 in array.shape:
        raise InputError(f"X has shape {array.shape}", instead="(N, H, W, C) with C of 1, 3 or 4")
    if array.dtype.kind == "f":
        _refuse(~((array >= 0) & (array <= 1)), array, "X", "floats in [0, 1], or whole numbers 0 to 255 as uint8")
        scaled: NDArray[np.uint8] = np.rint(array * 255).astype(np.uint8)
        return scaled, ("pixels are floats in [0, 1], kept as whole numbers 0 to 255",)
    if array.dtype != np.uint8:
        _refuse((array < 0) | (array > 255), array, "X", "whole numbers 0 to 255")
    return array.astype(np.uint8, copy=False), ()


def _refuse(wrong: NDArray[np.bool_], array: NDArray[Any], name: str, instead: str) -> None:
    if wrong.any():
        place = tuple(int(index) for index in np.argwhere(wrong)[0])
        count = int(wrong.sum())
        raise InputError(f"{name} holds {array[place]} at {place} (and {count - 1} more such values)", instead=instead)


def _row_names(values: ArrayLike | Sequence[str], n: int, name: str, faults: list[Fault]) -> NDArray[np.str_]:
    names = np.asarray(values)
    if names.dtype.kind == "S":
        names = np.char.decode(names, "utf-8", "backslashreplace")
    if names.shape != (n,):
        faults.append(Fault(f"{name} has shape {names.shape}", instead=f"one value a row, ({n},)"))
    return names.astype(np.str_)


def _row_weights(values: ArrayLike, n: int, faults: list[Fault]) -> NDArray[np.float64]:
    weights = as_numbers(values, "weights", "one number per row")
    if weights.dtype.kind not in "biuf":
        faults.append(Fault(f"weights are {weights.dtype}", instead="numbers of 0 or more"))
        return np.zeros(n)
    weights = weights.astype(np.float64)
    if weights.shape != (n,):
        faults.append(Fault(f"weights has shape {weights.shape}", instead=f"one value a row, ({n},)"))
    if not (np.isfinite(weights) & (weights >= 0)).all():
        faults.append(Fault("weights hold a negative or infinite value", instead="numbers of 0 or more"))
    return weights
