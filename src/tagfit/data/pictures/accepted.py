"""Which pictures are accepted: formats, limits, and the reason in words where one is not."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from tagfit.data.pictures.headers import plain_size
from tagfit.data.pictures.sources import Member, Place
from tagfit.errors import Fault, InputError

PIXEL_LIMIT = 134_217_728  # 2**27: room for the 102 and 108 megapixels of large cameras and phones
BYTE_LIMIT = 1 << 30

# Raster formats only: Pillow hands some others (EPS) to programs that run what the file says.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000")
SUFFIXES = frozenset(
    (
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff",
        ".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".jp2", ".j2k", ".jpx", ".heic", ".heif",
    )
)  # fmt: skip
NO_PICTURE = (
    (b"version https://git-lfs", "a Git LFS pointer, not the picture itself", "fetch it with: git lfs pull"),
    (b"<!doctype html", "an HTML page, not a picture", "often a download that failed"),
    (b"<html", "an HTML page, not a picture", "often a download that failed"),
    (b"<?xml", "XML, not a picture of pixels", ""),
    (b"<svg", "an SVG drawing, not a picture of pixels", "export it as PNG"),
    (b"%pdf", "a PDF document, not a picture", "export its pages as PNG"),
)
HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
START = 1 << 16  # bytes that are looked at to name what no decoder knows


@contextmanager
def opened(source: Path | bytes, where: str = "") -> Iterator[Image.Image]:
    """An accepted picture, its header read and its pixels not yet decoded.

    Whatever goes wrong in the block while the pixels are decoded is translated as well.

    Args:
        source: a picture file, or the bytes of one.
        where: the place for the error.

    Raises:
        InputError: one fault: the picture is not accepted, or is broken, with the reason.
    """
    try:
        with _QUIET, _open(source) as image:
            width, height = image.size
            if width * height > PIXEL_LIMIT:
                what = f"is {width} x {height} pixels; at most {PIXEL_LIMIT:,} are decoded"
                raise InputError(Fault(what, where, "scale it down"))
            if image.mode == "F" or (image.mode == "I" and image.format != "PPM"):
                kind = "floating-point" if image.mode == "F" else "32-bit integer"
                raise InputError(_no_known_range(f"{image.format} of {kind} grey values", where))
            yield image
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(_unidentified(_start(source), where)) from None
    except Image.DecompressionBombError:
        raise InputError(Fault(f"has more than the {PIXEL_LIMIT:,} pixels allowed", where, "scale it down")) from None
    except Exception as error:  # noqa: BLE001 - on broken files the codecs raise whatever they come across
        raise InputError(Fault(f"is truncated or damaged: {error or type(error).__name__}", where)) from None


def refusal(path: str | Place) -> Fault | None:
    """Why a picture file is not accepted, judged by its header; None where it is. Pixels are not decoded."""
    try:
        size_of(Path(path) if isinstance(path, str) else path)
    except InputError as error:
        return error.faults[0]
    return None


def size_of(path: Place) -> tuple[int, int]:
    """(width, height) of a picture file by its header.

    Raises:
        InputError: one fault: the picture is not accepted, with the reason.
    """
    where = shown(path)
    if isinstance(path, Member):
        with opened(path.read_bytes(), where) as image:
            return image.size
    try:
        check_file(os.stat(path), where)
    except OSError as error:
        raise InputError(Fault(f"cannot be read: {error.strerror or error}", where)) from None
    with suppress(OSError), open(path, "rb") as file:  # what went wrong is reported by the decoder below
        size = plain_size(file)
        if size is not None and size[0] * size[1] <= PIXEL_LIMIT:
            return size
    with opened(path, where) as image:
        return image.size


def check_file(status: os.stat_result, where: str) -> None:
    """Refuse what is not a regular file or is too large to be read.

    Raises:
        InputError: with the reason.
    """
    if not stat.S_ISREG(status.st_mode):
        raise InputError(Fault("is not a file", where, "a picture file"))
    if status.st_size > BYTE_LIMIT:
        raise InputError(Fault(f"has {status.st_size:,} bytes; at most {BYTE_LIMIT:,} are read", where))


def shown(path: Place) -> str:
    """A path as text that can be printed, also where its bytes are no UTF-8."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def heif_version() -> str:
    """The version of pillow-heif, which reads HEIC pictures; empty where it is not installed."""
    try:
        return importlib.metadata.version("pillow-heif")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _open(source: Path | bytes) -> Image.Image:
    try:
        return Image.open(_stream(source), formats=FORMATS)
    except UnidentifiedImageError:
        if _is_heif(_start(source)) and _heif_is_registered():
            return Image.open(_stream(source), formats=("HEIF",))
        raise


def _stream(source: Path | bytes) -> Path | BytesIO:
    return source if isinstance(source, Path) else BytesIO(source)


def _start(source: Path | bytes) -> bytes:
    if not isinstance(source, Path):
        return source[:START]
    with source.open("rb") as file:
        return file.read(START)


def _is_heif(start: bytes) -> bool:
    return start[4:8] == b"ftyp" and start[8:12] in HEIF_BRANDS


@functools.cache
def _heif_is_registered() -> bool:
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def _unidentified(start: bytes, where: str) -> Fault:
    if not start:
        return Fault("is empty (0 bytes)", where)
    if _is_heif(start):
        what = "is a HEIC picture, which needs an extra that is not installed"
        return (
            Fault("is a damaged HEIC picture", where)
            if heif_version()
            else Fault(what, where, "pip install 'tagfit[heic]', or convert it to JPEG")
        )
    if start[:4] in (b"II*\0", b"MM\0*") and (kind := _unusual_tiff(start)):
        return _no_known_range(kind, where)
    text = start[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for mark, what, instead in NO_PICTURE:
        if text.startswith(mark):
            return Fault(f"holds {what}", where, instead)
    return Fault(f"holds no picture of a kind that is read, or its header is damaged ({', '.join(FORMATS)})", where)


def _unusual_tiff(start: bytes) -> str:
    """What the values of a TIFF are that Pillow has no mode for; empty where the header does not tell."""
    stream = BytesIO(start)
    with suppress(Exception), _QUIET:
        tags = TiffImagePlugin.ImageFileDirectory_v2(start[:8])
        stream.seek(tags.next)
        tags.load(stream)
        bits, kind = tags.get(258, (8,)), tags.get(339, (1,))
        name = {1: "integer", 2: "signed integer", 3: "floating-point"}.get(kind[0])
        if name is not None and (kind[0] != 1 or bits[0] > 16):
            return f"TIFF of {len(bits)} channels of {bits[0]}-bit {name} values"
    return ""


def _no_known_range(kind: str, where: str) -> Fault:
    return Fault(f"is a {kind}, whose range is not known", where, "save it with 8 or 16 bits a channel")


class _Quiet:
    """Pillow warns of damaged EXIF, large pictures and the like; here a picture is read or refused, never warned of.

    The filters of ``warnings`` belong to the whole process: the first thread that enters sets them, the last that
    leaves restores them. Each thread for itself would restore what another had set.
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
