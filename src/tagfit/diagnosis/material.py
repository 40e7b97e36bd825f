"""Material: all input of a diagnosis; arrays are taken as they are, whatever framework they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.diagnosis.histories import Curves
from tagfit.errors import InputError
from tagfit.evaluation.cases import Cases
from tagfit.evaluation.totals import Observed
from tagfit.goal import Bound
from tagfit.pairing import paired
from tagfit.recipe import Recipe
from tagfit.scores import ROUNDING, Scores

FIELDS = ("truth", "scores", "known", "labels", "ids", "groups", "weights", "inputs")


@dataclass(frozen=True, eq=False)
class Side:
    """Truth and raw outputs of one split.

    Attributes:
        name: ``train``, ``validation`` or ``cross-fit``.
        raw: (N, L) numbers as given: probabilities, or logits by mistake.
        scores: the same as probabilities; logits are passed through a sigmoid.
        named: whether its rows have ids of their own rather than row numbers.
        inputs: (N, D) features or (N, H, W, C) uint8 pixels, or None.
    """

    name: str
    raw: NDArray[Any]
    scores: Scores
    named: bool = False
    inputs: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def truth(self) -> NDArray[np.uint8]:
        """uint8 (N, L), 0 where unknown."""
        return self.scores.truth

    @property
    def known(self) -> NDArray[np.bool_]:
        """bool (N, L)."""
        return self.scores.known

    @property
    def labels(self) -> tuple[str, ...]:
        """L names."""
        return self.scores.labels

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """(N, L) in [0, 1]."""
        return self.scores.scores.astype(np.float64)

    @cached_property
    def predicted(self) -> NDArray[np.bool_]:
        """Where the score is above 0.5 and the truth is known, (N, L)."""
        return self.observed.cases.predicted

    @cached_property
    def observed(self) -> Observed:
        """The totals that metrics are computed from."""
        return Observed(Cases.of(self.scores))

    @cached_property
    def positives(self) -> NDArray[np.int64]:
        """Known positives of each label, (L,)."""
        return np.asarray(self.truth.sum(axis=0, dtype=np.int64))

    @cached_property
    def negatives(self) -> NDArray[np.int64]:
        """Known negatives of each label, (L,)."""
        return np.asarray(self.known.sum(axis=0, dtype=np.int64) - self.positives)

    @property
    def outside(self) -> bool:
        """Whether raw values are outside [0, 1]."""
        return bool(len(self.raw) and (self.raw.min() < -ROUNDING or self.raw.max() > 1 + ROUNDING))

    @property
    def has_one_label_a_row(self) -> bool:
        """Whether every row has exactly one tag, which makes it a multi-class problem."""
        return bool((self.truth.sum(axis=1) == 1).all())

    @property
    def holds_pictures(self) -> bool:
        """Whether ``inputs`` are pixels."""
        return self.inputs is not None and self.inputs.ndim == 4

    @classmethod
    def of(cls, name: str, given: Any, labels: Sequence[str] | None = None) -> Side:
        """Make a side from ``(truth, scores)``, ``(truth, scores, inputs)``, a mapping of FIELDS, Scores, or a Side.

        Raises:
            InputError: anything else, shapes that differ, NaN.
        """
        if isinstance(given, Side):
            return given
        fields = _fields(name, given)
        names = fields.get("labels") if fields.get("labels") is not None else labels
        pair = paired(fields.pop("truth"), fields.pop("scores"), known=fields.pop("known", None), labels=names, of=name)
        truth, known = pair.truth, pair.known
        raw = _finite(name, pair.scores, truth.shape)
        inputs = fields.pop("inputs", None)
        if inputs is not None:
            inputs = np.asarray(inputs)
            if inputs.ndim not in (2, 4) or len(inputs) != len(truth):
                raise InputError(
                    f"the inputs of {name} have shape {inputs.shape}, but the truth has {len(truth)} rows",
                    instead="(rows, features), or (rows, height, width, colours)",
                )
        fields["labels"] = names if names is not None else pair.columns
        fields["ids"] = fields["ids"] if fields.get("ids") is not None else pair.index
        named = fields.get("ids") is not None
        outside = len(raw) and (raw.min() < -ROUNDING or raw.max() > 1 + ROUNDING)
        probabilities = _sigmoid(raw) if outside else np.clip(raw, 0, 1)
        scores = Scores.of(truth, probabilities, known=known, split=name, **fields)
        return cls(name, raw, scores, named, inputs)


@dataclass(frozen=True, eq=False)
class Material:
    """All input of a diagnosis; fields that are None make some checks inconclusive.

    Attributes:
        train, validation: scores of the weights that were kept, in inference mode, without augmentation.
        cross_fit: out-of-fold scores of the train rows.
        held_out: train and validation with scores of linear models on a backbone's features that did not see the rows.
        curves: one value per epoch.
        recipe: the recipe of the run, if it is a run.
        kept_epoch: the epoch whose weights gave the scores, if known.
        goal: the bounds to meet.
        metrics: the metrics that the user reports or selects by; empty if none are named.
        notes: remarks to print with the findings.
    """

    train: Side | None = None
    validation: Side | None = None
    cross_fit: Side | None = None
    held_out: tuple[Side, ...] = ()
    curves: Curves | None = None
    recipe: Recipe | None = None
    kept_epoch: int | None = None
    goal: tuple[Bound, ...] = ()
    metrics: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sides(self) -> tuple[Side, ...]:
        """Train and validation, if present."""
        return tuple(side for side in (self.train, self.validation) if side is not None)

    @property
    def judged(self) -> Side | None:
        """The split on which outputs are checked: validation, or else train."""
        return self.validation if self.validation is not None else self.train

    @property
    def labels(self) -> tuple[str, ...]:
        """The label names; empty without scores."""
        return self.sides[0].labels if self.sides else ()


def _fields(name: str, given: Any) -> dict[str, Any]:
    if isinstance(given, Scores):
        fields = {field: getattr(given, field) for field in FIELDS if field != "inputs"}
        if np.array_equal(given.ids, np.arange(len(given)).astype(np.str_)):
            fields["ids"] = None  # row numbers, not ids of their own: equal ones in two splits prove nothing
    elif isinstance(given, Mapping):
        fields = dict(given)
    elif isinstance(given, tuple | list) and len(given) in (2, 3):
        fields = dict(zip(("truth", "scores", "inputs"), given, strict=False))
    else:
        raise InputError(f"{name} is a {type(given).__name__}", instead=f"{name}=(truth, scores)")
    unknown = sorted(set(fields) - set(FIELDS))
    missing = [field for field in ("truth", "scores") if fields.get(field) is None]
    if unknown or missing:
        raise InputError(
            f"{name} has the fields {sorted(fields)}", instead=f"truth and scores, optionally {', '.join(FIELDS[2:])}"
        )
    return fields


def _finite(name: str, values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if values.shape != shape:
        raise InputError(
            f"the scores of {name} have shape {values.shape}, the truth has shape {shape}",
            instead="one number per row and label",
        )
    values = values if values.dtype.kind == "f" else values.astype(np.float64)
    if not np.isfinite(values).all():
        row, column = (int(index) for index in np.argwhere(~np.isfinite(values))[0])
        raise InputError(
            f"the scores of {name} contain {values[row, column]} at row {row}, column {column} "
            f"({int((~np.isfinite(values)).sum())} such values)",
            instead="a finite number for every entry; a training that diverged gives NaN",
        )
    return values


def _sigmoid(raw: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(raw.astype(np.float64), -500, 500))))
