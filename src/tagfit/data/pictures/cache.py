"""The picture cache: pictures decoded once, on all cores, into memory-mapped files addressed by content."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagfit.data.pictures.accepted import shown
from tagfit.data.pictures.decode import check_size, decode, decoder, digest, read
from tagfit.data.pictures.known_contents import KnownContents
from tagfit.data.pictures.read_ahead import pool_for, read_ahead
from tagfit.data.pictures.shelf import DIGEST_BYTES, NewEntry, Shelf, disk_faults, refuse_without_space, size_of
from tagfit.data.pictures.sources import Place, UnavailableError, any_remote
from tagfit.data.pictures.square import SQUASH, Fit, check_fit
from tagfit.errors import Fault, InputError

REMOTE_PIECE = 256  # remote pictures that are fetched before they are kept: what a cut may cost
CONTENTS_FILE = "remote-contents.bin"


@dataclass(frozen=True, eq=False)
class Decoded:
    """The pictures that could be read, in the order given, and the reasons of those that could not.

    Attributes:
        pixels: (M, size, size, 3) uint8, RGB, memory-mapped and read-only.
        rows: (M,) int64: which of the N files each is, ascending; M = N and ``rows`` = 0..N-1 without faults.
        digests: (M,) 64 hex digits each: BLAKE2b of the file's bytes that the pixels came from.
        faults: (row, reason) for each of the N - M files left out.
        path: the ``.npy`` file behind ``pixels``.
    """

    pixels: NDArray[np.uint8]
    rows: NDArray[np.int64]
    digests: NDArray[np.str_]
    faults: tuple[tuple[int, Fault], ...]
    path: Path

    def __len__(self) -> int:
        return len(self.rows)


def decoded(
    files: Sequence[Place],
    size: int,
    *,
    fit: Fit = SQUASH,
    cache_dir: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Decoded:
    """All ``files`` as pixels; what was decoded before, in any set, order or place, is not decoded again.

    Every file is read (its content is its key), once. Two processes may do the same at once. Killed at any moment,
    it leaves only what the next call ignores or finishes. Remote pictures are kept piece by piece: after a cut, only
    what is missing or has changed is fetched.

    Args:
        files: N picture files.
        size: the side in pixels, see ``pictures.decode``.
        fit: how pictures become squares, see ``square.squared``.
        cache_dir: where to keep the pixels; ``default_dir()`` if None.
        progress: called with (pictures done, N) from the calling thread, with 0 before anything is written.

    Raises:
        InputError: the cache cannot be written (no space, no permission), or a store cannot be reached. Pictures that
            cannot be read are ``faults``.
    """
    check_size(size)
    check_fit(fit)
    if progress is not None:
        progress(0, len(files))
    folder = _folder(size, fit, cache_dir)
    contents = KnownContents(folder.parent / CONTENTS_FILE, files)
    if len(files) > REMOTE_PIECE and any_remote(files):
        return _in_pieces(files, folder, size, fit, contents, progress)
    return _decoded(files, Shelf(folder, size), fit, contents, progress)


def _in_pieces(
    files: Sequence[Place],
    folder: Path,
    size: int,
    fit: Fit,
    contents: KnownContents,
    progress: Callable[[int, int], None] | None,
) -> Decoded:
    """Each piece becomes an entry, so that it outlives a cut; in the end one entry replaces them."""
    pieces: list[Path] = []
    for start in range(0, len(files), REMOTE_PIECE):
        step = None if progress is None else partial(_shifted, progress, start, len(files))
        pieces.append(_decoded(files[start : start + REMOTE_PIECE], Shelf(folder, size), fit, contents, step).path)
    whole = _decoded(files, Shelf(folder, size), fit, contents, None)
    for path in set(pieces) - {whole.path}:
        path.with_name(f"{path.stem}.digests.npy").unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    return whole


def _shifted(progress: Callable[[int, int], None], start: int, n: int, done: int, _of: int) -> None:
    progress(start + done, n)


def _decoded(
    files: Sequence[Place],
    shelf: Shelf,
    fit: Fit,
    contents: KnownContents,
    progress: Callable[[int, int], None] | None,
) -> Decoded:
    size = shelf.size
    if not shelf.keys:  # otherwise all of them may be cached already, which only reading them can tell
        refuse_without_space(shelf.folder, size_of(len(files), size))
    new = NewEntry(shelf, len(files))
    rows: list[int] = []
    faults: list[tuple[int, Fault]] = []
    try:
        pool = pool_for(files)
        with pool, closing(read_ahead(files, lambda file: _one(file, fit, shelf, contents), pool)) as outcomes:
            for row, outcome in enumerate(outcomes):
                if isinstance(outcome, Fault):
                    faults.append((row, outcome))
                else:
                    new.add(*outcome)
                    contents.add(files[row], outcome[0])
                    rows.append(row)
                if progress is not None:
                    progress(row + 1, len(files))
        path = new.finish()
        with disk_faults(shelf.folder, 0):
            contents.save()
    finally:
        new.abandon()
    return Decoded(
        pixels=np.load(path, mmap_mode="r"),
        rows=np.array(rows, dtype=np.int64),
        digests=np.array([digest.hex() for digest in new.digests], dtype=f"U{2 * DIGEST_BYTES}"),
        faults=tuple(faults),
        path=path,
    )


def default_dir() -> Path:
    """``$TAGFIT_CACHE_DIR``, else ``$XDG_CACHE_HOME/tagfit``, else ``~/.cache/tagfit``."""
    if own := os.environ.get("TAGFIT_CACHE_DIR"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tagfit"


def _folder(size: int, fit: Fit, cache_dir: Path | None) -> Path:
    """One folder a preprocessing: what another decoder made is never mixed in."""
    made_by = blake2b(decoder().encode(), digest_size=6).hexdigest()
    return (cache_dir or default_dir()) / f"pictures-{size}px-{'' if fit == SQUASH else f'{fit}-'}{made_by}"


_Outcome = tuple[bytes, NDArray[np.uint8] | None] | Fault


def _one(path: Place, fit: Fit, shelf: Shelf, contents: KnownContents) -> _Outcome:
    """The digest of a file with its new pixels, None where the shelf has them, or what is wrong with it."""
    known = contents.get(path)
    if known is not None and known in shelf:
        return known, None
    try:
        data = read(path)
        content = digest(data)
        return content, None if content in shelf else decode(data, shelf.size, fit)
    except UnavailableError:
        raise
    except InputError as error:
        return replace(error.faults[0], where=shown(path))
