"""Curves: one value per epoch, from a run's history, Keras' ``history.history``, a CSV log, or plain lists."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.errors import InputError
from tagfit.history import Epoch

Floats = NDArray[np.float64]

# What others call the same thing. Keras' and Lightning's plain `loss` is a mean over the batches of an epoch, measured
# in training mode with moving weights: it is a running loss and no train loss.
NAMES = {
    "running_loss": ("running_loss", "loss", "train_loss_epoch", "train/loss"),
    "train_loss": ("train_loss", "training_loss"),
    "validation_loss": ("validation_loss", "val_loss", "valid_loss", "val/loss"),
    "learning_rate": ("learning_rate", "lr"),
}
EXPECTED = 'such as {"loss": [0.7, 0.5], "val_loss": [0.7, 0.6]}, or a CSV with these columns'


@dataclass(frozen=True, eq=False)
class Curves:
    """What is known of each epoch; a curve that was not kept is None.

    Attributes:
        running_loss: measured while training, dropout on, weights moving.
        train_loss, validation_loss: of the weights at the end of the epoch, in inference mode.
        learning_rate: at the end of the epoch.
        others: every further column by its own name, such as ``val_accuracy``.
    """

    running_loss: Floats | None = None
    train_loss: Floats | None = None
    validation_loss: Floats | None = None
    learning_rate: Floats | None = None
    others: dict[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return max((len(curve) for curve in self._all()), default=0)

    @property
    def fitted_loss(self) -> Floats | None:
        """The train loss, or the running loss where there is no better."""
        return self.train_loss if self.train_loss is not None else self.running_loss

    def _all(self) -> list[Floats]:
        own = (self.running_loss, self.train_loss, self.validation_loss, self.learning_rate, *self.others.values())
        return [curve for curve in own if curve is not None]

    @classmethod
    def of(cls, given: Curves | Mapping[str, Any] | Iterable[Epoch] | str | Path | None) -> Curves | None:
        """Curves from a file, from a mapping of lists, or from our epochs; None stays None, as does an empty history.

        Raises:
            InputError: a file that is none of these, lists of different lengths, values that are no numbers.
        """
        if given is None or isinstance(given, Curves):
            return given
        if isinstance(given, str | Path):
            return cls.of(_read(Path(given)))
        if isinstance(given, Mapping):
            return _from_columns(given)
        return _from_columns(_columns([asdict(epoch) for epoch in given]))


def _from_columns(columns: Mapping[str, Any]) -> Curves | None:
    curves = {name: curve for name, values in columns.items() if (curve := _numbers(str(name), values)) is not None}
    lengths = {len(curve) for curve in curves.values()}
    if len(lengths) > 1:
        told = ", ".join(f"{name}: {len(curve)}" for name, curve in curves.items())
        raise InputError(f"the curves of the history have different lengths ({told})", instead="one value per epoch")
    if not curves or lengths == {0}:
        return None
    found = {own: next((curves[name] for name in names if name in curves), None) for own, names in NAMES.items()}
    taken = {"epoch", *(name for names in NAMES.values() for name in names)}
    return Curves(**found, others={name: curve for name, curve in curves.items() if name not in taken})


def _numbers(name: str, values: Any) -> Floats | None:
    """A column as floats, None as NaN; None for a column without any number."""
    try:
        curve = np.array([np.nan if value is None or value == "" else float(value) for value in values])
    except (TypeError, ValueError):
        raise InputError(
            f"the curve {name!r} of the history contains a value that is not a number", instead=EXPECTED
        ) from None
    return None if len(curve) and np.isnan(curve).all() else curve


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the history {path} cannot be read: {error}") from None
    try:
        if path.suffix == ".jsonl":
            return _columns([json.loads(line) for line in text.splitlines() if line.strip()])
        if path.suffix == ".csv":
            return _columns(list(csv.DictReader(text.splitlines())))
        found = json.loads(text)
    except (json.JSONDecodeError, csv.Error, AttributeError) as error:
        raise InputError(f"the history {path} cannot be read: {error}", instead=EXPECTED) from None
    if isinstance(found, list) and all(isinstance(record, dict) for record in found):
        return _columns(found)
    if not isinstance(found, dict):
        raise InputError(f"the history {path} holds no columns", instead=EXPECTED)
    return found


def _columns(records: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for record in records for name in record if name is not None)
    return {name: [record.get(name) for record in records] for name in names}
