"""Change: one file before and after, as the bytes that differ; and how it is made safely."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagfit.files import umask
from tagfit.photos.splice import RefusedError

FORMAT = 1
COPIED = ("user.", "system.posix_acl")  # extended attributes that belong to the file rather than to the system
Step = Callable[[str], None]


def no_step(_: str) -> None:
    """Called before each step of writing; tests put something in its place that stops there."""


@dataclass(frozen=True)
class Change:
    """A file and what becomes of it.

    Attributes:
        path: the file itself, links followed.
        prefix, suffix: how many bytes at both ends stay.
        old, new: the bytes between them.
        before, after: SHA-256 of the whole file, '' where there is none.
        mode: its permissions, None where it is new.
        mtime_ns: when it was changed last; None where it is new.
        words: the paths of keywords that it adds, joined by ``|``.
    """

    path: Path
    prefix: int
    suffix: int
    old: bytes
    new: bytes
    before: str
    after: str
    mode: int | None = None
    mtime_ns: int | None = None
    words: tuple[str, ...] = ()

    @property
    def created(self) -> bool:
        """Whether the file is new."""
        return not self.before

    def result(self, current: bytes) -> bytes:
        """The bytes after the change, out of those before it."""
        return current[: self.prefix] + self.new + current[len(current) - self.suffix :]

    def reversed(self) -> Change:
        """The change back."""
        return Change(
            self.path, self.prefix, self.suffix, self.new, self.old, self.after, self.before, self.mode, self.mtime_ns
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "v": FORMAT,
            "path": os.fspath(self.path),
            "prefix": self.prefix,
            "suffix": self.suffix,
            "old": base64.b64encode(self.old).decode(),
            "new": base64.b64encode(self.new).decode(),
            "before": self.before,
            "after": self.after,
            "mode": self.mode,
            "mtime_ns": self.mtime_ns,
            "words": list(self.words),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Change:
        """What :meth:`to_dict` gave."""
        return cls(
            Path(values["path"]),
            values["prefix"],
            values["suffix"],
            base64.b64decode(values["old"]),
            base64.b64decode(values["new"]),
            values["before"],
            values["after"],
            values["mode"],
            values["mtime_ns"],
            tuple(values.get("words", ())),
        )


def read_target(path: Path) -> bytes:
    """The bytes of a file that is to be changed.

    Raises:
        RefusedError: it cannot be changed without harm to others.
    """
    real = Path(os.path.realpath(path))
    try:
        if real.stat().st_nlink > 1:
            raise RefusedError(f"{path.name} has other names (hard links), which would keep the old content")
        data = real.read_bytes()
    except OSError as error:
        raise RefusedError(f"{path.name}: {error.strerror or error}") from None
    if not os.access(real, os.W_OK) or not os.access(real.parent, os.W_OK):
        raise RefusedError(f"{path.name} or its folder is read-only")
    return data


def change_of(path: Path, old: bytes | None, new: bytes) -> Change:
    """The change of a file from ``old`` (None where it is new) to ``new``."""
    real = Path(os.path.realpath(path))
    if old is None:
        if not os.access(real.parent, os.W_OK):
            raise RefusedError(f"the folder {real.parent} is read-only")
        return Change(real, 0, 0, b"", new, "", digest(new))
    stat = real.stat()
    prefix = _most(min(len(old), len(new)), lambda size: old[:size] == new[:size])
    rest = min(len(old), len(new)) - prefix
    suffix = _most(rest, lambda size: old[len(old) - size :] == new[len(new) - size :])
    return Change(
        real,
        prefix,
        suffix,
        old[prefix : len(old) - suffix],
        new[prefix : len(new) - suffix],
        digest(old),
        digest(new),
        stat.st_mode & 0o7777,
        stat.st_mtime_ns,
    )


def _most(highest: int, holds: Callable[[int], bool]) -> int:
    """The largest size up to ``highest`` that ``holds``, where it holds for all smaller ones."""
    low = 0
    while low < highest:
        middle = (low + highest + 1) // 2
        if holds(middle):
            low = middle
        else:
            highest = middle - 1
    return low


def digest(data: bytes) -> str:
    """SHA-256 as hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def state_of(path: Path) -> str:
    """The digest of a file, '' where there is none."""
    try:
        return digest(path.read_bytes())
    except FileNotFoundError:
        return ""


def temporary(path: Path, run: str) -> Path:
    """Where the new content lies until it takes its place."""
    return path.with_name(f".{path.name[:100]}.tagfit-{run}")


def carry_out(change: Change, run: str, *, restore_time: bool = False, step: Step = no_step) -> None:
    """Make a change: the file is its old or its new self at any moment, and keeps its permissions.

    Args:
        change: what is to be done.
        run: a name for the temporary file.
        restore_time: give it the time that the change records.
        step: called before each step, so that tests can stop there.

    Raises:
        RefusedError: it has changed since it was read, or the disk refuses; nothing is done.
    """
    path, part = change.path, temporary(change.path, run)
    try:
        current = b"" if change.created else path.read_bytes()
        if (digest(current) if not change.created else state_of(path)) != change.before:
            raise RefusedError("it has changed since")
        if not change.after:
            step("delete")
            path.unlink()
            _sync(path.parent)
            return
        content = change.result(current)
        if digest(content) != change.after:
            raise RefusedError("it has changed since")
        step("write")
        _write(part, content, change, like=None if change.created else path)
        if restore_time and change.mtime_ns is not None:
            os.utime(part, ns=(change.mtime_ns, change.mtime_ns))
        step("compare")
        if state_of(path) != change.before or state_of(part) != change.after:
            raise RefusedError("it has changed since")
        step("replace")
        if change.created:
            _appear(part, path)
        else:
            os.replace(part, path)
        _sync(path.parent)
    except OSError as error:
        raise RefusedError(error.strerror or str(error)) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _appear(part: Path, path: Path) -> None:
    """Give a new file its name, unless a file of this name has appeared meanwhile."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise RefusedError("it has changed since") from None
    except OSError:  # a file system without links, such as FAT
        if os.path.lexists(path):
            raise RefusedError("it has changed since") from None
        os.replace(part, path)
    else:
        part.unlink()


def _write(part: Path, content: bytes, change: Change, like: Path | None) -> None:
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if like is not None:
        _copy_ownership(like, part)
    os.chmod(part, 0o666 & ~umask() if change.mode is None else change.mode)


def _copy_ownership(like: Path, part: Path) -> None:
    """Owner, group and extended attributes; a file of another owner is not replaced by one of ours."""
    wanted, got = like.stat(), part.stat()
    if hasattr(os, "chown") and (wanted.st_uid, wanted.st_gid) != (got.st_uid, got.st_gid):
        os.chown(part, wanted.st_uid, wanted.st_gid)
    if hasattr(os, "listxattr"):
        for name in os.listxattr(like):
            if not name.startswith(COPIED):
                continue
            os.setxattr(part, name, os.getxattr(like, name))


def _sync(folder: Path) -> None:
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
