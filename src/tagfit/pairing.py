"""Pairing: truth and scores of any library, brought to the same rows and columns by the names that they carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit import arraylike, literals, multihot
from tagfit.errors import InputError

RIGHT_SCORES = "probabilities in [0, 1] of shape (N, L), such as [[0.9, 0.2], [0.1, 0.7]]"


@dataclass(frozen=True, eq=False)
class Pair:
    """Truth and raw scores whose rows and columns belong together.

    Attributes:
        truth: uint8 (N, L), 0 where unknown.
        known: bool (N, L).
        scores: numbers as they came, of whatever shape and range.
        columns: the names of the columns, if either of the two has any.
        index: the names of the rows, likewise.
    """

    truth: NDArray[np.uint8]
    known: NDArray[np.bool_]
    scores: NDArray[Any]
    columns: tuple[str, ...] | None
    index: NDArray[np.str_] | None


def paired(truth: Any, scores: Any, *, known: Any = None, labels: Sequence[str] | None = None, of: str = "") -> Pair:
    """Array-likes of any library as a Pair; see :meth:`Scores.of`.

    Args:
        truth, scores, known: as for Scores.
        labels: L names, in whose order the columns of named arrays are put.
        of: the name of the split, for errors.

    Raises:
        InputError: what is no truth or no numbers, or names that differ.
    """
    said_truth, said_scores = (f"the {name} of {of}" if of else name for name in ("truth", "scores"))
    raw: arraylike.Array | None = None
    if _holds_tags(truth):
        raw = arraylike.read(scores, said_scores, expected=RIGHT_SCORES)
        truth = _encoded(truth, labels if labels is not None else raw.columns or None)
    read = arraylike.read(truth, said_truth, expected=multihot.RIGHT_FORM)
    if labels is not None and len(read.columns) and sorted(map(str, labels)) == sorted(read.columns):
        order = arraylike.Array(read.values, tuple(map(str, labels)), read.index)
        read = arraylike.aligned(read, order, said_truth, "labels")
    checked, mask = multihot.check(read.values, known, name=said_truth)
    if raw is None:
        raw = arraylike.read(scores, said_scores, shape=checked.shape, expected=RIGHT_SCORES)
    raw = arraylike.aligned(raw, read, said_scores, said_truth)
    return Pair(checked, mask, raw.values, raw.columns or None, raw.index)


def _holds_tags(truth: Any) -> bool:
    """Whether this is a list of tags for each row, such as ``[["sea"], [], ["sea", "beach"]]``."""
    if not isinstance(truth, list | tuple) and getattr(truth, "ndim", 0) != 1:
        return False
    rows = [row for row in truth if isinstance(row, list | tuple | set | frozenset)]
    return len(rows) == len(truth) and any(isinstance(tag, str) and not _is_number(tag) for row in rows for tag in row)


def _is_number(text: str) -> bool:
    return literals.state(text) != literals.INVALID


def _encoded(tags: Any, labels: Sequence[str] | None) -> NDArray[np.uint8]:
    if labels is None:
        raise InputError(
            "truth is given as lists of tags, and nothing says which column of the scores is which label",
            instead="labels=[...], in the order of the columns of the scores",
        )
    return multihot.encode(tags, [str(label) for label in labels])
