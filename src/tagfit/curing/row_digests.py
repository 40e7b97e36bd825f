"""Row digests: what a Problem holds, one record per row, so that a later check can name what was altered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagfit.data.fingerprint import data_fingerprint, row_digests
from tagfit.data.inputs import read_inputs
from tagfit.data.plan import Plan
from tagfit.data.problem import Problem
from tagfit.data.row_record import RowRecord
from tagfit.errors import InputError
from tagfit.files import to_json, write_text

ROWS = "rows.jsonl"
_SIGNS = {"1": "present", "0": "absent", "?": "unknown"}


@dataclass(frozen=True)
class Row:
    """One picture or feature row.

    Attributes:
        id: its name.
        split: its split.
        digest: hex, of the file's bytes or the raw array row.
        tags: one sign per label: ``1``, ``0``, or ``?`` where unknown.
        group: its group; empty for none.
        weight: of the picture.
    """

    id: str
    split: str
    digest: str
    tags: str
    group: str
    weight: float


def digests_of(problem: Problem) -> NDArray[np.str_]:
    """(N,) digests of the contents of the rows: those that the reader made, else of the raw arrays."""
    return row_digests(problem.inputs) if problem.digests is None else problem.digests


def rows_of(problem: Problem) -> list[Row]:
    """The rows of every split, in the order of their ids."""
    data = problem.data
    signs = np.where(data.known, data.truth.astype("U1"), "?")
    groups = np.full(len(data), "") if data.groups is None else data.groups
    weights = np.ones(len(data)) if data.weights is None else data.weights
    columns = (data.ids, problem.split, digests_of(problem), signs, groups, weights)
    found = [
        Row(str(name), str(split), str(digest), "".join(tags), str(group), float(weight))
        for name, split, digest, tags, group, weight in zip(*columns, strict=True)
    ]
    return sorted(found, key=lambda row: row.id)


def save(rows: list[Row], path: Path) -> None:
    """Write one line per row."""
    write_text(path, "".join(to_json(vars(row), indent=None) + "\n" for row in rows))


def load(path: Path) -> list[Row]:
    """What :func:`save` wrote.

    Raises:
        InputError: no such file, or a line that is not a row.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [Row(**json.loads(line)) for line in lines]
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, TypeError, RecursionError):
        raise InputError(f"{path} does not hold the rows of a certificate") from None


def unchanged(problem: Problem) -> bool:
    """Whether the sources of a Problem, or its arrays in memory, still hold what it was made from.

    Every row is read and hashed again; the splits are not drawn again, because they follow from the rows.
    """
    if problem.source:
        plan = Plan.from_dict(problem.source)
        return RowRecord.of(problem).problem(plan, problem.to_dict()) is not None
    now = read_inputs(problem.data, problem.preprocessing.size, fit=problem.preprocessing.fit)
    complete = len(now.rows) == len(problem.data)
    return complete and data_fingerprint(problem.data, problem.split, now.digests) == problem.fingerprint["data"]


def differences(was: list[Row], now: list[Row], labels: tuple[str, ...]) -> list[str]:
    """What differs between two lists of rows, one sentence each: pixels, tags, split, group, weight, rows as such."""
    before, after = ({row.id: row for row in rows} for rows in (was, now))
    found = [f"{name}: the row is gone" for name in before if name not in after]
    found += [f"{name}: the row is new" for name in after if name not in before]
    for name, old in before.items():
        new = after.get(name)
        if new is None or new == old:
            continue
        if new.digest != old.digest:
            found.append(f"{name}: its content (pixels or features) was altered")
        if new.split != old.split:
            found.append(f"{name}: its split was {old.split}, now {new.split}")
        if new.tags != old.tags:
            found += [
                f"{name}: the tag {label!r} was {_SIGNS[one]}, now {_SIGNS[other]}"
                for label, one, other in zip(labels, old.tags, new.tags, strict=False)
                if one != other
            ]
        found += [
            f"{name}: its {what} was {getattr(old, what)!r}, now {getattr(new, what)!r}"
            for what in ("group", "weight")
            if getattr(old, what) != getattr(new, what)
        ]
    return found
