"""Label selection: which labels in which order, and the alignment of several sources."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.pictures.sources import Place
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError
from tagfit.errors import listed as listed


@dataclass(frozen=True)
class Selection:
    """Which labels of a source are wanted.

    Attributes:
        labels: exactly these, in this order; None for all.
        exclude: shell patterns (``*``, ``?``, ``[ab]``; case matters) of labels to leave out.
        min_positives: labels that are known to be on fewer rows are left out.
    """

    labels: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    min_positives: int = 0

    @classmethod
    def of(
        cls,
        labels: str | Path | Sequence[str] | None = None,
        exclude_labels: str | Sequence[str] = (),
        min_positives: int = 0,
    ) -> Selection:
        """The selection that a user spelled: ``labels`` is a file of names, ``"a,b"``, or a list of names."""
        if min_positives < 0:
            raise InputError(f"min_positives is {min_positives}", instead="0 or more")
        patterns = (exclude_labels,) if isinstance(exclude_labels, str) else tuple(exclude_labels)
        return cls(None if labels is None else requested(labels), patterns, int(min_positives))

    def to_dict(self) -> dict[str, Any]:
        """The arguments of :meth:`of` as plain JSON values."""
        return {
            "labels": None if self.labels is None else list(self.labels),
            "exclude_labels": list(self.exclude),
            "min_positives": self.min_positives,
        }

    def excludes(self, name: str) -> bool:
        """Whether a pattern leaves this label out."""
        return any(fnmatchcase(name, pattern) for pattern in self.exclude)


def requested(labels: str | Path | Sequence[str]) -> tuple[str, ...]:
    """The names that ``labels`` stands for: a file (one name a line), ``"a,b"``, or a list of names.

    Raises:
        InputError: no name, a name twice, or a file that cannot be read.
    """
    if isinstance(labels, Path) or (isinstance(labels, str) and _is_file(labels)):
        return names_in_file(Path(labels))
    names = labels.split(",") if isinstance(labels, str) else list(labels)
    return _distinct([str(name).strip() for name in names], "labels")


def names_in_file(path: Place) -> tuple[str, ...]:
    """The label names of a text file, one a line, in its order; empty lines do not count."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as a list of labels: {_reason(error)}") from None
    return _distinct([line.strip() for line in text.splitlines()], str(path))


def select(data: TaggedSet, selection: Selection) -> TaggedSet:
    """``data`` with only the labels of ``selection``; what was left out is recorded in its notes.

    Raises:
        InputError: a label asked for that the data does not have, or no label left.
    """
    column = {name: index for index, name in enumerate(data.labels)}
    wanted = data.labels if selection.labels is None else selection.labels
    faults = [no_such_label(name, data.labels) for name in wanted if name not in column]
    if faults:
        raise InputError(faults)
    notes = []
    if selection.labels is not None:
        asked = set(wanted)
        notes += _left_out("not among the labels asked for", [name for name in data.labels if name not in asked])
    excluded = [name for name in wanted if selection.excludes(name)]
    notes += _left_out(f"excluded by {', '.join(repr(pattern) for pattern in selection.exclude)}", excluded)
    positives = data.truth.sum(axis=0, dtype=np.int64)
    kept = [name for name in wanted if not selection.excludes(name)]
    rare = [name for name in kept if positives[column[name]] < selection.min_positives]
    notes += _left_out(f"on fewer than {selection.min_positives} rows", rare)
    kept = [name for name in kept if positives[column[name]] >= selection.min_positives]
    if not kept:
        raise InputError(
            Fault(f"none of the {len(data.labels)} labels remains", instead="; ".join(notes) or "tag a picture")
        )
    columns = [column[name] for name in kept]
    chosen = data if tuple(kept) == data.labels else _with_columns(data, columns, tuple(kept))
    return replace(chosen, notes=(*data.notes, *notes))


def align(data: TaggedSet, labels: Sequence[str]) -> TaggedSet:
    """``data`` with exactly ``labels`` as its columns, matched by name (for a second source of the same problem).

    A label that the source does not name is absent or unknown on all its rows, as ``data.unlisted`` says. A label that
    it has beyond ``labels`` is left out. Both are reported: the former in the notes, the latter as a warning.

    Raises:
        InputError: no name is shared.
    """
    names = tuple(labels)
    if data.vocabulary is not None:
        data = replace(data, labels=tuple(data.vocabulary.respelled(data.labels, names)))
    if names == data.labels:
        return data
    column = {name: index for index, name in enumerate(data.labels)}
    if not column.keys() & set(names):
        raise InputError(
            f"no label is shared: one source has {listed(names)}, the other {listed(data.labels)}",
            instead="the same names, spelled alike, in both",
        )
    lacking = [name for name in names if name not in column]
    shared = set(names)
    beyond = [name for name in data.labels if name not in shared]
    truth = np.zeros((len(data), len(names)), dtype=np.uint8)
    known = np.full(truth.shape, data.unlisted == "absent")
    here = [index for index, name in enumerate(names) if name in column]
    there = [column[names[index]] for index in here]
    truth[:, here], known[:, here] = data.truth[:, there], data.known[:, there]
    notes = (f"labels that this source does not name, taken as {data.unlisted}: {listed(lacking)}",) if lacking else ()
    warnings = (Fault(f"labels that only this source has, left out: {listed(beyond)}"),) if beyond else ()
    return replace(
        data,
        truth=truth,
        known=known,
        labels=names,
        notes=(*data.notes, *notes),
        warnings=(*data.warnings, *warnings),
    )


def require_learnable(data: TaggedSet) -> None:
    """Refuse labels with only known positives: a constant "yes" would be perfect, and worthless.

    Raises:
        InputError: one fault per label, with the options.
    """
    positives = data.truth.sum(axis=0, dtype=np.int64)
    unlearnable = np.flatnonzero((positives > 0) & (positives == data.known.sum(axis=0, dtype=np.int64)))
    if len(unlearnable):
        raise InputError(
            [
                Fault(f"the label {data.labels[i]!r} is on in all {positives[i]} rows where it is known")
                for i in unlearnable
            ],
            what=f"labels with only known positives cannot be learned; {remedies(data)}",
        )


def remedies(data: TaggedSet) -> str:
    """What makes labels with only known positives learnable, as far as it changes anything for this source."""
    ways = [
        "leave them out (--exclude-labels NAME)",
        "mark rows that lack them (!NAME among the tags, 0 in its column)",
    ]
    if data.absent_by:
        ways.append(f"take what is unknown as absent ({', '.join(data.absent_by)})")
    return f"{', '.join(ways[:-1])}, or {ways[-1]}"


def similar_names(labels: Sequence[str]) -> list[Fault]:
    """Warnings for label names that differ by upper and lower case or by spaces only."""
    spellings: dict[str, list[str]] = {}
    for name in labels:
        spellings.setdefault("".join(name.split()).casefold(), []).append(name)
    return [
        Fault(f"the labels {listed(names)} differ by case or spaces only", instead="one spelling for one label")
        for names in spellings.values()
        if len(names) > 1
    ]


def _with_columns(data: TaggedSet, columns: Sequence[int], names: tuple[str, ...]) -> TaggedSet:
    truth: NDArray[np.uint8] = data.truth[:, columns]
    return replace(data, truth=truth, known=data.known[:, columns], labels=names)


def _left_out(why: str, names: Sequence[str]) -> list[str]:
    return [f"labels left out, {why}: {listed(names)}"] if names else []


def no_such_label(name: str, labels: Sequence[str]) -> Fault:
    """What is wrong with a name that is none of ``labels``, with those that are like it."""
    near = difflib.get_close_matches(name, labels, n=3)
    return Fault(
        f"there is no label {name!r}",
        instead=f"did you mean {listed(near)}?" if near else f"there are {listed(labels)}",
    )


def _distinct(names: Sequence[str], source: str) -> tuple[str, ...]:
    filled = [name for name in names if name]
    if not filled:
        raise InputError(f"{source} names no label", instead="one name a line, or a,b")
    twice = sorted({name for name in filled if filled.count(name) > 1}) if len(set(filled)) < len(filled) else []
    if twice:
        raise InputError(f"{source} names {listed(twice)} more than once", instead="each label once")
    return tuple(filled)


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
