"""Scores: the probabilities of one split, with truth and mask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagfit import arraylike, literals
from tagfit.arguments import checked
from tagfit.display import Shown, few
from tagfit.errors import InputError, listed
from tagfit.files import written_whole
from tagfit.npz import load_arrays
from tagfit.pairing import paired

RIGHT_NPZ = "np.savez(path, truth=Y, scores=probabilities), and labels, known, groups, ids where there are any"
# Sums and means of probabilities leave [0, 1] by rounding; what lies no further outside is clipped.
ROUNDING = 1e-6
# Scores that are never negative and reach beyond this are percentages rather than logits.
LEAST_PERCENT = 10


@dataclass(frozen=True, eq=False, repr=False)
class Scores(Shown):
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

    def lines(self) -> list[str]:
        """What is shown: how much there is of what."""
        rows, width = self.scores.shape
        unknown = int((~self.known).sum())
        more = [
            *([f"{unknown} of {rows * width} entries unknown"] if unknown else []),
            *(["groups"] if self.groups is not None else []),
            *(["weights"] if self.weights is not None else []),
        ]
        of = f" of {self.split}" if self.split else ""
        return [
            f"Scores{of}: {rows} rows, {width} labels" + "".join(f", {one}" for one in more),
            f"  labels: {few(self.labels)}",
        ]

    @classmethod
    @checked(only_names=True)
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
            truth: (N, L) of 0 and 1, NaN, None, masked or -1 where unknown; or N lists of tags, with ``labels`` or
                scores with named columns.
            scores: (N, L) in [0, 1]. Two frames are aligned by the names of their columns and, where both have an
                index, of their rows; without names the order is taken as it is.
            known: (N, L), False where unknown.
            labels: L distinct names; None for the names of the columns, or ``label_0`` and so on.
            ids: N unique names of rows; None for the index of a frame, or the numbers of the rows.
            groups: N group names; a row without one (None, NaN or '') stands alone.
            weights: N finite weights of 0 or more, not all 0; a weight counts as that many copies of its row.
            split: the name of the split.

        Raises:
            InputError: shapes or names that differ, no label, labels or ids given twice, values outside [0, 1] (these
                look like logits), or weights of another form.
        """
        _refuse_one_text(labels)
        pair = paired(truth, scores, known=known, labels=labels)
        checked_truth, mask = pair.truth, pair.known
        values = check_probabilities(pair.scores, checked_truth.shape)
        n, width = checked_truth.shape
        if width == 0:
            raise InputError(f"truth has shape {checked_truth.shape}: no label", instead="one column for each label")
        ids = ids if ids is not None else pair.index
        row_ids = np.arange(n).astype(np.str_) if ids is None else _texts(ids, n, "ids")
        _refuse_repeated(row_ids.tolist(), "ids name the same row twice", "one distinct id for each row")
        return cls(
            scores=values,
            truth=checked_truth,
            known=mask,
            labels=check_labels(labels if labels is not None else pair.columns, width),
            ids=row_ids,
            groups=None if groups is None else _groups(groups, n),
            weights=None if weights is None else _check_weights(weights, n),
            split=split,
        )

    @checked()
    def save(self, path: str | Path) -> None:
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
        with written_whole(Path(path)) as file:
            np.savez(file, **arrays)

    @classmethod
    @checked()
    def load(cls, path: str | Path, split: str = "") -> Scores:
        """Read what :meth:`save` wrote, or any ``.npz`` with ``truth`` and ``scores``; nothing in it can run code.

        Raises:
            InputError: no such file, another format, or arrays that :meth:`of` refuses.
        """
        arrays = load_arrays(Path(path), right_form=RIGHT_NPZ)
        missing = [name for name in ("truth", "scores") if name not in arrays]
        if missing:
            raise InputError(
                f"{path} holds {sorted(arrays)}, but not {' and '.join(missing)}",
                instead=RIGHT_NPZ,
            )
        optional: dict[str, Any] = {name: arrays.get(name) for name in ("known", "labels", "ids", "groups", "weights")}
        return cls.of(arrays["truth"], arrays["scores"], split=split, **optional)


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


def check_labels(labels: Sequence[str] | None, width: int) -> tuple[str, ...]:
    """``width`` distinct names as a tuple; ``label_0``, ``label_1`` ... without any.

    Raises:
        InputError: one text instead of several, another number of names, or a name given twice.
    """
    if labels is None:
        return tuple(f"label_{i}" for i in range(width))
    _refuse_one_text(labels)
    try:
        names = tuple(_text(label) for label in labels)
    except TypeError:
        raise InputError(f"labels is {labels!r}", instead="a list of names") from None
    if len(names) != width:
        raise InputError(f"{len(names)} label names for {width} columns", instead="one name for each column")
    _refuse_repeated(names, "labels are given twice", "distinct names, since thresholds and results are found by name")
    return names


def _refuse_one_text(labels: object) -> None:
    if isinstance(labels, str | bytes):
        raise InputError(f"labels is a single string, {labels!r}", instead=f"a list of names, such as [{labels!r}]")


def as_numbers(values: ArrayLike, name: str, expected: str) -> NDArray[np.float64]:
    """Numbers of any library as float64. Texts are refused: ``x`` and ``yes`` mean 1 in a truth, and nothing here.

    Raises:
        InputError: what holds no numbers, with ``expected``, the form that would have been right.
    """
    if isinstance(values, int | float | np.number):
        return np.asarray(values, dtype=np.float64)
    numbers = arraylike.read(values, name, expected=expected).values.astype(np.float64)
    if isinstance(values, list | tuple | np.ndarray):
        text = next((one for one in np.asarray(values).ravel().tolist() if isinstance(one, str | bytes)), None)
        if text is not None:
            raise InputError(f"{name} hold {text!r}", instead=expected)
    return numbers


def _check_weights(values: ArrayLike, n: int) -> NDArray[np.float64]:
    form = "a finite weight of 0 or more for each row"
    weights = _one_per_row(as_numbers(values, "weights", form), n, "weights")
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(f"weights hold {weights[row]:g} at row {row}", instead=form)
    if n and not weights.any():
        raise InputError("all weights are 0, so that no metric is defined", instead="a positive weight for some rows")
    return weights


def _groups(values: ArrayLike, n: int) -> NDArray[np.str_]:
    try:
        names = literals.names(values)
    except (ValueError, TypeError) as error:
        raise InputError(f"groups cannot be read: {error}", instead="one group name for each row") from None
    return _one_per_row(names, n, "groups")


def _texts(values: ArrayLike, n: int, name: str) -> NDArray[np.str_]:
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{name} cannot be read: {error}", instead=f"one of {name} for each row") from None
    array = _one_per_row(array, n, name)
    return array if array.dtype.kind == "U" else np.array([_text(value) for value in array.tolist()], dtype=np.str_)


def _text(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _one_per_row(values: NDArray[Any], n: int, name: str) -> NDArray[Any]:
    if values.shape != (n,):
        raise InputError(
            f"{name} have shape {values.shape}, the truth has {n} rows", instead=f"one of {name} for each row"
        )
    return values


def _refuse_repeated(names: Sequence[str], what: str, instead: str) -> None:
    if len(set(names)) < len(names):
        repeated = [name for name, count in Counter(names).items() if count > 1]
        raise InputError(f"{what}: {listed(repeated)}", instead=instead)
