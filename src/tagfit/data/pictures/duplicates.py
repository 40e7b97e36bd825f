"""Duplicates: pictures with equal bytes, equal pixels or similar content, and equal feature rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.pictures.near_pairs import near_pairs
from tagfit.errors import InputError

SEARCH = 1  # raise it with every change that can change the groups of some pictures: they are kept

SAME_BYTES, SAME_PIXELS, SAME_FEATURES, NEAR = "same bytes", "same pixels", "same features", "near copies"


@dataclass(frozen=True)
class DuplicateGroup:
    """Rows that are copies of each other, each of every other.

    Attributes:
        rows: at least two, ascending.
        reason: what holds between all of them: SAME_BYTES, SAME_PIXELS, NEAR or SAME_FEATURES.
    """

    rows: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class DuplicateGroups:
    """All groups of a set of ``n`` rows, in the order of their first rows; no row is in two."""

    groups: tuple[DuplicateGroup, ...]
    n: int

    def __len__(self) -> int:
        return len(self.groups)

    def __iter__(self) -> Iterator[DuplicateGroup]:
        return iter(self.groups)

    def as_groups(self, given: NDArray[np.str_] | None = None) -> NDArray[np.str_]:
        """(n,) group names for ``TaggedSet.groups``, '' where a row stands alone.

        Args:
            given: (n,) groups that the rows already have; what shares a group in either sense shares a name.
        """
        names = [""] * self.n if given is None else [str(name) for name in given]
        rows_of: dict[str, list[int]] = defaultdict(list)
        for row, name in enumerate(names):
            rows_of[name].append(row)
        for number, group in enumerate(self.groups):
            touched = list(dict.fromkeys(names[row] for row in group.rows if names[row]))
            name = touched[0] if touched else _unused(f"duplicates {number + 1}", rows_of)
            rows = sorted({*group.rows, *(row for other in touched for row in rows_of[other])})
            for row in rows:
                names[row] = name
            rows_of[name] = rows
        return np.array(names, dtype=np.str_)


def duplicate_groups(
    pixels: NDArray[np.uint8], digests: Sequence[str] | NDArray[np.str_] | None = None
) -> DuplicateGroups:
    """Groups of pictures that show the same, up to size, compression, brightness, mirroring, turning and cutting.

    Complete linkage: every two pictures of a group are near copies, so a chain of merely similar ones falls apart.
    Blank pictures, and pictures of fewer than 32 pixels a side, are grouped only where they are equal; those of fewer
    than 64, not where they are mirrored, turned or cut by more than some percent.

    Args:
        pixels: (N, H, W, C) in 0..255, best 64 x 64 or more; memory-mapped is fine.
        digests: N hashes of the files, to tell the same file from the same pixels.
    """
    if pixels.ndim != 4:
        raise InputError(f"pictures have shape {pixels.shape}", instead="(pictures, height, width, colours)")
    equal = _equal(blake2b(row.tobytes(), digest_size=16).digest() for row in pixels)
    alone = np.array([rows[0] for rows in equal], dtype=np.int64)
    pairs, alike = near_pairs(pixels, alone)
    groups = []
    for cluster in complete_linkage(len(alone), pairs, alike):
        rows = tuple(sorted(row for member in cluster for row in equal[member]))
        if len(rows) > 1:
            groups.append(DuplicateGroup(rows, _reason(rows, len(cluster), digests)))
    return DuplicateGroups(tuple(sorted(groups, key=lambda group: group.rows)), len(pixels))


def duplicate_rows(features: NDArray[Any]) -> DuplicateGroups:
    """Groups of rows of (N, D) features that are equal in every value (NaN equals NaN, -0.0 equals 0.0)."""
    if features.ndim != 2:
        raise InputError(f"features have shape {features.shape}", instead="(rows, features)")
    plain = np.where(np.isnan(features), np.nan, features + 0.0)
    equal = _equal(row.tobytes() for row in plain)
    return DuplicateGroups(tuple(DuplicateGroup(rows, SAME_FEATURES) for rows in equal if len(rows) > 1), len(features))


def complete_linkage(n: int, pairs: NDArray[np.int64], alike: NDArray[np.float32]) -> list[list[int]]:
    """Clusters of 0..n-1 in which every two are among ``pairs``; the most alike are joined first.

    Agglomerative clustering by complete linkage, cut where pairs end, for a sparse list of pairs: two clusters are
    joined at the moment when the last pair between them is reached.

    Args:
        pairs: (P, 2), each pair once.
        alike: (P,), larger is closer; equal ones are taken in the order of their rows.
    """
    members = [[node] for node in range(n)]
    cluster = list(range(n))
    reached: list[dict[int, int]] = [defaultdict(int) for _ in range(n)]
    for at in np.lexsort((pairs[:, 1], pairs[:, 0], -alike)):
        one, other = cluster[pairs[at, 0]], cluster[pairs[at, 1]]
        reached[one][other] += 1
        reached[other][one] += 1
        if reached[one][other] < len(members[one]) * len(members[other]):
            continue
        keep, gone = (one, other) if len(members[one]) >= len(members[other]) else (other, one)
        for node in members[gone]:
            cluster[node] = keep
        members[keep] += members[gone]
        members[gone] = []
        for third, count in reached[gone].items():
            if third != keep:
                reached[keep][third] += count
                reached[third][keep] += count
                del reached[third][gone]
        del reached[keep][gone]
        reached[gone] = {}
    return [sorted(rows) for rows in members if rows]


def _unused(name: str, names: Container[str]) -> str:
    while name in names:
        name += "'"
    return name


def _equal(keys: Iterable[Hashable]) -> list[tuple[int, ...]]:
    """The rows of each key, in the order of their first rows."""
    rows: dict[Hashable, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    return [tuple(equal) for equal in rows.values()]


def _reason(rows: tuple[int, ...], kinds: int, digests: Sequence[str] | NDArray[np.str_] | None) -> str:
    if kinds > 1:
        return NEAR
    if digests is not None and len({digests[row] for row in rows}) == 1:
        return SAME_BYTES
    return SAME_PIXELS
