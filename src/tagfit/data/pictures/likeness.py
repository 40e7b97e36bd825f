"""Similarity of two registered pictures, regardless of size, compression, brightness and cropping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
VALUES_AT_ONCE = 1 << 20  # what is worked on at once stays in the processor's cache
SIGNATURE_SIDE = 32
SIGNATURE_WAVES = 8
LEAST_CONTRAST = 2.0  # of 255 levels: what varies less is blank, and no more like one blank picture than like another

# A move is at most this share of half the side: each edge may lie up to 5 % further in than in the other picture.
FARTHEST = 0.1
STEPS = 2
# Ridge terms: a direction in which a picture has no structure leaves a move unknown, and it stays where it is.
OWN_RIDGE, COMMON_RIDGE = 1e-3, 1e-4
DAMPING = 1.0
TINY = np.float32(1e-9)


def grey(pixels: NDArray[Any], side: int) -> Array:
    """Pictures (n, H, W, C) in 0..255 as luminance, averaged over areas: (n, side, side) float32."""
    n, height, width, colours = pixels.shape
    weights = np.zeros(colours, dtype=np.float32)
    weights[:3] = LUMA if colours >= 3 else [1, 0][:colours]
    result = np.empty((n, side, side), dtype=np.float32)
    at_once = max(1, VALUES_AT_ONCE // (height * width * colours))
    for start in range(0, n, at_once):
        values = pixels[start : start + at_once].astype(np.float32).reshape(-1, colours) @ weights
        result[start : start + at_once] = shrunk(values.reshape(-1, height, width), side)
    return result


def shrunk(values: Array, side: int) -> Array:
    """(n, H, W) averaged over equal areas to (n, side, side)."""
    n, height, width = values.shape
    # Two large products instead of 2 n small ones: on busy cores the libraries lose more in handing out small ones.
    narrow = (values.reshape(n * height, width) @ _areas(width, side).T).reshape(n, height, side)
    turned = np.ascontiguousarray(narrow.transpose(0, 2, 1)).reshape(n * side, height)
    result: Array = (turned @ _areas(height, side).T).reshape(n, side, side).transpose(0, 2, 1)
    return np.ascontiguousarray(result)


def signatures(thumbs: Array) -> Array:
    """The low frequencies of each (n, k, k) picture as a unit vector, (n, 63); zero for a blank one.

    A cosine transform whose waves are weighted by their frequency, which evens out the spectrum of natural pictures:
    without it all skies above all seas are alike. The product of two signatures is a correlation.
    """
    cosines = _cosines(thumbs.shape[1], 0.0, 0.0)
    blank = thumbs.std(axis=(1, 2)) < LEAST_CONTRAST
    result: Array = np.where(blank[:, None], 0, _units(_evened(cosines @ thumbs @ cosines.T)))
    return result


def cut_signatures(thumbs: Array, cuts: Sequence[tuple[float, float]]) -> Array:
    """The signatures of each (n, k, k) picture cut in every way: (n, C * C, 63), C ways along y by C along x.

    Args:
        thumbs: grey pictures.
        cuts: C pairs, the shares of an axis that are cut off at its start and at its end.
    """
    n, side, _ = thumbs.shape
    cosines = np.concatenate([_cosines(side, *cut) for cut in cuts])
    waves = (cosines @ thumbs @ cosines.T).reshape(n, len(cuts), SIGNATURE_WAVES, len(cuts), SIGNATURE_WAVES)
    waves = waves.transpose(0, 1, 3, 2, 4).reshape(n, len(cuts) ** 2, SIGNATURE_WAVES, SIGNATURE_WAVES)
    left = np.array([1 - before - after for before, after in cuts]) * side
    power = (waves**2).sum(axis=(2, 3)) - waves[:, :, 0, 0] ** 2
    blank = power / np.outer(left, left).ravel() < LEAST_CONTRAST**2
    result: Array = np.where(blank[..., None], 0, _units(_evened(waves)))
    return result


def refined(first: Array, second: Array, moves: Array) -> Array:
    """Better moves of ``first`` onto ``second``: some Gauss-Newton steps with the gradients of both pictures.

    Args:
        first, second: (n, k, k) pairs of grey pictures.
        moves: (n, 4): offset and stretch along y, then along x, in halves of the side.

    Returns:
        (n, 4), each within ``FARTHEST``. Reference for the step: Benhimane and Malis, efficient second-order
        minimisation (ESM), 2004, here for two stretches and two offsets on normalised values.
    """
    side = first.shape[1]
    place = _places(side)
    for _ in range(STEPS):
        moved, inside = _moved(first, moves)
        one, other = _normalised(moved, inside), _normalised(second, inside)
        along_y, along_x = _gradients(one + other)
        inner = inside * np.float32(side / 4)  # the mean of two gradients, in halves of the side
        inner[:, [0, -1]] = inner[:, :, [0, -1]] = 0  # one-sided differences
        slopes = np.stack([along_y, place[:, None] * along_y, along_x, place * along_x], axis=1) * inner[:, None]
        slopes = slopes.reshape(len(first), 4, side * side)
        rest = ((other - one) * (inner > 0)).reshape(len(first), side * side, 1)
        normal = (slopes @ slopes.transpose(0, 2, 1)).astype(np.float64)
        diagonal = np.einsum("nii->ni", normal)
        normal += (
            np.eye(4) * (OWN_RIDGE * diagonal + COMMON_RIDGE * diagonal.mean(axis=1, keepdims=True) + TINY)[:, None]
        )
        step = np.linalg.solve(normal, (slopes @ rest).astype(np.float64))[..., 0]
        moves = np.clip(moves + step, -FARTHEST, FARTHEST).astype(np.float32)
    return moves


def likeness(first: Array, second: Array, moves: Array) -> Array:
    """The correlation of the gradients of two pictures, the first moved: (n,), 1 for the same structure.

    Gradients, because the large light and dark areas of different pictures correlate well; damped above ``DAMPING``
    times their mean, so that one strong edge, such as a horizon, does not decide alone.
    """
    moved, inside = _moved(first, moves)
    one, other = _damped(_gradients(moved), inside), _damped(_gradients(second), inside)

    def product(a: tuple[Array, Array], b: tuple[Array, Array]) -> Array:
        total: Array = (a[0] * b[0] + a[1] * b[1]).sum(axis=(1, 2))
        return total

    result: Array = product(one, other) / np.sqrt(np.maximum(product(one, one) * product(other, other), TINY))
    return result


def moved(pictures: Array, moves: Array) -> Array:
    """Pictures (n, k, k) read at the moved places, which are those of :func:`refined`."""
    return _moved(pictures, moves)[0]


def composed(outer: Array, inner: Array) -> Array:
    """One move (n, 4) that does what ``outer`` does to a picture and then ``inner`` to the result."""
    result = np.empty_like(outer)
    result[:, ::2] = outer[:, ::2] + (1 + outer[:, 1::2]) * inner[:, ::2]
    result[:, 1::2] = (1 + outer[:, 1::2]) * (1 + inner[:, 1::2]) - 1
    return result


def _cosines(side: int, before: float, after: float) -> Array:
    """(8, side): waves of unit length over an axis without the shares cut off; a cell on an edge counts in part."""
    edges = np.linspace(0, 1, side + 1).clip(before, 1 - after)
    left = 1 - before - after
    wave = np.arange(SIGNATURE_WAVES)[:, None]
    middle = ((edges[1:] + edges[:-1]) / 2 - before) / left
    scale = np.sqrt(np.where(wave == 0, 1, 2) / (side * left))
    result: Array = (np.cos(np.pi * wave * middle) * scale * np.diff(edges) * side).astype(np.float32)
    return result


def _evened(waves: NDArray[np.floating]) -> NDArray[np.floating]:
    """(..., 8, 8) waves weighted by their frequency, without the constant one, (..., 63)."""
    wave = np.arange(SIGNATURE_WAVES)
    weighted = waves * np.hypot(wave[:, None], wave).astype(np.float32)
    return weighted.reshape(*waves.shape[:-2], -1)[..., 1:]


def _units(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    result: NDArray[np.floating] = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), TINY)
    return result


def _areas(length: int, side: int) -> Array:
    """The (side, length) matrix that averages ``length`` values over ``side`` equal stretches."""
    edges = np.linspace(0, length, side + 1)
    cells = np.arange(length)
    covered = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    result: Array = (np.clip(covered, 0, None) * side / length).astype(np.float32)
    return result


def _places(side: int) -> Array:
    """The middles of the cells, from -1 to 1."""
    return ((np.arange(side) + 0.5) * 2 / side - 1).astype(np.float32)


def _moved(pictures: Array, moves: Array) -> tuple[Array, Array]:
    """Pictures read at the moved places, linearly, and a mask that is 0 where a place lies outside."""
    side = pictures.shape[1]
    inside = np.ones((1, 1, 1), dtype=np.float32)
    for axis in (1, 2):
        offset, stretch = moves[:, 2 * axis - 2, None], moves[:, 2 * axis - 1, None]
        at = (_places(side) * (1 + stretch) + offset + 1) * np.float32(side / 2) - np.float32(0.5)
        at = np.expand_dims(at, 3 - axis)
        low = np.clip(np.floor(at), 0, side - 2).astype(np.intp)
        share = np.clip(at - low, 0, 1).astype(np.float32)
        below, above = (np.take_along_axis(pictures, low + more, axis) for more in (0, 1))
        pictures = below + (above - below) * share
        inside = inside * ((at >= -0.5) & (at <= side - 0.5)).astype(np.float32)
    return pictures, inside


def _normalised(values: Array, inside: Array) -> Array:
    """Mean 0 and length 1 inside, 0 outside."""
    mean = (values * inside).sum(axis=(1, 2), keepdims=True) / inside.sum(axis=(1, 2), keepdims=True)
    centred = (values - mean) * inside
    result: Array = centred / np.sqrt(np.maximum((centred**2).sum(axis=(1, 2), keepdims=True), TINY))
    return result


def _gradients(values: Array) -> tuple[Array, Array]:
    along_y: Array = np.gradient(values, axis=1)
    along_x: Array = np.gradient(values, axis=2)
    return along_y, along_x


def _damped(gradients: tuple[Array, Array], inside: Array) -> tuple[Array, Array]:
    along_y, along_x = gradients
    strength = np.hypot(along_y, along_x)
    mean = (strength * inside).sum(axis=(1, 2), keepdims=True) / inside.sum(axis=(1, 2), keepdims=True)
    weight = inside / (strength + np.float32(DAMPING) * mean + TINY)
    return along_y * weight, along_x * weight
