"""Multi-hot truth: validation, and conversion from and to tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit import arraylike
from tagfit.errors import InputError

RIGHT_FORM = (
    "give one row a picture and one 0/1 column a label, shape (N, L), such as [[1, 0, 1], [0, 0, 0]]; "
    "NaN or -1 where a label is unknown"
)


def encode(tags: Iterable[Iterable[str]], labels: Sequence[str]) -> NDArray[np.uint8]:
    """Tags of each picture -> multi-hot truth of shape (N, L), in the order of ``labels``.

    Raises:
        InputError: a tag that is no label, or a picture given as one string.
    """
    rows = list(tags)
    column = {label: index for index, label in enumerate(labels)}
    truth = np.zeros((len(rows), len(labels)), dtype=np.uint8)
    for row, names in enumerate(rows):
        if isinstance(names, str):
            raise InputError(
                f"the tags of picture {row} came as one string, {names!r}",
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


def check(
    truth: ArrayLike, known: ArrayLike | None = None, *, name: str = "truth"
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Whatever holds a multi-hot truth -> (truth uint8 (N, L) with 0 where unknown, known bool (N, L)).

    Args:
        truth: 0/1 or booleans in any array-like of shape (N, L); NaN, None, masked or -1 where a label is unknown.
        known: the mask, shape (N, L), if the caller has one; False means unknown.
        name: what the caller calls it, for the error.

    Raises:
        InputError: any other form, with what came and the form that is right.
    """
    array = arraylike.read(truth, name, expected=RIGHT_FORM).values
    if array.ndim != 2:
        raise InputError(f"{name} came as {_seen(array)}", instead=RIGHT_FORM)
    missing = np.zeros(array.shape, dtype=bool)
    if array.dtype.kind == "f":
        missing = np.isnan(array)
    if array.dtype.kind in "if":
        missing |= array == -1
    valid = missing | (array == 0) | (array == 1)
    if not valid.all():
        row, column = (int(index) for index in np.argwhere(~valid)[0])
        raise InputError(
            f"{name} holds {array[row, column]} at row {row}, column {column} "
            f"(and {int((~valid).sum()) - 1} more such values)",
            instead=RIGHT_FORM,
        )
    mask = ~missing
    if known is not None:
        given = arraylike.read(known, "known").values
        if given.shape != array.shape:
            raise InputError(
                f"known has shape {given.shape}, {name} has {array.shape}",
                instead="one mask value a truth value",
            )
        mask &= given.astype(bool)
    return np.where(mask, array == 1, False).astype(np.uint8), mask


def _seen(array: NDArray[Any]) -> str:
    if array.ndim == 1:
        few = ", ".join(str(value) for value in array[:4].tolist())
        more = ", ..." if array.size > 4 else ""
        return f"a flat list of {array.size} values, [{few}{more}] (class numbers?)"
    return f"an array of shape {array.shape}"
