"""One picture file becomes size x size RGB pixels, the same bits every time, or a clear reason why not."""

from __future__ import annotations

import os
import stat
import threading
import warnings
from hashlib import blake2b
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError, features

from tagfit.errors import Fault, InputError

DECODER = 1  # raise it with every change of this file that can change a pixel
PIXEL_LIMIT = 134_217_728  # 2**27: room for the 102 and 108 megapixels of large cameras and phones
BYTE_LIMIT = 1 << 30

# Raster formats only: Pillow hands some others (EPS) to programs that run what the file says.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000")
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
NO_PICTURE = (
    (b"version https://git-lfs", "a Git LFS pointer, not the picture itself", "fetch it with: git lfs pull"),
    (b"<!doctype html", "an HTML page, not a picture", "often a download that failed"),
    (b"<html", "an HTML page, not a picture", "often a download that failed"),
    (b"<?xml", "XML, not a picture of pixels", ""),
    (b"<svg", "an SVG drawing, not a picture of pixels", "export it as PNG"),
    (b"%pdf", "a PDF document, not a picture", "export its pages as PNG"),
)
HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")


def decode(source: Path | bytes, size: int) -> NDArray[np.uint8]:
    """One picture, squashed to a square, as it is meant to be seen.

    The EXIF orientation is applied, what is transparent lies on white, 16-bit values keep their range, and of an
    animation or a file of several pages the first picture is taken. Colour profiles are not applied.

    Args:
        source: a file, or the bytes of one.
        size: the side of the result in pixels, at least 1.

    Returns:
        uint8 of shape (size, size, 3), RGB.

    Raises:
        InputError: one fault: the picture cannot be read, with the reason; its place is the name of the file.
    """
    check_size(size)
    where = shown(source) if isinstance(source, Path) else ""
    data = read(source) if isinstance(source, Path) else source
    try:
        with _QUIET, Image.open(BytesIO(data), formats=FORMATS) as image:
            _refuse_a_bomb(image, where)
            image.draft(None, (DRAFT_GAP * size, DRAFT_GAP * size))
            image.load()
            turned_by = TURNED_BY.get(_orientation(image))
            small = _as_rgb(image).resize((size, size), Image.Resampling.BICUBIC)
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(_unidentified(data, where)) from None
    except Image.DecompressionBombError:
        raise InputError(Fault(f"has more than the {PIXEL_LIMIT:,} pixels allowed", where, "scale it down")) from None
    except Exception as error:  # noqa: BLE001 - on broken files the codecs raise whatever they come across
        raise InputError(Fault(f"is truncated or damaged: {_said(error)}", where)) from None
    if turned_by is not None:
        small = small.transpose(turned_by)  # after the resize, where it costs nothing: the target is a square
    return np.asarray(small)


def read(path: Path) -> bytes:
    """The bytes of a picture file, all from one version of it.

    Raises:
        InputError: no regular file, no permission, too large, or changed while it was read.
    """
    where = shown(path)
    try:
        # Without O_NONBLOCK a named pipe that nobody writes to would hold us here for ever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            before = os.fstat(handle)
            if not stat.S_ISREG(before.st_mode):
                raise InputError(Fault("is not a file", where, "a picture file"))
            if before.st_size > BYTE_LIMIT:
                raise InputError(Fault(f"has {before.st_size:,} bytes; at most {BYTE_LIMIT:,} are read", where))
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
    return f"tagfit decoder {DECODER}, Pillow {PIL.__version__}, {versions}"


def check_size(size: int) -> None:
    """Refuse a side that is no positive whole number.

    Raises:
        InputError: with what came.
    """
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise InputError(f"size is {size!r}", instead="the side of a picture in pixels, a whole number such as 64")


def shown(path: Path) -> str:
    """A path as text that can be printed, also where its bytes are no UTF-8."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


class _Quiet:
    """Pillow warns of damaged EXIF, large pictures and the like; here a picture is read or refused, never warned of.

    The filters of ``warnings`` belong to the whole process: the first thread that comes sets them, the last that
    leaves puts them back. Each thread for itself would put back what another had set.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._filters = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.simplefilter("ignore")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(None, None, None)


_QUIET = _Quiet()


def _refuse_a_bomb(image: Image.Image, where: str) -> None:
    """Refuse by the size that the header claims, before a pixel is decoded."""
    width, height = image.size
    if width * height > PIXEL_LIMIT:
        what = f"is {width} x {height} pixels; at most {PIXEL_LIMIT:,} are decoded"
        raise InputError(Fault(what, where, "scale it down"))


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 (as stored) where there is none or it cannot be read."""
    try:
        return int(image.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # noqa: BLE001 - broken metadata raise anything, and are no reason to refuse the pixels
        return 1


def _as_rgb(image: Image.Image) -> Image.Image:
    """Any of Pillow's modes as RGB; what is transparent lies on white."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        return _from_16_bit(image).convert("RGB")
    if image.mode in ("I", "F"):
        raise ValueError(f"its grey values ({image.mode!r}) have no known range; save it with 8 or 16 bits")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, WHITE), layer).convert("RGB")
    return image.convert("RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    """Grey of 0..65535 as grey of 0..255, rounded; Pillow's own conversion would clip."""
    values = np.asarray(image).astype(np.uint32)
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def _unidentified(data: bytes, where: str) -> Fault:
    if not data:
        return Fault("is empty (0 bytes)", where)
    if data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS:
        return Fault("is a HEIC picture, which is not read", where, "convert it to JPEG")
    start = data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for mark, what, instead in NO_PICTURE:
        if start.startswith(mark):
            return Fault(f"holds {what}", where, instead)
    return Fault(f"holds no picture of a kind that is read, or its header is damaged ({', '.join(FORMATS)})", where)


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
