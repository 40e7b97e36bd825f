"""Sources of different splits become one TaggedSet, their labels matched by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.labels import align, listed
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError


def joined(parts: Mapping[str, TaggedSet]) -> tuple[TaggedSet, NDArray[np.str_]]:
    """The rows of all sources, one after another, with the labels of the first in its order.

    Args:
        parts: a name -> its rows. Where two sources use one row id, all ids get the name before them: ``test/7``.

    Returns:
        The rows, and for each the name of its source. With a single source, that source as it is.

    Raises:
        InputError: labels that only one source has, or sources that hold different kinds of rows.
    """
    origin = np.concatenate([np.full(len(data), name, dtype="U10") for name, data in parts.items()])
    first, *others = parts.values()
    if not others:
        return first, origin
    _refuse_other_kinds(parts)
    _refuse_other_labels(parts)
    sets = [_in_order(data, first.labels) for data in parts.values()]
    whole = _stacked(sets, origin, between="/")
    return replace(
        whole,
        split=_first_only(sets, first.split, ""),
        fold=_first_only(sets, first.fold, -1),
        notes=tuple(dict.fromkeys(note for data in sets for note in data.notes)),
    ), origin


def combine(parts: Mapping[str, TaggedSet]) -> TaggedSet:
    """The rows of a source that keeps each split apart, ``split`` saying where each came from.

    Args:
        parts: split name -> its rows; the labels of the first are aligned to by name, as ``labels.align`` does. Where
            two parts use one row id, all ids get the split before them: ``validation:1.jpg``.

    Raises:
        InputError: pictures with features, features of different widths, or no label shared.
    """
    origin = np.concatenate([np.full(len(data), name, dtype="U10") for name, data in parts.items()])
    first = next(iter(parts.values()))
    sets = {name: align(data, first.labels) for name, data in parts.items()}
    _refuse_other_kinds(sets, types=False)
    notes = tuple(f"{name}: {note}" for name, data in sets.items() for note in data.notes)
    return replace(_stacked(list(sets.values()), origin, between=":"), split=origin, fold=None, notes=notes)


def _stacked(sets: list[TaggedSet], origin: NDArray[np.str_], *, between: str) -> TaggedSet:
    """The rows of sets with the same labels; where ids repeat, ``origin`` and ``between`` come before each."""
    first = sets[0]
    ids = np.concatenate([data.ids for data in sets])
    if len(np.unique(ids)) < len(ids):
        ids = np.array([f"{name}{between}{row}" for name, row in zip(origin, ids, strict=True)])
    return replace(
        first,
        ids=ids,
        truth=np.concatenate([data.truth for data in sets]),
        known=np.concatenate([data.known for data in sets]),
        files=None if first.files is None else tuple(file for data in sets for file in data.files or ()),
        arrays=None if first.arrays is None else np.concatenate([np.asarray(data.arrays) for data in sets]),
        groups=_column(sets, "groups", ""),
        weights=_column(sets, "weights", 1.0),
        quarantined=tuple(fault for data in sets for fault in data.quarantined),
        warnings=tuple(fault for data in sets for fault in data.warnings),
        absent_by=tuple(dict.fromkeys(way for data in sets for way in data.absent_by)),
        owners={
            name: np.concatenate([data.owners[name] for data in sets])
            for name in first.owners
            if all(name in data.owners for data in sets)
        },
    )


def _refuse_other_labels(parts: Mapping[str, TaggedSet]) -> None:
    (head, first), *others = parts.items()
    faults = []
    for name, data in others:
        missing = [label for label in first.labels if label not in data.labels]
        extra = [label for label in data.labels if label not in first.labels]
        if missing:
            faults.append(Fault(f"lacks {listed(missing)}, which {head} has", f"labels of {name}"))
        if extra:
            faults.append(Fault(f"has {listed(extra)}, which {head} has not", f"labels of {name}"))
    if faults:
        raise InputError(faults, what="the sources must have the same labels (in any order)")


def _refuse_other_kinds(parts: Mapping[str, TaggedSet], *, types: bool = True) -> None:
    """Refuse files joined with arrays, arrays of other shapes, and with ``types`` also of other types."""

    def kind(data: TaggedSet) -> str:
        if data.arrays is None:
            return "picture files"
        return f"{f'{data.arrays.dtype} ' if types else ''}arrays of shape {data.arrays.shape[1:]}"

    kinds = {name: kind(data) for name, data in parts.items()}
    if len(set(kinds.values())) > 1:
        raise InputError(
            "the sources do not fit together: " + ", ".join(f"{name} has {kind}" for name, kind in kinds.items()),
            instead="the same kind of rows in each",
        )


def _in_order(data: TaggedSet, labels: tuple[str, ...]) -> TaggedSet:
    columns = [data.labels.index(label) for label in labels]
    return replace(data, truth=data.truth[:, columns], known=data.known[:, columns], labels=labels)


def _column(sets: list[TaggedSet], field: str, missing: Any) -> Any:
    """A column that some sources have, with ``missing`` for the rows of the others; None where none has it."""
    values = [getattr(data, field) for data in sets]
    if all(value is None for value in values):
        return None
    return np.concatenate(
        [np.full(len(data), missing) if value is None else value for data, value in zip(sets, values, strict=True)]
    )


def _first_only(sets: list[TaggedSet], column: NDArray[Any] | None, missing: Any) -> Any:
    """A column of the first source: a source that is one split as a whole has no say in splits."""
    if column is None:
        return None
    return np.concatenate([column, *(np.full(len(data), missing) for data in sets[1:])])
