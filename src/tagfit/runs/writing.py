"""Who may write a run folder: one process at a time, in a folder of its own; readers see whether one is at work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from tagfit.errors import InputError
from tagfit.files import disk_faults

# Held by the process that writes the run, for as long as it lives.
LOCK = ".lock"
# Locked briefly by each process that takes or tests LOCK, so that a test is never mistaken for a writer.
GATE = ".lock.gate"
GATE_SECONDS = 30.0
POLL_SECONDS = 0.002


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Let one process at a time write a run, or a cure; the lock is released when the process ends, however it ends.

    Raises:
        InputError: another process is writing, or the folder cannot be written to.
    """
    lock = FileLock(folder / LOCK)
    with disk_faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with _gate(folder):
                lock.acquire(timeout=0)
        except Timeout:
            raise InputError(f"{folder} is being written by another process", instead="wait for it to end") from None
    try:
        yield
    finally:
        lock.release()


def is_being_written(folder: Path) -> bool:
    """Whether a process holds the folder as its writer; a folder that cannot be written to counts as held."""
    if not (folder / LOCK).exists():
        return False
    try:
        with _gate(folder), FileLock(folder / LOCK).acquire(timeout=0):
            return False
    except (Timeout, OSError):
        return True


def refuse_used(folder: Path) -> None:
    """Raise an InputError unless a run can be started in ``folder``: it does not exist, or it is empty."""
    with disk_faults(folder):
        used = folder.exists() and (
            not folder.is_dir() or any(entry.name not in (LOCK, GATE) for entry in folder.iterdir())
        )
    if used:
        resumes = f"another folder, or `tagfit train --resume {folder}`"
        raise InputError(
            f"{folder} exists and is not empty", instead=resumes if (folder / "run.json").exists() else "a new one"
        )


@contextmanager
def claimed_folder(recipe_name: str, seed: int) -> Iterator[Path]:
    """``runs/<date>-<recipe>-<seed>``, with a number after it if that is taken.

    The folder is created here, so that no other process gets the same one; if nothing was written, it is removed.
    """
    stem = f"{datetime.now():%Y-%m-%d}-{recipe_name}-{seed}"
    for number in count(1):
        folder = Path("runs") / (stem if number == 1 else f"{stem}-{number}")
        try:
            with disk_faults(folder):
                folder.parent.mkdir(exist_ok=True)
                folder.mkdir()
            break
        except InputError:
            if not folder.exists():
                raise
    try:
        yield folder
    finally:
        if not any(folder.iterdir()):
            folder.rmdir()


@contextmanager
def _gate(folder: Path) -> Iterator[None]:
    with FileLock(folder / GATE).acquire(timeout=GATE_SECONDS, poll_interval=POLL_SECONDS):
        yield
