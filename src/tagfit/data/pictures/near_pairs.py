"""Near pairs: which two pictures show the same, found by signatures and proved by moving one onto the other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tagfit.data.pictures import likeness
from tagfit.data.pictures.square import GREY, without_bars
from tagfit.data.pictures.views import Views, oriented, similar_views

# Pairs whose signatures correlate less are not looked at. The others are compared at ever finer sides, as far as the
# pixels go: what falls below the limit on the way is dropped, what passes that of the finest side is a near copy.
SIGNATURES_ALIKE = 0.8
SIDES = (16, 32, 64)
LIMIT_ON_THE_WAY = {16: 0.5, 32: 0.55}
LIMIT_AT_THE_END = {32: 0.8, 64: 0.65}
# Of pictures that are mirrored, turned or cut. There are more ways in which two of them can agree by chance, so all
# limits are higher; and a picture of 64 pixels that was cut has fewer than 48 left.
FEWEST_PIXELS_OF_VIEWS = 64
STEPS_OF_VIEWS = ((16, 0.78), (32, 0.75), (48, 0.8), (48, 0.88))
ROWS_AT_ONCE = 1024
PAIRS_AT_ONCE = 512

Pairs = NDArray[np.int64]
Alike = NDArray[np.float32]


def near_pairs(pixels: NDArray[np.uint8], rows: NDArray[np.int64]) -> tuple[Pairs, Alike]:
    """The pairs of near copies among some rows.

    Args:
        pixels: (N, H, W, C) in 0..255.
        rows: (M,) which of them.

    Returns:
        (P, 2) positions in ``rows``, the lower one first, each pair once; and (P,) how alike they are, up to 1.
    """
    pixels = _contents(pixels)
    sides = [side for side in SIDES if side <= min(pixels.shape[1:3])]
    if not len(rows) or not sides or sides[-1] not in LIMIT_AT_THE_END:
        return np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.float32)
    thumbs = _thumbs(pixels, rows)
    found = [_compared(pixels, rows, some, sides) for some in _in_batches(_candidates(thumbs))]
    if min(pixels.shape[1:3]) >= FEWEST_PIXELS_OF_VIEWS:
        found += [_seen(pixels, rows, thumbs, views) for views in _together(similar_views(thumbs))]
    return _once(np.concatenate([pairs for pairs, _ in found]), np.concatenate([alike for _, alike in found]))


def _contents(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures without the bars that padding adds, which would make any two of them alike."""
    if pixels.dtype != np.uint8 or pixels.shape[3] != 3 or not pixels.size:
        return pixels
    barred = (pixels[:, 0] == GREY).all(axis=(1, 2)) | (pixels[:, :, 0] == GREY).all(axis=(1, 2))
    return without_bars(pixels, min(SIDES[-1], *pixels.shape[1:3])) if barred.any() else pixels


def _thumbs(pixels: NDArray[np.uint8], rows: NDArray[np.int64]) -> likeness.Array:
    starts = range(0, len(rows), ROWS_AT_ONCE)
    blocks = [likeness.grey(pixels[rows[at : at + ROWS_AT_ONCE]], likeness.SIGNATURE_SIDE) for at in starts]
    return np.concatenate(blocks)


def _candidates(thumbs: likeness.Array) -> Iterator[Pairs]:
    """Blocks of pairs whose signatures correlate: every pair is compared, by matrix products."""
    signatures = likeness.signatures(thumbs)
    for start in range(0, len(thumbs), ROWS_AT_ONCE):
        block = signatures[start : start + ROWS_AT_ONCE]
        for other in range(start, len(thumbs), ROWS_AT_ONCE):
            close = np.argwhere(block @ signatures[other : other + ROWS_AT_ONCE].T > SIGNATURES_ALIKE)
            close += (start, other)
            yield close[close[:, 0] < close[:, 1]]


def _in_batches(blocks: Iterator[Pairs]) -> Iterator[Pairs]:
    """The same pairs, ``PAIRS_AT_ONCE`` at a time, however few a block has."""
    waiting: list[NDArray[np.int64]] = []
    for block in blocks:
        waiting.append(block)
        if sum(map(len, waiting)) >= PAIRS_AT_ONCE:
            pairs = np.concatenate(waiting)
            whole = len(pairs) // PAIRS_AT_ONCE
            yield from np.split(pairs[: whole * PAIRS_AT_ONCE], whole)
            waiting = [pairs[whole * PAIRS_AT_ONCE :]]
    if waiting:
        yield np.concatenate(waiting)


def _compared(
    pixels: NDArray[np.uint8], rows: NDArray[np.int64], pairs: Pairs, sides: list[int]
) -> tuple[Pairs, Alike]:
    """Those of ``pairs`` that are near copies, moved onto each other from coarse to fine, in both directions."""
    first, second = (likeness.grey(pixels[rows[pairs[:, column]]], sides[-1]) for column in (0, 1))
    there = back = np.zeros((len(pairs), 4), dtype=np.float32)
    score = np.zeros(len(pairs), dtype=np.float32)
    for side in sides:
        one, other = likeness.shrunk(first, side), likeness.shrunk(second, side)
        there, back = likeness.refined(one, other, there), likeness.refined(other, one, back)
        score = np.maximum(likeness.likeness(one, other, there), likeness.likeness(other, one, back))
        keep = score > (LIMIT_AT_THE_END if side == sides[-1] else LIMIT_ON_THE_WAY)[side]
        pairs, score, first, second = pairs[keep], score[keep], first[keep], second[keep]
        there, back = there[keep], back[keep]
    return pairs, score


def _together(pieces: Iterator[Views]) -> Iterator[Views]:
    """The same views, ``PAIRS_AT_ONCE`` or more at a time."""
    waiting: list[Views] = []
    for piece in pieces:
        waiting.append(piece)
        if sum(map(len, waiting)) >= PAIRS_AT_ONCE:
            yield Views.joined(waiting)
            waiting = []
    if waiting:
        yield Views.joined(waiting)


def _seen(
    pixels: NDArray[np.uint8], rows: NDArray[np.int64], thumbs: likeness.Array, views: Views
) -> tuple[Pairs, Alike]:
    """The pairs of which the first, mirrored and cut as the views say, is the second, turned."""
    score = np.zeros(len(views), dtype=np.float32)
    first, second = oriented(thumbs[views.first], views.mirrored), oriented(thumbs[views.second], views.turned)
    for number, (side, limit) in enumerate(STEPS_OF_VIEWS):
        if number == 1:  # few are left by now
            first = oriented(likeness.grey(pixels[rows[views.first]], SIDES[-1]), views.mirrored)
            second = oriented(likeness.grey(pixels[rows[views.second]], SIDES[-1]), views.turned)
        one = likeness.shrunk(likeness.moved(first, views.moves), side)
        other = likeness.shrunk(second, side)
        moves = likeness.refined(one, other, np.zeros_like(views.moves))
        score = likeness.likeness(one, other, moves)
        keep = score > limit
        views = views.moved(likeness.composed(views.moves, moves)).where(keep)
        first, second, score = first[keep], second[keep], score[keep]
    return np.sort(np.stack([views.first, views.second], axis=1), axis=1), score


def _once(pairs: Pairs, alike: Alike) -> tuple[Pairs, Alike]:
    """Each pair once, as alike as it was found to be in any way."""
    order = np.lexsort((-alike, pairs[:, 1], pairs[:, 0]))
    pairs, alike = pairs[order], alike[order]
    new = np.ones(len(pairs), dtype=bool)
    new[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    return pairs[new], alike[new]
