"""Histories: the curves of a training, one value per epoch, from our own history, a mapping, a frame or a log file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.diagnosis.history_files import EPOCH, EXPECTED, Table, read_history_file, table_of
from tagfit.errors import InputError
from tagfit.history import Epoch

Floats = NDArray[np.float64]

# What others call the same thing, in lower case with "_" for spaces and hyphens. The plain `loss` of Keras and
# Lightning is a mean over the batches of an epoch, measured in training mode while the weights change: a running loss.
NAMES = {
    "running_loss": ("running_loss", "loss", "train_loss_epoch", "train/loss", "train/loss_epoch", "training/loss"),
    "train_loss": ("train_loss", "training_loss"),
    "validation_loss": (
        *("validation_loss", "val_loss", "valid_loss", "eval_loss", "dev_loss", "val_loss_epoch"),
        *("val/loss", "valid/loss", "validation/loss", "eval/loss"),
    ),
    "learning_rate": ("learning_rate", "lr", "train/learning_rate"),
}
LOSSES = ("running_loss", "train_loss", "validation_loss")
# In logs with one of these columns (Lightning, fastai, timm, Hugging Face) `train_loss` is a running loss, too.
RUNNING_IN_LOGS_WITH = {"step", "valid_loss", "eval_loss"}
# From so many epochs without a value of any loss at the end on, the values were not left out but not finite:
# pandas writes NaN as an empty cell or as null.
BLANK_AT_THE_END = 2
# How an epoch without a value is stored until divergence has been looked for; NaN then still means NaN.
BLANK = -np.inf


@dataclass(frozen=True, eq=False)
class Curves:
    """What is known of each epoch; a curve that was not kept is None, an epoch without a value NaN.

    Attributes:
        running_loss: measured while training, dropout on, weights changing.
        train_loss, validation_loss: of the weights at the end of the epoch, in inference mode.
        learning_rate: at the end of the epoch.
        others: every further column by its own name, such as ``val_accuracy``.
        diverged_at: the first epoch, from 1, whose loss was NaN or infinite; None where all were finite.
        notes: what was done to read the history, and which columns were left out.
    """

    running_loss: Floats | None = None
    train_loss: Floats | None = None
    validation_loss: Floats | None = None
    learning_rate: Floats | None = None
    others: dict[str, Floats] = field(default_factory=dict)
    diverged_at: int | None = None
    notes: tuple[str, ...] = ()

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
    def of(cls, given: Any) -> Curves | None:
        """Curves from a log file, a mapping of lists, a frame, Keras' ``History`` or our own epochs.

        Args:
            given: one of these; None and an empty history give None.

        Raises:
            InputError: a file of another form, curves of different lengths, a loss that is not a number.
        """
        if given is None or isinstance(given, Curves):
            return given
        if isinstance(given, str | Path):
            return _curves(read_history_file(Path(given)))
        if isinstance(history := getattr(given, "history", None), Mapping):  # what Keras' fit returns
            return _curves(table_of(history))
        if isinstance(given, Mapping):
            return _curves(table_of(given))
        if hasattr(given, "columns"):  # pandas, polars: NaN is how a frame writes "no value"
            frame = {
                str(name): [None if _is_blank(value) else value for value in given[name]] for name in given.columns
            }
            return _curves(table_of(frame))
        if not isinstance(given, Iterable):
            raise InputError(f"the history is a {type(given).__name__}", instead=EXPECTED)
        records = [asdict(epoch) if isinstance(epoch, Epoch) else epoch for epoch in given]
        if not all(isinstance(record, Mapping) for record in records):
            raise InputError("the history is not a list of records", instead=EXPECTED)
        return _curves(table_of(records))


def _curves(table: Table) -> Curves | None:
    curves, left_out = _numeric(table.columns)
    if not curves or not len(next(iter(curves.values()))):
        return None
    plain = {_plain(name): name for name in reversed(curves)}
    found = {own: next((plain[name] for name in names if name in plain), None) for own, names in NAMES.items()}
    if found["learning_rate"] is None:  # Lightning's monitor writes lr-Adam
        found["learning_rate"] = next((name for name in curves if _plain(name).startswith("lr_")), None)
    if found["running_loss"] is None and RUNNING_IN_LOGS_WITH & (plain.keys() | set(map(_plain, table.columns))):
        found["running_loss"], found["train_loss"] = found["train_loss"], None
    losses = [curves[name] for own in LOSSES if (name := found[own]) is not None]
    diverged = _diverged_at(losses)
    notes = list(table.notes)
    if left_out:
        notes.append(f"columns of the history that are not numbers were left out: {', '.join(left_out)}")
    if not losses:
        notes.append(f"no loss was recognised among the columns of the history: {', '.join(curves)}")
    for curve in curves.values():
        curve[~np.isfinite(curve)] = np.nan
    taken = {EPOCH, *(name for names in NAMES.values() for name in names)}
    others = {name: curve for name, curve in curves.items() if name not in found.values() and _plain(name) not in taken}
    own = {name: None if column is None else curves[column] for name, column in found.items()}
    return Curves(**own, others=others, diverged_at=diverged, notes=tuple(notes))


def _numeric(columns: Mapping[str, list[Any]]) -> tuple[dict[str, Floats], list[str]]:
    """The columns that hold numbers, and the names of those that do not; a column without any value is neither.

    Raises:
        InputError: a loss with a value that is not a number.
    """
    curves, left_out = {}, []
    known = {name for own in LOSSES for name in NAMES[own]}
    for name, values in columns.items():
        if all(value in (None, "") for value in values):
            continue
        try:
            curves[name] = np.array([BLANK if value is None or value == "" else _float(value) for value in values])
        except (TypeError, ValueError):
            if _plain(name) in known:
                wrong = next(value for value in values if not _is_number(value))
                raise InputError(f"the curve {name!r} of the history holds {wrong!r}", instead=EXPECTED) from None
            left_out.append(name)
    return curves, left_out


def _is_blank(value: Any) -> bool:
    """How a frame writes that there is no value: NaN, or pandas' NA, which cannot be compared."""
    return type(value).__name__ == "NAType" or bool(value != value)


def _float(value: Any) -> float:
    number = float(value)
    return np.nan if number == BLANK else number


def _is_number(value: Any) -> bool:
    try:
        float(value if value not in (None, "") else 0)
    except (TypeError, ValueError):
        return False
    return True


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _diverged_at(losses: list[Floats]) -> int | None:
    """The first epoch, from 1, whose loss is infinite, or from which on a loss is NaN, or every loss blank, to the end.

    A training does not recover from NaN: a NaN with finite values after it is an epoch that was not measured.
    """
    if not losses:
        return None
    explicit = np.any([(loss == np.inf) | (np.isnan(loss) & ~_finite_later(loss)) for loss in losses], axis=0)
    if explicit.any():
        return int(explicit.argmax()) + 1
    blank = np.all([loss == BLANK for loss in losses], axis=0)
    at_the_end = len(blank) if blank.all() else int(blank[::-1].argmin())
    return len(blank) - at_the_end + 1 if at_the_end >= BLANK_AT_THE_END else None


def _finite_later(loss: Floats) -> NDArray[np.bool_]:
    """For each epoch whether a finite value follows."""
    finite = np.isfinite(loss)
    return np.append(np.logical_or.accumulate(finite[::-1])[::-1][1:], False)
