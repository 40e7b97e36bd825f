"""Array-likes: frames, tensors, sparse and masked arrays and lists of them become one NumPy array with its names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit import literals
from tagfit.errors import InputError

SHOWN = 5
MEANING = {literals.PRESENT: 1.0, literals.ABSENT: 0.0, literals.UNKNOWN: np.nan}


@dataclass(frozen=True, eq=False)
class Array:
    """Numbers, and the names given with them.

    Attributes:
        values: numbers or booleans of any shape; NaN where there is no value (``<NA>``, None, masked).
        columns: the names of the columns of a frame; empty for anything else.
        index: the names of the rows of a frame that has an index of its own, else None.
        counted: whether they come from a frame whose rows are merely counted.
    """

    values: NDArray[Any]
    columns: tuple[str, ...] = ()
    index: NDArray[np.str_] | None = None
    counted: bool = False


def read(given: Any, name: str, *, shape: tuple[int, ...] | None = None, expected: str = "") -> Array:
    """Whatever holds numbers as an Array.

    Args:
        given: an array, nested lists, a pandas or polars frame (nullable types included), a torch tensor (with
            gradients, on any device, bfloat16), a JAX array, a SciPy sparse matrix, a masked array, or a list of
            batches of these. With ``shape`` (N, L) also what ``predict_proba`` of a forest returns for L labels: L
            arrays (N, 2), of which column 1 is taken.
        name: what the caller calls it, for errors.
        shape: (N, L) where it is known.
        expected: the form that would have been right, for errors.

    Raises:
        InputError: values that are no numbers, rows of unequal lengths, lists that do not fit together.
    """
    if isinstance(given, str | bytes | int | float):
        raise InputError(f"{name} is a single {type(given).__name__}, {given!r}", instead=expected)
    if hasattr(given, "columns") and hasattr(given, "__getitem__"):
        return _of_frame(given, name, expected)
    if isinstance(given, list | tuple) and any(_is_array(part) for part in given):
        return Array(_joined([_values(part, name, expected) for part in given], name, shape, expected))
    return Array(_values(given, name, expected))


def aligned(array: Array, reference: Array, name: str, to: str) -> Array:
    """``array`` with its rows and columns in the order of ``reference``, by the names that both have.

    Raises:
        InputError: names that only one of the two has, or that occur twice; or frames of which one counts the rows and
            the other has these numbers in another order, so that they may belong together either way.
    """
    values, index = array.values, array.index
    for one, other, shuffled in ((array, reference, name), (reference, array, to)):
        if other.counted and one.index is not None and _is_another_count(one.index.tolist()):
            counting = to if shuffled == name else name
            what = f"the index of {shuffled} has the row numbers 0 to {len(one.index) - 1} in another order"
            raise InputError(
                f"{what} than {counting}",
                instead="reset_index(drop=True) where both are in one order, sort_index() where the numbers say which",
            )
    if array.columns and reference.columns and values.ndim == 2:
        values = values[:, _order(array.columns, reference.columns, "columns", name, to)]
    if array.index is not None and reference.index is not None:
        values = values[_order(array.index.tolist(), reference.index.tolist(), "rows", name, to)]
    index = reference.index if reference.index is not None else index
    return Array(values, reference.columns or array.columns, index)


def _order(names: Sequence[str], wanted: Sequence[str], what: str, name: str, to: str) -> NDArray[np.intp]:
    if tuple(names) == tuple(wanted):
        return np.arange(len(names))
    at = {one: place for place, one in enumerate(names)}
    if len(at) < len(names):
        raise InputError(f"{name} has {what} of the same name", instead=f"each of the {what} named once")
    missing, more = [one for one in wanted if one not in at], sorted(set(names) - set(wanted))
    if missing or more:
        parts = [f"lacks {_few(missing)}"] * bool(missing) + [f"has {_few(more)}"] * bool(more)
        raise InputError(
            f"the {what} of {name} are not those of {to}: it {' and '.join(parts)}",
            instead=f"the same names in both, in any order; arrays without names are taken in the order of {to}",
        )
    return np.array([at[one] for one in wanted], dtype=np.intp)


def _is_another_count(names: list[str]) -> bool:
    counted = [str(row) for row in range(len(names))]
    return names != counted and set(names) == set(counted)


def _few(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:SHOWN])) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _is_array(part: Any) -> bool:
    return hasattr(part, "shape") and len(part.shape) > 0


def _of_frame(frame: Any, name: str, expected: str) -> Array:
    columns = tuple(str(column) for column in frame.columns)
    if len(set(columns)) < len(columns):
        raise InputError(f"{name} has columns of the same name", instead="each column named once")
    parts = [_values(frame[column], f"column {str(column)!r} of {name}", expected) for column in frame.columns]
    values = np.column_stack(parts) if parts else np.empty((len(frame), 0))
    index = getattr(frame, "index", None)
    if index is None or type(index).__name__ == "RangeIndex":
        return Array(values, columns, counted=index is not None)
    return Array(values, columns, np.asarray([str(one) for one in index], dtype=np.str_))


def _values(given: Any, name: str, expected: str) -> NDArray[Any]:
    """One array-like without names as numbers, NaN where there is no value."""
    if hasattr(given, "detach"):  # torch: NumPy takes neither gradients, nor other devices, nor bfloat16
        if getattr(given, "is_meta", False):
            raise InputError(f"{name} is a tensor on the device 'meta', which holds no values", instead=expected)
        given = given.detach().cpu()
        given = given.float() if str(given.dtype) == "torch.bfloat16" else given
    elif hasattr(given, "toarray"):
        given = given.toarray()
    if np.ma.isMaskedArray(given):
        return np.where(np.ma.getmaskarray(given), np.nan, np.ma.getdata(given).astype(np.float64))
    try:
        array = np.asarray(given)
    except (ValueError, TypeError, RuntimeError) as error:
        ragged = "inhomogeneous" in str(error)
        what = "ragged, with rows of unequal lengths" if ragged else f"a {type(given).__name__}: {error}"
        raise InputError(f"{name} is {what}", instead=expected) from None
    if array.dtype.name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):  # JAX; NumPy knows them as raw bytes
        array = array.astype(np.float32)
    if array.dtype.kind in "OUS":
        return _numbers(array, name, expected)
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name} has values of type {array.dtype}", instead=expected)
    return array


def _numbers(array: NDArray[Any], name: str, expected: str) -> NDArray[np.float64]:
    """Objects and texts as numbers: yes, no and nothing as :mod:`tagfit.literals` has them."""
    flat = np.empty(array.size)
    for place, value in enumerate(array.ravel().tolist()):
        try:
            flat[place] = _number(value)
        except (ValueError, TypeError):
            shown = f"values such as {value!r}, which are not numbers" if not _is_sequence(value) else "ragged rows"
            raise InputError(f"{name} has {shown}", instead=expected) from None
    return flat.reshape(array.shape)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset)


def _number(value: Any) -> float:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return np.nan
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if not isinstance(value, str):
        return float(value)
    state = literals.state(value)
    return MEANING[state] if state in MEANING else literals.number(value)


def _joined(parts: list[NDArray[Any]], name: str, shape: tuple[int, ...] | None, expected: str) -> NDArray[Any]:
    """Arrays of a list: rows, batches, or one array per label."""
    shapes = [part.shape for part in parts]
    if shape is not None and len(shape) == 2 and len(parts) == shape[1]:
        heads = _of_heads(parts, shape, name)
        if heads is not None:
            return heads
    if len({one[1:] for one in shapes}) == 1:
        if len(shapes[0]) == 1 and len(set(shapes)) == 1 and (shape is None or shapes[0][0] == shape[-1]):
            return np.stack(parts)
        return np.concatenate(parts)
    listed = ", ".join(map(str, shapes[:SHOWN])) + (", ..." if len(shapes) > SHOWN else "")
    raise InputError(f"{name} is a list of {len(parts)} arrays of shapes {listed}", instead=expected)


def _of_heads(parts: list[NDArray[Any]], shape: tuple[int, ...], name: str) -> NDArray[Any] | None:
    """(N, L) from one array per label; None where the arrays are no such thing."""
    rows, width = shape
    if any(part.ndim != 2 or len(part) != rows or part.shape[1] > 2 for part in parts) or (width == rows == 1):
        return None
    columns = {part.shape[1] for part in parts}
    if columns == {2}:
        return np.column_stack([part[:, 1] for part in parts])
    if columns == {1}:
        return np.column_stack([part[:, 0] for part in parts])
    single = [label for label, part in enumerate(parts) if part.shape[1] == 1]
    raise InputError(
        f"{name} is a list of {len(parts)} arrays, one per label, and those of labels {_few(list(map(str, single)))} "
        "have one column only: their training data had a single class",
        instead="np.column_stack of column 1 of each, with zeros (or ones) for a label of which only absent (or "
        "present) was seen",
    )
