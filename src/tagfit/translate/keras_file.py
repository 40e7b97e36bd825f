"""Reads the configuration of a Keras model from a file, up to a size limit and without running code."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

from tagfit.errors import InputError

LARGEST = 16 << 20  # bytes of configuration; a net of thousands of layers has less
MEMBER = "config.json"
HDF5 = b"\x89HDF\r\n\x1a\n"
RIGHT_FORM = "a .keras file, or the text of model.to_json()"
# What zipfile says of broken, encrypted or strangely packed archives.
ZIP_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError, OSError)


def read_config(path: Path) -> dict[str, Any]:
    """Read what Keras would build the model from, as plain JSON values.

    Raises:
        InputError: no such file, neither of the two formats, corrupt, or implausibly large.
    """
    try:
        if not path.is_file():
            raise InputError(f"there is no file {path}", instead=RIGHT_FORM)
        with path.open("rb") as file:
            start = file.read(len(HDF5))
            file.seek(0)
            if start == HDF5:
                raise InputError(f"{path} is an HDF5 file", instead=f"{RIGHT_FORM}: model.save('MODEL.keras')")
            text = _member(path, file) if start.startswith(b"PK") else _limited(path, file)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid JSON: {error}", instead=RIGHT_FORM) from None
    if not isinstance(config, dict):
        raise InputError(f"{path} contains a JSON {type(config).__name__} instead of a model", instead=RIGHT_FORM)
    return config


def _member(path: Path, file: IO[bytes]) -> bytes:
    """Read the configuration from the archive without trusting the size it declares."""
    try:
        with zipfile.ZipFile(file) as archive:
            if MEMBER not in archive.NameToInfo:
                raise InputError(f"{path} is an archive without {MEMBER}", instead=RIGHT_FORM)
            with archive.open(MEMBER) as member:
                return _limited(path, member)
    except InputError:
        raise
    except ZIP_FAULTS as error:
        raise InputError(f"{path} is a corrupt archive: {error}", instead=RIGHT_FORM) from None


def _limited(path: Path, file: IO[bytes]) -> bytes:
    text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise InputError(f"{path} contains more than {LARGEST >> 20} MiB of configuration", instead=RIGHT_FORM)
    return text
