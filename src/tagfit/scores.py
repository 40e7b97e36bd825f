"""Scores: the probabilities of one split, with truth and mask beside them."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit import arraylike, literals, multihot
from tagfit.errors import InputError
from tagfit.files import written_whole

RIGHT_SCORES = "probabilities in [0, 1] of shape (N, L), such as [[0.9, 0.2], [0.1, 0.7]]"
# Sums and means of probabilities leave [0, 1] by rounding; what lies no further outside is clipped.
ROUNDING = 1e-6
# Scores that are never negative and reach beyond this are percentages rather than logits.
LEAST_PERCENT = 10


@dataclass(frozen=True, eq=False)
class Scores:
    """Probabilities of N pictures for L labels; never "perhaps logits".

    Attributes:
        scores: float32 or float64 of shape (N, L), each in [0, 1].
        truth: uint8 of shape (N, L), 0 where unknown.
        known: bool of shape (N, L); what is False takes part in no metric.
        labels: L names.
        ids: N row ids, unique; two Scores are aligned by them before they are compared.
        groups: N group names ('' where a row stands alone), or None.
        weights: N non-negative weights, or None.
        split: the name of the split these belong to; empty where there is none.
    """

    scores: NDArray[np.floating[Any]]
    truth: NDArray[np.uint8]
    known: NDArray[np.bool_]
    labels: tuple[str, ...]
    ids: NDArray[np.str_]
    groups: NDArray[np.str_] | None = None
    weights: NDArray[np.float64] | None = None
    split: str = ""

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def of(
        cls,
        truth: ArrayLike,
        scores: ArrayLike,
        *,
        known: ArrayLike | None = None,
        labels: Sequence[str] | None = None,
        ids: Sequence[str] | NDArray[np.str_] | None = None,
        groups: Sequence[str] | NDArray[np.str_] | None = None,
        weights: ArrayLike | None = None,
        split: str = "",
    ) -> Scores:
        """Check array-likes from any library and put names to them.

        Args:
            truth: (N, L) of 0 and 1, NaN, None, masked or -1 where unknown; or N lists of tags, beside ``labels`` or
                scores with named columns.
            scores: (N, L) in [0, 1]. Two frames are aligned by the names of their columns and, where both have an
                index, of their rows; without names the order is taken as it is.
            known: (N, L), False where unknown.
            labels: L names; None for the names of the columns, or ``label_0`` and so on.
            ids: N unique names of rows; None for the index of a frame, or the numbers of the rows.
            groups, weights: one per row.
            split: the name of the split.

        Raises:
            InputError: shapes or names that differ, values outside [0, 1] (these look like logits), ids given twice.
        """
        pair = paired(truth, scores, known=known, labels=labels)
        checked_truth, mask = pair.truth, pair.known
        values = check_probabilities(pair.scores, checked_truth.shape)
        n, width = checked_truth.shape
        labels = labels if labels is not None else pair.columns
        ids = ids if ids is not None else pair.index
        names = (
            tuple(str(label) for label in labels) if labels is not None else tuple(f"label_{i}" for i in range(width))
        )
        if len(names) != width:
            raise InputError(f"{len(names)} label names for {width} columns", instead="one name per column")
        row_ids = np.asarray(ids, dtype=np.str_) if ids is not None else np.arange(n).astype(np.str_)
        _check_rows(row_ids, n, "ids")
        if len(np.unique(row_ids)) != n:
            raise InputError("ids name the same row twice", instead="one id a picture")
        row_groups = None if groups is None else _check_rows(literals.names(groups), n, "groups")
        row_weights = None if weights is None else _check_rows(np.asarray(weights, dtype=np.float64), n, "weights")
        if row_weights is not None:
            _check_weights(row_weights)
        return cls(values, checked_truth, mask, names, row_ids, row_groups, row_weights, split)

    def save(self, path: Path) -> None:
        """Write an ``.npz`` (truth, scores, known, labels, ids, and groups and weights where there are any)."""
        arrays: dict[str, Any] = {
            "truth": self.truth,
            "scores": self.scores,
            "known": self.known,
            "labels": np.asarray(self.labels, dtype=np.str_),
            "ids": self.ids,
        }
        if self.groups is not None:
            arrays["groups"] = self.groups
        if self.weights is not None:
            arrays["weights"] = self.weights
        with written_whole(path) as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: Path, split: str = "") -> Scores:
        """Read what :meth:`save` wrote, or any ``.npz`` with ``truth`` and ``scores``; nothing in it can run code."""
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except FileNotFoundError:
            raise InputError(f"there is no file {path}") from None
        except (ValueError, zipfile.BadZipFile, EOFError, OSError) as error:
            raise InputError(f"{path} cannot be read as .npz: {error}") from None
        missing = [name for name in ("truth", "scores") if name not in arrays]
        if missing:
            raise InputError(
                f"{path} holds {sorted(arrays)}, but not {' and '.join(missing)}",
                instead="np.savez(path, truth=Y, scores=probabilities)",
            )
        optional = {name: arrays.get(name) for name in ("known", "labels", "ids", "groups", "weights")}
        return cls.of(arrays["truth"], arrays["scores"], split=split, **optional)


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
            "truth came as lists of tags, and nothing says which column of the scores is which label",
            instead="labels=[...], in the order of the columns of the scores",
        )
    return multihot.encode(tags, [str(label) for label in labels])


def check_probabilities(scores: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.floating[Any]]:
    """Scores of ``shape`` in [0, 1] as float32 or float64 (their own, no precision lost), or an InputError."""
    values = np.asarray(scores)
    if values.shape != shape:
        raise InputError(
            f"scores have shape {values.shape}, truth has {shape}", instead="the same rows and labels in both"
        )
    if values.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
        values = values.astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
    outside = ~((values >= -ROUNDING) & (values <= 1 + ROUNDING))
    if not outside.any():
        return values if ((values >= 0) & (values <= 1)).all() else np.clip(values, 0, 1)
    row, column = (int(index) for index in np.argwhere(outside)[0])
    worst = values[row, column]
    if np.isnan(worst):
        raise InputError(f"scores hold NaN at row {row}, column {column}", instead="a probability for every entry")
    percent = LEAST_PERCENT < values.max() <= 100 and values.min() >= 0
    raise InputError(
        f"scores hold {float(worst)!r} at row {row}, column {column}, outside [0, 1]: these look like "
        f"{'percentages' if percent else 'logits'}",
        instead="pass scores / 100"
        if percent
        else "pass probabilities: 1 / (1 + exp(-logits)), or put a sigmoid after the last layer",
    )


def _check_weights(weights: NDArray[np.float64]) -> None:
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"weights hold {weights[row]:g} at row {row}", instead="a finite weight of 0 or more for each row"
        )
    if len(weights) and not weights.any():
        raise InputError("all weights are 0, so that no metric is defined", instead="a positive weight for some rows")


def _check_rows(values: NDArray[Any], n: int, name: str) -> NDArray[Any]:
    if values.shape != (n,):
        raise InputError(
            f"{name} have shape {values.shape}, the truth has {n} rows", instead=f"one of {name} a picture"
        )
    return values
