"""Conversion: a set of pictures is written in another format, whole or not at all, and read back before it is there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tagfit.data.convert import write_coco, write_csv, write_parquet, write_webdataset
from tagfit.data.convert.pictures import Pictures, digest
from tagfit.data.pictures import decode
from tagfit.data.read import read
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError
from tagfit.files import disk_faults, umask

Target = Literal["csv", "parquet", "webdataset", "coco"]
Write = Callable[[TaggedSet, Pictures, Path], None]
WRITERS: dict[Target, Write] = {
    "csv": write_csv.write,
    "parquet": write_parquet.write,
    "webdataset": write_webdataset.write,
    "coco": write_coco.write,
}
# Optional columns of a TaggedSet, and what a row without a value has.
COLUMNS = {"groups": "", "weights": 1.0, "split": "", "fold": 0}


def convert(data: TaggedSet, to: Target, out: Path, *, on_written: Callable[[int, int], None] | None = None) -> None:
    """Write ``data`` as a folder in the format ``to``: pictures byte for byte, unknown entries, splits, folds, groups
    and weights included. What :func:`tagfit.read` reads from it has the same fingerprint.

    Args:
        data: N pictures.
        to: one of WRITERS.
        out: the folder to write, which must not exist.
        on_written: called with (pictures written, N).

    Raises:
        InputError: ``out`` exists or cannot be written; ``data`` holds arrays; a picture cannot be read; the format
            cannot represent a label; or an extra is not installed.
    """
    if to not in WRITERS:
        raise InputError(f"there is no format {to!r} to convert to", instead=f"one of {', '.join(WRITERS)}")
    refuse_existing(out)
    if to == "parquet":
        write_parquet.require_pyarrow()
    if data.files is None:
        raise InputError("the source holds arrays, which none of the formats can store", instead="a source of pictures")
    with _new_folder(out) as part:
        pictures = Pictures(data, on_written)
        with disk_faults(out):
            WRITERS[to](data, pictures, part)
        _refuse_if_changed(data, pictures.digests, read(part, learnable=False), to)


def refuse_existing(out: Path) -> None:
    """Raise an InputError if there is something at ``out`` already."""
    if out.exists() or out.is_symlink():
        raise InputError(f"{out} exists and is not overwritten", instead="a new folder")


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A temporary folder that becomes ``out`` if the block succeeds; otherwise nothing is left.

    It has the name of ``out``, since readers take splits from the names of folders.
    """
    made = [parent for parent in out.absolute().parents if not parent.exists()]
    home = None
    try:
        with disk_faults(out):
            out.parent.mkdir(parents=True, exist_ok=True)
            home = Path(tempfile.mkdtemp(dir=out.parent, prefix=".convert-", suffix=".part"))
            part = home / out.absolute().name
            part.mkdir()
        yield part
        with disk_faults(out):
            part.chmod(0o777 & ~umask())
            refuse_existing(out)
            part.rename(out)
    finally:
        if home is not None:
            shutil.rmtree(home, ignore_errors=True)
        with suppress(OSError):  # folders that are not empty stay
            for parent in made:
                parent.rmdir()


def _refuse_if_changed(data: TaggedSet, digests: list[bytes], again: TaggedSet, to: str) -> None:
    """Raise an InputError if what was read back differs: nothing may be lost unnoticed."""
    if len(again) != len(data):
        raise InputError(
            [*again.quarantined], what=f"{len(data) - len(again)} of {len(data)} pictures cannot be read back as {to}"
        )
    changed = [
        name
        for name, one, other in (
            ("labels", data.labels, again.labels),
            ("truth", data.truth, again.truth),
            ("known", data.known, again.known),
            *((name, _column(data, name), _column(again, name)) for name in COLUMNS),
            ("pictures", digests, [digest(decode.read(file)) for file in again.files or ()]),
        )
        if not np.array_equal(np.asarray(one), np.asarray(other))
    ]
    if changed:
        raise InputError(
            f"read back as {to}, the {', '.join(changed)} would differ", instead="another format, or plainer names"
        )


def _column(data: TaggedSet, name: str) -> NDArray[Any]:
    values: NDArray[Any] | None = getattr(data, name)
    return np.full(len(data), COLUMNS[name]) if values is None else values
