"""Multi-hot truth: validation, and conversion from and to tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit import arraylike, literals
from tagfit.errors import InputError

RIGHT_FORM = (
    "give one row a picture and one 0/1 column a label, shape (N, L), such as [[1, 0, 1], [0, 0, 0]]; "
    "NaN or -1 where a label is unknown"
)


def encode(tags: Iterable[Iterable[str]], labels: Sequence[str]) -> NDArray[np.uint8]:
    """Tags of each picture -> multi-hot truth of shape (N, L), in the order of ``labels``.

    Raises:
        InputError: a tag that is not a label, or a picture given as one string.
    """
    rows = list(tags)
    column = {label: index for index, label in enumerate(labels)}
    truth = np.zeros((len(rows), len(labels)), dtype=np.uint8)
    for row, names in enumerate(rows):
        if isinstance(names, str):
            raise InputError(
                f"the tags of picture {row} are one string, {names!r}",
                instead=f"a list of tags, such as [{names!r}]",
            )
        for name in names:
            if name not in column:
                raise InputError(f"the tag {name!r} of picture {row} is not among the labels {list(labels)}")
            truth[row, column[name]] = 1
    return truth


def decode(truth: NDArray[Any], labels: Sequence[str]) -> list[tuple[str, ...]]:
    """Multi-hot truth of shape (N, L) -> the tags of each picture, in the order of ``labels``."""
    return [tuple(labels[int(column)] for column in np.flatnonzero(row)) for row in np.asarray(truth) == 1]


def is_tag_lists(values: Any) -> bool:
    """Whether ``values`` are tags of each picture: a list of lists, tuples or sets of texts, not all of them empty."""
    if not isinstance(values, list | tuple) or not all(
        isinstance(row, list | tuple | set | frozenset) for row in values
    ):
        return False
    tags = [tag for row in values for tag in row]
    return (
        bool(tags)
        and all(isinstance(tag, str) for tag in tags)
        and not all(literals.state(tag) != literals.INVALID for tag in tags)
    )


def check(
    truth: ArrayLike,
    known: ArrayLike | None = None,
    *,
    name: str = "truth",
    minus_one: str | None = None,
    optional: bool = False,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Whatever holds a multi-hot truth -> (truth uint8 (N, L) with 0 where unknown, known bool (N, L)).

    Args:
        truth: 0/1, booleans or what tables write for them, shape (N, L); NaN, None or -1 where a label is unknown. A
            DataFrame, a sparse or a masked array will do; what is masked is unknown.
        known: the mask, shape (N, L), if the caller has one; False means unknown.
        name: what the caller calls it, for the error.
        minus_one: what -1 means, ``absent`` or ``unknown``; None for unknown, provided that there is a 0 as well.
        optional: whether the caller takes ``minus_one`` from its user, whom the error then tells of it.

    Raises:
        InputError: any other form, with what came and the form that is right; or -1 without a single 0, which is
            absent to some and unknown to others.
    """
    array = arraylike.read(truth, name, expected=RIGHT_FORM).values
    if array.ndim != 2:
        raise InputError(f"{name} is {_seen(array)}", instead=RIGHT_FORM)
    missing = np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, dtype=bool)
    if known is not None:
        given = arraylike.read(known, "known").values
        if given.shape != array.shape:
            raise InputError(
                f"known has shape {given.shape}, {name} has {array.shape}",
                instead="one mask value per truth value",
            )
        missing |= ~given.astype(bool)
    minus_ones = (array == -1) & ~missing if array.dtype.kind in "if" else np.zeros(array.shape, dtype=bool)
    if minus_ones.any():
        meant = (
            minus_one if minus_one is not None else _meaning_of_minus_one(array, minus_ones, missing, name, optional)
        )
        if meant not in ("absent", "unknown"):
            raise InputError(f"minus_one is {meant!r}", instead="absent or unknown")
        if meant == "unknown":
            missing |= minus_ones
        else:
            array = np.where(minus_ones, 0, array)
    valid = missing | (array == 0) | (array == 1) | ((array == -1) if array.dtype.kind in "if" else False)
    if not valid.all():
        row, column = (int(index) for index in np.argwhere(~valid)[0])
        raise InputError(
            f"{name} holds {array[row, column]} at row {row}, column {column} "
            f"(and {int((~valid).sum()) - 1} more such values)",
            instead=RIGHT_FORM,
        )
    return ((array == 1) & ~missing).astype(np.uint8), ~missing


def _meaning_of_minus_one(
    array: NDArray[Any], minus_ones: NDArray[np.bool_], missing: NDArray[np.bool_], name: str, optional: bool
) -> str:
    """Unknown where there is a 0 as well; where there is none, -1 may just as well be the absent of CelebA.

    Raises:
        InputError: there is none.
    """
    if ((array == 0) & ~missing).any():
        return "unknown"
    options = (
        "; or minus_one='absent', minus_one='unknown' (--minus-one absent, --minus-one unknown)" if optional else ""
    )
    raise InputError(
        f"no entry of {name} is 0 and {int(minus_ones.sum())} are -1: is -1 absent or unknown?",
        instead=f"absent: ({name} == 1).astype(int); unknown: np.where({name} == -1, np.nan, {name}){options}",
    )


def _seen(array: NDArray[Any]) -> str:
    if array.ndim == 1:
        few = ", ".join(str(value) for value in array[:4].tolist())
        more = ", ..." if array.size > 4 else ""
        return f"a flat list of {array.size} values, [{few}{more}] (class numbers?)"
    return f"an array of shape {array.shape}"
