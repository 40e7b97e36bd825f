"""Atomic file writing: a file is complete or absent."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tagfit.errors import InputError


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Open a binary file that appears at ``path`` only when the block ends without an exception.

    The bytes are on the disk before the name is, so a crash leaves the old file or the new one, never a part.

    Raises:
        InputError: the disk refuses: full, read-only, not ours.
    """
    with disk_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o666 & ~umask())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def disk_faults(path: Path) -> Iterator[None]:
    """Say what a disk refuses as an InputError that names ``path``, for the block that writes there."""
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from None


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all.

    A lone surrogate, as in a file name that is not UTF-8, becomes ``\\udc80``: in JSON that is its own escape.
    """
    with written_whole(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def to_json(value: object, *, indent: int | None = 2) -> str:
    """``value`` as JSON that every parser reads; NaN and infinities become ``null``."""
    return json.dumps(_plain(value), indent=indent, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        return str(value)
    return value


def umask() -> int:
    """The permissions that new files of this process do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
