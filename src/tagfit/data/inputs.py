"""Inputs of a net: rows of a TaggedSet as pixels or features of one shape, with the statistics of train."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tagfit.data.fingerprint import row_digests
from tagfit.data.pictures import cache
from tagfit.data.pictures.decode import DECODER, check_size
from tagfit.data.pictures.square import SQUASH, Fit, check_fit, squared
from tagfit.data.problem import Preprocessing
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError

DEFAULT_SIZE = 64
SIGNIFICANT_DIGITS = 9  # of means and deviations: beyond, the sums of two machines may differ
BLOCK_BYTES = 1 << 24

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Inputs:
    """The rows that could be read, in their order.

    Attributes:
        values: (M, size, size, 3) uint8 pixels, perhaps memory-mapped, or (M, D) float32 features.
        rows: (M,) which of the N rows of the set each is, ascending.
        digests: (M,) hex digests of the contents: the bytes of the file, or the raw array row.
        faults: the reason of each of the N - M rows left out.
        size: the side of the pictures; None for features.
        decoder: what made the values, with its version.
        fit: how pictures became squares; SQUASH where they were squares.
    """

    values: NDArray[Any]
    rows: NDArray[np.int64]
    digests: NDArray[np.str_]
    faults: tuple[Fault, ...]
    size: int | None
    decoder: str
    fit: Fit = SQUASH


def read_inputs(
    data: TaggedSet,
    size: int | None,
    *,
    fit: Fit = SQUASH,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> Inputs:
    """Decode, scale or convert the rows of ``data``.

    Args:
        data: N rows.
        size: the side of the pictures in pixels; None for DEFAULT_SIZE, or for arrays of square pictures their own.
        fit, cache_dir, progress: as in ``cache.decoded``.

    Raises:
        InputError: arrays that are no pictures and no features, or features that are not finite.
    """
    decoder = f"tagfit decoder {DECODER}"
    if data.files is not None:
        side = DEFAULT_SIZE if size is None else size
        read = cache.decoded(data.files, side, fit=fit, cache_dir=cache_dir, progress=progress)
        return Inputs(
            read.pixels, read.rows, read.digests, tuple(fault for _, fault in read.faults), side, decoder, fit
        )
    arrays = np.asarray(data.arrays)
    rows = np.arange(len(arrays))
    if arrays.ndim == 2:
        return Inputs(_features(arrays, data.ids), rows, row_digests(arrays), (), None, "float32")
    check_fit(fit)
    values = _pixels(arrays, size, fit)
    meant = fit if arrays.shape[1] != arrays.shape[2] else SQUASH
    return Inputs(values, rows, row_digests(arrays), (), values.shape[1], decoder, meant)


def fit_preprocessing(inputs: Inputs, train: NDArray[np.bool_]) -> Preprocessing:
    """Mean and standard deviation of the rows of train, a colour channel (in 0..255) or a feature.

    What does not vary gets a deviation of 1. The result does not depend on the order of the rows.

    Args:
        inputs: M rows.
        train: (M,), at least one True.
    """
    rows = np.flatnonzero(train)
    if inputs.size is None:
        mean, std = _feature_statistics(inputs.values, rows[np.argsort(inputs.digests[rows], kind="stable")])
    else:
        mean, std = _colour_statistics(inputs.values, rows)
    return Preprocessing(inputs.size, _rounded(mean), _rounded(np.where(std > 0, std, 1)), inputs.fit)


def _features(arrays: NDArray[Any], ids: NDArray[np.str_]) -> NDArray[np.float32]:
    values = arrays.astype(np.float32, copy=False)
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        raise InputError(
            (Fault(f"feature {column} is {arrays[row, column]}", f"row {ids[row]}") for row, column in wrong),
            what="features must be finite numbers; fill or leave out what is missing",
        )
    return values


def _pixels(arrays: NDArray[Any], size: int | None, fit: Fit) -> NDArray[np.uint8]:
    """Pictures of any of the usual forms -> (N, size, size, 3) uint8; what has the form already is not copied."""
    count, height, width, channels = arrays.shape
    if channels not in (1, 3):
        raise InputError(
            f"the pictures have {channels} channels, shape {arrays.shape}",
            instead="(N, height, width, channels) with 3 channels (RGB) or 1 (grey)",
        )
    side = size if size is not None else (height if height == width else DEFAULT_SIZE)
    check_size(side)
    if arrays.dtype == np.uint8 and (height, width, channels) == (side, side, 3):
        return arrays
    _refuse_what_is_no_colour(arrays)
    pixels = np.empty((count, side, side, 3), dtype=np.uint8)
    for row in range(count):
        picture = arrays[row]
        if picture.dtype.kind == "f":
            picture = np.rint(picture * 255)
        picture = np.broadcast_to(picture.astype(np.uint8), (height, width, 3))
        if (height, width) != (side, side):
            picture = np.asarray(squared(Image.fromarray(picture), side, fit))
        pixels[row] = picture
    return pixels


def _refuse_what_is_no_colour(arrays: NDArray[Any]) -> None:
    highest = 1 if arrays.dtype.kind == "f" else 255
    for rows in _blocks(np.arange(len(arrays)), arrays):
        block = arrays[rows]
        if arrays.dtype.kind not in "uif" or not bool(((block >= 0) & (block <= highest)).all()):
            raise InputError(
                f"the pictures are {arrays.dtype} with values from {block.min()} to {block.max()}",
                instead="whole numbers from 0 to 255, or floats from 0 to 1",
            )


def _colour_statistics(
    pixels: NDArray[np.uint8], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """From exact counts of the 256 values of each channel, so no order of summing can matter."""
    counts = np.zeros((3, 256), dtype=np.int64)
    for row in rows:  # Pillow counts three times as fast as NumPy
        counts += np.array(Image.fromarray(pixels[row]).histogram()).reshape(3, 256)
    values, total = np.arange(256.0), counts.sum(axis=1)
    mean = counts @ values / total
    return mean, np.sqrt((counts * (values - mean[:, None]) ** 2).sum(axis=1) / total)


def _feature_statistics(
    values: NDArray[np.float32], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """In two passes of float64 sums over ``rows``, in the order given.

    The mean of a constant float32 is exact in float64 up to 2**29 rows, so its deviation is exactly 0.
    """
    blocks = list(_blocks(rows, values))
    mean = sum(values[block].sum(axis=0, dtype=np.float64) for block in blocks) / len(rows)
    square = sum(((values[block] - mean) ** 2).sum(axis=0) for block in blocks) / len(rows)
    return mean, np.sqrt(square)


def _blocks(rows: NDArray[np.int64], values: NDArray[Any]) -> list[NDArray[np.int64]]:
    """``rows`` in pieces whose values take little memory."""
    size = max(1, BLOCK_BYTES // max(1, values[:1].nbytes))
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(f"{value:.{SIGNIFICANT_DIGITS}g}") for value in values)
