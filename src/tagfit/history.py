"""History: one record per epoch, and the file that grows by one line per epoch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tagfit.errors import InputError
from tagfit.files import disk_faults, to_json, write_text


@dataclass(frozen=True)
class Epoch:
    """What one epoch of training left behind.

    Attributes:
        epoch: counted from 1.
        running_loss: the objective's mean over the epoch's batches, dropout on, weights moving: never to be reported.
        train_loss, validation_loss: binary log loss in nats in inference mode; None where not measured.
        train_label_accuracy, validation_label_accuracy: likewise, in [0, 1].
        monitored: the validation metric that patience watches; None without validation, or where it is undefined.
        learning_rate: at the last step of the epoch.
        seconds: wall-clock time of the epoch, measuring included.
    """

    epoch: int
    running_loss: float
    train_loss: float | None
    validation_loss: float | None
    train_label_accuracy: float | None
    validation_label_accuracy: float | None
    monitored: float | None
    learning_rate: float
    seconds: float


History = tuple[Epoch, ...]


def append(path: Path, epoch: Epoch) -> None:
    """Add one line to ``history.jsonl``."""
    with disk_faults(path), path.open("a", encoding="utf-8") as file:
        file.write(_line(epoch))


def settle(path: Path) -> None:
    """Wait until what was appended is on the disk, so that a checkpoint may count on it."""
    with disk_faults(path), path.open("a") as file:
        os.fsync(file.fileno())


def save(path: Path, history: Iterable[Epoch]) -> None:
    """Rewrite the whole file (a resumed run drops what its checkpoint had not reached)."""
    write_text(path, "".join(map(_line, history)))


def load(path: Path) -> History:
    """Read ``history.jsonl``; a last line cut short by a crash is dropped.

    Raises:
        InputError: a line that is not a record of an epoch.
    """
    if not path.exists():
        return ()
    names = {field.name for field in fields(Epoch)}
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    history = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            record = json.loads(line)
            history.append(Epoch(**{name: record[name] for name in names}))
        except (ValueError, RecursionError, KeyError, TypeError):
            if number == len(lines):
                break
            raise InputError(f"line {number} of {path} is not a record of an epoch: {line[:80]!r}") from None
    return tuple(history)


def _line(epoch: Epoch) -> str:
    return to_json(asdict(epoch), indent=None) + "\n"
