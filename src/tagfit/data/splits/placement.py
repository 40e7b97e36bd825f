"""Placement: the split of each row, from separate sets, folds, the split column or shares of the remaining rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tagfit.data.tagged import SPLITS, TaggedSet
from tagfit.errors import Fault, InputError

DEFAULT_SHARE = 0.15

Method = Literal["stratified", "random"]
Names = NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Wish:
    """Where the rows of validation or test come from, as far as the user said; at most one of three."""

    role: str
    source: TaggedSet | None = None
    fold: int | None = None
    share: float | None = None

    @property
    def silent(self) -> bool:
        """Whether the user said nothing."""
        return self.source is None and self.fold is None and self.share is None


def wish(role: str, given: TaggedSet | float | None, fold: int | None, share: float | None) -> Wish:
    """What the user said about one split, checked for itself.

    Raises:
        InputError: said twice, or a share outside 0 to 1.
    """
    said = [
        f"{option}={value if isinstance(value, int | float) else 'a set of its own'}"
        for option, value in ((role, given), (f"{role}_fold", fold), (f"{role}_share", share))
        if value is not None
    ]
    if len(said) > 1:
        raise InputError(f"{role} is given in {len(said)} ways: {', '.join(said)}", instead="one of them")
    if given is not None and not isinstance(given, TaggedSet):
        share, given = given, None
    if share is not None and (isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1):
        raise InputError(f"the share of {role} is {share!r}", instead="at least 0 and less than 1, such as 0.15")
    if share == 0 and role == "validation":
        raise InputError(
            "a validation share of 0 leaves nothing to judge on while training", instead="a share such as 0.15"
        )
    return Wish(role, given, fold, share)


def place(
    data: TaggedSet,
    origin: Names,
    wishes: list[Wish],
    *,
    keys: Names,
    groups: Callable[[], Names],
    method: Method,
    seed: int,
) -> tuple[Names, list[str]]:
    """The split of each row, and how it came about.

    Args:
        data: N rows.
        origin: N names: of the split whose own set a row comes from, or ``train``.
        wishes: one for validation, one for test.
        keys: N names that stay with the contents of the rows.
        groups: gives N names of what stays together where rows are drawn, '' alone; only asked where they are.
        method, seed: how rows are drawn.

    Raises:
        InputError: a fold or a column that is not there, rows that the split column leaves out, shares of 1 and more,
            a split without rows.
    """
    names, notes, shares = _assigned(data, origin, wishes)
    notes += _by_share(data, shares, names, keys, groups, method, seed)
    notes += [f"{w.role}: none" for w in wishes if w.role not in shares and w.role not in names]
    names[names == ""] = "train"
    _refuse_empty(data, names, [w.role for w in wishes if w.role in shares or w.source is not None])
    return names, notes


def refuse_impossible(data: TaggedSet, origin: Names, wishes: list[Wish]) -> None:
    """Raise the InputErrors of :func:`place` that are known before anything is decoded or drawn."""
    _assigned(data, origin, wishes)


def _assigned(data: TaggedSet, origin: Names, wishes: list[Wish]) -> tuple[Names, list[str], dict[str, float]]:
    """The split of each row that sources, folds and columns decide ('' elsewhere), notes, and shares to draw."""
    names = np.where(origin == "train", "", origin).astype("U10")
    notes = [f"{w.role}: a set of its own, {_count(names, w.role)} rows" for w in wishes if w.source is not None]
    notes += _by_fold(data, wishes, names)
    by_column = data.split is not None and bool((data.split != "").any()) and any(w.silent for w in wishes)
    if by_column:
        notes += _by_column(data, wishes, names)
    return names, notes, _shares(wishes, names, by_column)


def _by_fold(data: TaggedSet, wishes: list[Wish], names: Names) -> list[str]:
    asked = [w for w in wishes if w.fold is not None]
    if not asked:
        return []
    if data.fold is None:
        raise InputError(
            f"{asked[0].role} is asked for as fold {asked[0].fold}, but the source has no fold column",
            instead=f"a column 'fold' of numbers, or a share of {asked[0].role}",
        )
    numbers = np.unique(data.fold[names == ""]).tolist()
    faults = [
        Fault(f"fold {w.fold} for {w.role} does not exist", instead=f"there are {', '.join(map(str, numbers))}")
        for w in asked
        if w.fold not in numbers
    ]
    if len({w.fold for w in asked}) < len(asked):
        faults.append(Fault(f"validation and test are both fold {asked[0].fold}", instead="two different folds"))
    if faults:
        raise InputError(faults)
    free = names == ""
    for w in asked:
        names[free & (data.fold == w.fold)] = w.role
    return [f"{w.role}: fold {w.fold}, {_count(names, w.role)} rows" for w in asked]


def _by_column(data: TaggedSet, wishes: list[Wish], names: Names) -> list[str]:
    assert data.split is not None
    nameless = np.flatnonzero(~np.isin(data.split, SPLITS) & (names == ""))
    if len(nameless):
        raise InputError(
            (Fault(f"split is {str(data.split[row])!r}", f"row {row + 1}, {data.ids[row]}") for row in nameless),
            what="the split column must say train, validation or test in every row "
            "(or ask for validation and test by share or fold, then it is not used)",
        )
    notes = []
    for w in wishes:
        if w.silent:
            names[(names == "") & (data.split == w.role)] = w.role
            if w.role in names:
                notes.append(f"{w.role}: the split column, {_count(names, w.role)} rows")
    return notes


def _shares(wishes: list[Wish], names: Names, by_column: bool) -> dict[str, float]:
    """The share of what is free that each split gets by drawing; splits that are placed already have none."""
    shares: dict[str, float] = {}
    for w in wishes:
        if w.share:
            shares[w.role] = float(w.share)
        elif w.silent and w.role not in names and (w.role == "validation" or not by_column):
            shares[w.role] = DEFAULT_SHARE
    check_shares(shares)
    return shares


def check_shares(shares: Mapping[str, float]) -> None:
    """Raise an InputError unless the shares of validation and test leave rows for train."""
    if sum(shares.values()) >= 1:
        said = " and ".join(f"{role} {share:g}" for role, share in shares.items())
        raise InputError(f"the shares {said} leave nothing to train on", instead="shares that sum to less than 1")


def _by_share(
    data: TaggedSet,
    shares: dict[str, float],
    names: Names,
    keys: Names,
    groups: Callable[[], Names],
    method: Method,
    seed: int,
) -> list[str]:
    if not shares:
        return []
    from tagfit.data.splits.stratify import assign, assign_at_random  # scipy is slow to import

    free = np.flatnonzero(names == "")
    together = groups()[free]
    wanted = {"train": 1 - sum(shares.values()), **shares}
    how: dict[str, Any] = {"keys": keys[free].tolist(), "groups": together, "seed": seed}
    if not len(free):
        raise InputError(f"no row is left to draw {' and '.join(shares)} from")
    if method == "stratified":
        part = assign(data.truth[free], data.known[free], list(wanted.values()), **how)
    else:
        part = assign_at_random(len(free), list(wanted.values()), **how)
    names[free] = np.array(list(wanted))[part]
    drawn = f"of the {len(free)} rows that are free, {method}, seed {seed}"
    notes = [f"{role}: {100 * share:.4g} % {drawn}, {_count(names, role)} rows" for role, share in shares.items()]
    tied = np.unique(together[together != ""], return_counts=True)[1]
    if len(tied):
        notes.append(f"kept on one side: {int(tied.sum())} rows in {len(tied)} groups (groups, duplicates)")
    return notes


def _refuse_empty(data: TaggedSet, names: Names, asked: list[str]) -> None:
    empty = [name for name in ("train", *asked) if name not in names]
    if not empty:
        return
    column = next((one.name for one in data.columns if one.role == "group"), None)
    grouped, as_label = "", ""
    if column is not None and data.groups is not None:
        grouped = f"; the column {column!r} keeps them together in {len(np.unique(data.groups))} groups"
        as_label = f", or --label-columns with {column!r} if that column is a label"
    raise InputError(
        f"{' and '.join(empty)} came out empty: {len(names)} rows gave {counts(names)}{grouped}",
        instead=f"more rows, other shares, smaller groups of rows that stay together, or a test share of 0{as_label}",
    )


def counts(names: Names) -> str:
    """How many rows each split has, in words."""
    return ", ".join(f"{name} {_count(names, name)}" for name in SPLITS if name in names)


def _count(names: Names, name: str) -> int:
    return int((names == name).sum())
