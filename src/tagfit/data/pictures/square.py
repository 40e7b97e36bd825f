"""Square: how a picture of any shape becomes a square: squashed, cropped to its middle, or padded with grey."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tagfit.errors import InputError

Fit = Literal["squash", "crop", "pad"]
FITS: tuple[Fit, ...] = get_args(Fit)
# Of new Problems: docs/decisions says why. Those made before there was a choice were squashed.
DEFAULT_FIT: Fit = "pad"
SQUASH: Fit = "squash"
# The middle of 0..255, which the published backbones shift to 0.
GREY = 127


def check_fit(fit: Any) -> None:
    """Refuse what is not one of FITS.

    Raises:
        InputError: it is something else.
    """
    if fit not in FITS:
        raise InputError(f"fit is {fit!r}", instead=" or ".join(map(repr, FITS)))


def squared(image: Image.Image, size: int, fit: Fit) -> Image.Image:
    """An RGB picture as size x size pixels.

    Args:
        image: of any shape.
        size: the side of the result in pixels.
        fit: ``squash`` changes the shape of what is shown, ``crop`` leaves out what lies outside the square in the
            middle, ``pad`` keeps all of it in its shape, between bars of grey.
    """
    width, height = image.size
    if fit == "crop":
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        return image.resize((size, size), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))
    if fit == "squash" or width == height:
        return image.resize((size, size), Image.Resampling.BICUBIC)
    left, top, right, bottom = content(width, height, size, fit)
    square = Image.new("RGB", (size, size), (GREY, GREY, GREY))
    square.paste(image.resize((right - left, bottom - top), Image.Resampling.BICUBIC), (left, top))
    return square


def content(width: int, height: int, size: int, fit: Fit) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of what :func:`squared` shows of a picture, in pixels of the square: all but bars."""
    if fit != "pad" or width == height:
        return 0, 0, size, size
    longest = max(width, height)
    wide, high = max(1, round(size * width / longest)), max(1, round(size * height / longest))
    left, top = (size - wide) // 2, (size - high) // 2
    return left, top, left + wide, top + high


def without_bars(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Padded pictures (N, H, W, 3) without their bars of grey, squashed to (N, side, side, 3).

    Bars are no content: between two pictures that are compared they are an equal share of both.
    """
    found = np.empty((len(pixels), side, side, 3), dtype=np.uint8)
    for at, picture in enumerate(pixels):
        top, bottom, left, right = _shown(picture)
        content = Image.fromarray(picture[top:bottom, left:right])
        found[at] = np.asarray(content.resize((side, side), Image.Resampling.BICUBIC))
    return found


def _shown(picture: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of what lies between bars of grey; all of a picture that is nothing but grey."""
    height, width, channels = picture.shape
    shown = picture.reshape(height, width * channels) != GREY  # long rows: several times as fast as a pixel at a time
    rows = np.flatnonzero(shown.any(axis=1))
    if not len(rows):
        return 0, height, 0, width
    columns = np.flatnonzero(shown.any(axis=0)) // channels
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
