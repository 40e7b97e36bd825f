"""Views: which pictures could be another one mirrored, turned by 90 degrees or cut at its edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from tagfit.data.pictures import likeness
from tagfit.data.pictures.likeness import Array

# Upside down, mirrored, transposed: in this order, they make the eight ways to lay a square.
ORIENTATIONS = tuple(product((False, True), repeat=3))
AS_IT_IS, MIRRORED = ORIENTATIONS.index((False, False, False)), ORIENTATIONS.index((False, True, False))
# By 0, 90, 180 and 270 degrees.
TURNS = (AS_IT_IS, *map(ORIENTATIONS.index, ((True, False, True), (True, True, False), (False, True, True))))
# Shares of an axis cut off at its start and at its end. What is cut by another share, up to 19 %, is within 4 % of one
# of these, and a signature is still much the same.
CUTS = tuple((start, end) for start in (0.0, 0.075, 0.15) for end in (0.0, 0.075, 0.15))
SIGNATURES_ALIKE = 0.87
# Cuts are 81 ways of each picture to look for, and the time grows with its power 1.5; of more pictures than this, only
# those that are whole are looked for, mirrored or turned.
MOST_TO_CUT = 10_000
# A view is looked for among the pictures in the cells whose centres are nearest. Of 2000 photographs, each turned in
# four ways, the 6 nearest of 179 cells have at least 97 of 100 copies.
FEWEST_FOR_CELLS = 2400
CELLS_NEAR = 6
ROUNDS = 5
MOST_TO_LEARN_CELLS_FROM = 20_000
PICTURES_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Views:
    """P pairs of pictures of which the first, perhaps mirrored and cut, could be the second, perhaps turned.

    Attributes:
        first, second: (P,) positions of pictures.
        mirrored, turned: (P,) how the first and how the second is laid, indices into ORIENTATIONS.
        moves: (P, 4) where the first is read once it is laid so, as in ``likeness.refined``.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    mirrored: NDArray[np.int64]
    turned: NDArray[np.int64]
    moves: Array

    def __len__(self) -> int:
        return len(self.first)

    @classmethod
    def joined(cls, some: Sequence[Views]) -> Views:
        """All pairs of some, at least one."""
        columns = [[views.first, views.second, views.mirrored, views.turned, views.moves] for views in some]
        return cls(*(np.concatenate(column) for column in zip(*columns, strict=True)))

    def where(self, keep: NDArray[np.bool_]) -> Views:
        """Some of the pairs."""
        mirrored, turned = self.mirrored[keep], self.turned[keep]
        return Views(self.first[keep], self.second[keep], mirrored, turned, self.moves[keep])

    def moved(self, moves: Array) -> Views:
        """The same pairs with other moves."""
        return replace(self, moves=moves)


def oriented(pictures: Array, orientation: NDArray[np.int64]) -> Array:
    """Pictures (n, k, k), each laid in a way of its own, (n,) indices into ORIENTATIONS."""
    result = np.empty_like(pictures)
    for number in np.unique(orientation):
        here = orientation == number
        result[here] = _laid(pictures[here], int(number))
    return result


def similar_views(thumbs: Array) -> Iterator[Views]:
    """Pairs that are worth a closer look, each way round once, in pieces; not those that are alike as they are.

    Of more than ``MOST_TO_CUT`` pictures only those that are not cut.

    Args:
        thumbs: (N, k, k) grey pictures.
    """
    signatures = [likeness.signatures(_laid(thumbs, turn)) for turn in TURNS]
    # In an order of their own, so that the order in which pictures come changes nothing.
    order, laid = np.lexsort(signatures[0].T[::-1]), np.concatenate(signatures)
    order_laid = np.lexsort(laid.T[::-1])
    cells = _Cells(laid[order_laid])
    cuts = CUTS if len(thumbs) <= MOST_TO_CUT else CUTS[:1]
    for start in range(0, len(order), PICTURES_AT_ONCE):
        some = order[start : start + PICTURES_AT_ONCE]
        asked, mirrored, moves = _asked(thumbs[some], cuts)
        picture, found, alike = cells.matches(asked)
        first, way = np.divmod(picture, len(mirrored))
        turn, second = np.divmod(order_laid[found], len(thumbs))
        first = some[first]
        # The best of all ways in which the same two are alike, of the ways that are new.
        best = np.lexsort((-alike, second, first))
        best = best[(first[best] != second[best]) & ((way[best] > 0) | (turn[best] > 0))]
        best = best[np.unique(first[best] * len(thumbs) + second[best], return_index=True)[1]]
        yield Views(first[best], second[best], mirrored[way[best]], np.array(TURNS)[turn[best]], moves[way[best]])


def _asked(thumbs: Array, cuts: Sequence[tuple[float, float]]) -> tuple[Array, NDArray[np.int64], Array]:
    """The signatures of n pictures in V ways, (n * V, 63), with the orientation (V,) and move (V, 4) of each way.

    The first way is the picture as it is.
    """
    parts = [likeness.cut_signatures(_laid(thumbs, number), cuts) for number in (AS_IT_IS, MIRRORED)]
    places = np.array([_place(*down, *along) for down, along in product(cuts, repeat=2)], dtype=np.float32)
    signatures = np.concatenate(parts, axis=1).reshape(-1, parts[0].shape[2])
    return signatures, np.repeat((AS_IT_IS, MIRRORED), len(places)), np.concatenate([places, places])


def _place(above: float, below: float, left: float, right: float) -> tuple[float, float, float, float]:
    return above - below, -(above + below), left - right, -(left + right)


def _laid(pictures: Array, number: int) -> Array:
    upside_down, mirrored, transposed = ORIENTATIONS[number]
    laid = pictures[:, :: -1 if upside_down else 1, :: -1 if mirrored else 1]
    return np.ascontiguousarray(laid.transpose(0, 2, 1) if transposed else laid)


class _Cells:
    """Signatures in cells around centres (spherical k-means), so that few of them have to be compared.

    Args:
        signatures: (N, 63), unit vectors or zero.
    """

    def __init__(self, signatures: Array) -> None:
        count = 1 if len(signatures) < FEWEST_FOR_CELLS else round(2 * len(signatures) ** 0.5)
        learned = signatures[:: -(-len(signatures) // MOST_TO_LEARN_CELLS_FROM)]
        self.centres = learned[np.linspace(0, len(learned) - 1, count).astype(np.int64)]
        for _ in range(ROUNDS if count > 1 else 0):
            near = self._nearest(learned)
            total = np.zeros_like(self.centres)
            np.add.at(total, near, learned)
            self.centres = np.where((np.abs(total) > 0).any(axis=1, keepdims=True), total, self.centres)
            self.centres /= np.maximum(np.linalg.norm(self.centres, axis=1, keepdims=True), likeness.TINY)
        cell = self._nearest(signatures)
        order = np.argsort(cell, kind="stable")
        self.members = np.split(order, np.searchsorted(cell[order], np.arange(1, count)))
        self.signatures = [signatures[members] for members in self.members]

    def matches(self, asked: Array) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
        """Which of Q vectors asked for correlates with which of the signatures, and how much: three times (P,)."""
        near = min(CELLS_NEAR, len(self.centres))
        if near == len(self.centres):
            visits = np.tile(np.arange(near), len(asked))
        else:
            visits = np.argpartition(asked @ self.centres.T, -near, axis=1)[:, -near:].ravel()
        visits = visits.astype(np.int16)  # which NumPy sorts in one pass
        order = np.argsort(visits, kind="stable")
        bounds = np.searchsorted(visits[order], np.arange(len(self.centres) + 1))
        found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))]
        for cell, (start, end) in enumerate(pairwise(bounds)):
            query = order[start:end] // near
            alike = asked[query] @ self.signatures[cell].T
            row, member = np.divmod(np.flatnonzero(alike > SIGNATURES_ALIKE), max(1, alike.shape[1]))
            found.append((query[row], self.members[cell][member], alike[row, member]))
        return tuple(np.concatenate(one) for one in zip(*found, strict=True))  # type: ignore[return-value]

    def _nearest(self, signatures: Array) -> NDArray[np.int64]:
        blocks = np.array_split(signatures, max(1, len(signatures) // 4096))
        return np.concatenate([(block @ self.centres.T).argmax(axis=1) for block in blocks])
