"""Decoding: one picture file to size x size RGB pixels, deterministic, or an error with the reason."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, features

from tagfit.data.pictures.accepted import check_file, heif_version, opened, shown
from tagfit.data.pictures.sources import Member, Place
from tagfit.data.pictures.square import SQUASH, Fit, check_fit, squared
from tagfit.errors import Fault, InputError

DECODER = 1  # raise it with every change of this file that can change a pixel
CODECS = ("libjpeg_turbo", "jpg", "zlib", "webp", "avif", "jpg_2000", "libtiff")

# JPEG is decoded at the smallest of its own scales (1/1 to 1/8) that still leaves twice the target: what that blurs
# is finer than the target shows.
DRAFT_GAP = 2

WHITE = (255, 255, 255, 255)
ORIENTATION_TAG = 0x0112
TURNED_BY = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(source: Path | bytes, size: int, fit: Fit = SQUASH) -> NDArray[np.uint8]:
    """One picture, made a square, as it is meant to be seen.

    The EXIF orientation is applied, transparency is composited on white, 16-bit values keep their range, and of an
    animation or a file of several pages the first picture is taken. Colour profiles are not applied.

    Args:
        source: a file, or the bytes of one.
        size: the side of the result in pixels, at least 1.
        fit: how it becomes a square, see ``square.squared``.

    Returns:
        uint8 of shape (size, size, 3), RGB.

    Raises:
        InputError: one fault: the picture cannot be read, with the reason; its place is the name of the file.
    """
    check_size(size)
    check_fit(fit)
    where = shown(source) if isinstance(source, Path) else ""
    data = read(source) if isinstance(source, Path) else source
    with opened(data, where) as image:
        image.draft(None, (DRAFT_GAP * size, DRAFT_GAP * size))
        image.load()
        turned_by = TURNED_BY.get(_orientation(image))
        small = squared(_as_rgb(image), size, fit)
    if turned_by is not None:
        small = small.transpose(turned_by)  # after the resize, where it costs nothing: the target is a square
    return np.asarray(small)


def shape(data: bytes) -> tuple[int, int]:
    """(width, height) of a picture as it is meant to be seen, by its header.

    Raises:
        InputError: one fault: the picture is not accepted, with the reason.
    """
    with opened(data) as image:
        width, height = image.size
        return (height, width) if _orientation(image) >= 5 else (width, height)


def read(path: Place) -> bytes:
    """The bytes of a picture file, all from one version of it.

    Raises:
        InputError: no regular file, no permission, too large, or changed while it was read.
    """
    if isinstance(path, Member):
        return path.read_bytes()
    where = shown(path)
    try:
        # Without O_NONBLOCK a named pipe that nobody writes to would hold us here for ever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            before = os.fstat(handle)
            check_file(before, where)
            data = file.read(before.st_size + 1)
            after = os.fstat(handle)
    except OSError as error:
        raise InputError(Fault(f"cannot be read: {error.strerror or error}", where)) from None
    if len(data) != before.st_size or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise InputError(Fault("changed while it was being read", where, "try again when nothing writes to it"))
    return data


def digest(data: bytes) -> bytes:
    """The 32 bytes that stand for the content of a file: BLAKE2b."""
    return blake2b(data, digest_size=32).digest()


def decoder() -> str:
    """What decodes here, in words: pixels made under the same words are the same bits."""
    versions = ", ".join(f"{codec} {features.version(codec)}" for codec in CODECS)
    heif = f", pillow-heif {heif_version()}" if heif_version() else ""
    return f"tagfit decoder {DECODER}, Pillow {PIL.__version__}, {versions}{heif}"


def check_size(size: int) -> None:
    """Refuse a side that is no positive whole number.

    Raises:
        InputError: it is something else.
    """
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise InputError(f"size is {size!r}", instead="the side of a picture in pixels, a whole number such as 64")


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 (as stored) where there is none or it cannot be read."""
    try:
        return int(image.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # noqa: BLE001 - broken metadata raise anything, and are no reason to refuse the pixels
        return 1


def _as_rgb(image: Image.Image) -> Image.Image:
    """Any of Pillow's modes as RGB; transparency is composited on white."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        return _from_16_bit(image).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, WHITE), layer).convert("RGB")
    return image.convert("RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    """Grey of 0..65535 as grey of 0..255, rounded; Pillow's own conversion would clip."""
    values = np.asarray(image).astype(np.uint32)
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))
