"""Grouping: rows that a split must not separate, from groups, near-duplicates and equal content."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def merged(*groupings: NDArray[np.str_] | None) -> NDArray[np.str_]:
    """One grouping that keeps together what any of several keeps together, also through a chain of them.

    Args:
        groupings: each N names, '' where a row stands alone; or None.

    Returns:
        N names; '' where no grouping puts another row with the row.
    """
    from scipy import sparse  # slow to import

    given = [np.asarray(grouping) for grouping in groupings if grouping is not None]
    rows = len(given[0])
    start, ends, members = rows, [], []
    for grouping in given:
        held = np.flatnonzero(grouping != "")
        names, number = np.unique(grouping[held], return_inverse=True)
        members.append(held)
        ends.append(start + number)
        start += len(names)
    row, name = np.concatenate(members), np.concatenate(ends)
    graph = sparse.coo_array((np.ones(len(row), dtype=np.int8), (row, name)), shape=(start, start))
    _, component = sparse.csgraph.connected_components(graph, directed=False)
    component = component[:rows]
    alone = np.bincount(component)[component] == 1
    return np.where(alone, "", np.char.add("together-", component.astype(str)))


def equal(digests: NDArray[np.str_]) -> NDArray[np.str_]:
    """The grouping of rows with the same content: N digests, '' where no other row has the same."""
    _, number, count = np.unique(digests, return_inverse=True, return_counts=True)
    return np.where(count[number] > 1, digests, "")


def across(groups: NDArray[np.str_], split: NDArray[np.str_]) -> list[tuple[str, tuple[str, ...]]]:
    """Each group that is on more than one side, with the names of its sides."""
    held = groups != ""
    sides: dict[str, set[str]] = {}
    for group, side in {(str(group), str(side)) for group, side in zip(groups[held], split[held], strict=True)}:
        sides.setdefault(group, set()).add(side)
    return sorted((group, tuple(sorted(names))) for group, names in sides.items() if len(names) > 1)
