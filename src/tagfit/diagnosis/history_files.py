"""History files: the training logs of Keras, Lightning, fastai, timm and Hugging Face become one row per epoch."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagfit.errors import InputError

EXPECTED = 'such as {"loss": [0.7, 0.5], "val_loss": [0.7, 0.6]}, or a CSV with these columns'
DELIMITERS = (",", ";", "\t", "|")
EPOCH = "epoch"
# A log that numbers more epochs than this counts something else, such as steps.
MOST_EPOCHS = 100_000
# The last record of a Hugging Face trainer: figures of the whole training, not of an epoch.
WHOLE_TRAINING = "train_runtime"


@dataclass(frozen=True)
class Table:
    """The columns of a history, one value per epoch.

    Attributes:
        columns: values by name; None where an epoch has no value.
        notes: what was done to get there.
    """

    columns: dict[str, list[Any]]
    notes: tuple[str, ...] = ()


def read_history_file(path: Path) -> Table:
    """Read a training log, whatever wrote it; the form is recognised by content, not by the file's ending.

    JSON: a mapping of lists (Keras), what ``DataFrame.to_json`` writes, a list of records, or a
    ``trainer_state.json``. JSON Lines: one record per line. Text: a table with a header line, separated by commas,
    semicolons, tabs or ``|``.

    Raises:
        InputError: a file that cannot be read or is none of these.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the history {path} cannot be read: {error}") from None
    try:
        found = _parse(text)
    except (ValueError, RecursionError, csv.Error) as error:
        raise InputError(f"the history {path} cannot be read: {error}", instead=EXPECTED) from None
    if found is None:
        raise InputError(f"the history {path} holds no columns", instead=EXPECTED)
    return table_of(found)


def table_of(found: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Table:
    """A mapping of columns, or records, as one row per epoch."""
    if not isinstance(found, Mapping):
        return _by_epoch(found)
    columns = {str(name): _listed(values) for name, values in found.items()}
    lengths = {len(values) for values in columns.values()}
    if len(lengths) == 1 and _epoch_column(columns) is not None:
        names = list(columns)
        return _by_epoch([dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)])
    return _spread(columns)


def _parse(text: str) -> Mapping[str, Any] | list[Mapping[str, Any]] | None:
    """The content of a file as columns or records; None where it is neither."""
    start = text.lstrip()[:1]
    if start not in ("{", "["):
        return _delimited(text)
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        if start == "[" or "\n" not in text.strip():
            raise
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    return _unwrapped(found)


def _unwrapped(found: Any) -> Mapping[str, Any] | list[Mapping[str, Any]] | None:
    """The columns or records inside what Hugging Face, Keras and pandas put around them."""
    if isinstance(found, dict):
        if isinstance(found.get("log_history"), list):
            found = [one for one in found["log_history"] if isinstance(one, dict) and WHOLE_TRAINING not in one]
        elif isinstance(found.get("history"), dict):
            found = found["history"]
        elif {"columns", "data"} <= found.keys():
            found = [dict(zip(found["columns"], row, strict=False)) for row in found["data"]]
        elif found and all(name.isdigit() and isinstance(value, dict) for name, value in found.items()):
            found = list(found.values())
    if isinstance(found, dict):
        return found
    if isinstance(found, list) and found and all(isinstance(record, dict) for record in found):
        return found
    return None


def _delimited(text: str) -> list[Mapping[str, Any]] | None:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return None
    delimiter = max(DELIMITERS, key=lines[0].count)
    if not lines[0].count(delimiter) and len(lines[0].split()) > 1:
        rows = [line.split() for line in lines]
    else:
        rows = list(csv.reader(lines, delimiter=delimiter))
    header = [name.strip() for name in rows[0]]
    decimal_comma = delimiter == ";"
    return [
        {
            name: cell.strip().replace(",", ".") if decimal_comma else cell.strip()
            for name, cell in zip(header, row, strict=False)
            if name  # pandas writes its index under an empty name
        }
        for row in rows[1:]
    ]


def _listed(values: Any) -> list[Any]:
    """A column as a list: ``DataFrame.to_json`` writes a mapping from row number to value."""
    if isinstance(values, Mapping):
        return list(values.values())
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        return [values]
    return list(values)


def _spread(columns: dict[str, list[Any]]) -> Table:
    """Columns of one length; a validation column that has every k-th epoch only is spread out.

    Keras' ``fit(validation_freq=k)`` writes such columns.
    """
    longest = max((len(values) for values in columns.values()), default=0)
    notes = []
    for name, values in columns.items():
        every = longest // max(len(values), 1)
        if len(values) == longest:
            continue
        if every < 2 or longest // every != len(values) or not name.lower().startswith(("val", "eval")):
            lengths = ", ".join(f"{name}: {len(values)}" for name, values in columns.items())
            raise InputError(
                f"the curves of the history have different lengths ({lengths})",
                instead="one value per epoch, or with validation_freq=k every k-th epoch for validation",
            )
        spread: list[Any] = [None] * longest
        spread[every - 1 :: every] = values
        columns[name] = spread
        notes.append(f"{name} has {len(values)} values for {longest} epochs: read as validation_freq={every}")
    return Table(columns, tuple(notes))


def _epoch_column(columns: Mapping[str, Any]) -> str | None:
    return next((name for name in columns if isinstance(name, str) and name.strip().lower() == EPOCH), None)


def _by_epoch(records: Sequence[Mapping[str, Any]]) -> Table:
    """Records joined by their epoch number: the last value of each column in an epoch.

    Where the number goes back, the training was resumed or started again: later records replace the epochs from
    there on. Without an epoch column each record is an epoch.
    """
    names = list(dict.fromkeys(name for record in records for name in record if isinstance(name, str)))
    key = _epoch_column(dict.fromkeys(names))
    numbers = [] if key is None else [_number(record.get(key)) for record in records]
    if key is None or not any(number is not None for number in numbers):
        return Table({name: [record.get(name) for record in records] for name in names})
    fractional = any(number is not None and number != int(number) for number in numbers)
    found: dict[int, dict[str, Any]] = {}
    at, restarts = None, 0
    for record, number in zip(records, numbers, strict=True):
        if number is not None:
            now = math.ceil(number) if fractional else int(number)
            if at is not None and now < at:
                restarts += 1
                found = {epoch: values for epoch, values in found.items() if epoch < now}
            at = now
        if at is None:
            continue
        values = {name: value for name, value in record.items() if name != key and value not in (None, "")}
        found.setdefault(at, {}).update(values)
    first, last = min(min(found), 1), max(found)
    if first < 0 or last - first >= MOST_EPOCHS:
        raise InputError(f"the history numbers its epochs from {first} to {last}", instead="numbers from 0 or 1 on")
    columns = {
        name: [found.get(epoch, {}).get(name) for epoch in range(first, last + 1)] for name in names if name != key
    }
    notes = []
    if len(records) > len(found):
        notes.append(f"{len(records)} rows of the history belong to {last - first + 1} epochs")
    if restarts:
        notes.append("the epoch number of the history goes back: where an epoch is logged twice, the later one counts")
    return Table(columns, tuple(notes))


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
