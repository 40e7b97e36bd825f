"""Scores: the probabilities of one split, with truth and mask beside them."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit import literals, multihot
from tagfit.errors import InputError
from tagfit.files import written_whole


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
        """Check arrays from anywhere and put names to them.

        Raises:
            InputError: shapes that differ, values outside [0, 1] (these look like logits), ids given twice.
        """
        checked_truth, mask = multihot.check(truth, known)
        values = check_probabilities(scores, checked_truth.shape)
        n, width = checked_truth.shape
        names = (
            tuple(str(label) for label in labels) if labels is not None else tuple(f"label_{i}" for i in range(width))
        )
        if len(names) != width:
            raise InputError(f"{len(names)} label names for {width} columns", instead="one name a column")
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


def check_probabilities(scores: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.floating[Any]]:
    """Scores of ``shape`` in [0, 1] as float32 or float64 (their own, no precision lost), or an InputError."""
    values = np.asarray(scores)
    if values.dtype.kind not in "biuf":
        raise InputError(
            f"scores came with values of type {values.dtype}", instead="probabilities as numbers in [0, 1]"
        )
    if values.shape != shape:
        raise InputError(
            f"scores have shape {values.shape}, truth has {shape}", instead="the same rows and labels in both"
        )
    if values.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
        values = values.astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
    outside = ~((values >= 0) & (values <= 1))
    if outside.any():
        row, column = (int(index) for index in np.argwhere(outside)[0])
        worst = values[row, column]
        if np.isnan(worst):
            raise InputError(f"scores hold NaN at row {row}, column {column}", instead="a probability for every entry")
        raise InputError(
            f"scores hold {worst:g} at row {row}, column {column}, outside [0, 1]: these look like logits",
            instead="pass probabilities: 1 / (1 + exp(-logits)), or put a sigmoid after the last layer",
        )
    return values


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
