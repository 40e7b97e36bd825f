"""Journal: what a run is going to change is on the disk before it changes anything, so that all of it can be undone."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tagfit.errors import InputError
from tagfit.files import disk_faults, write_text
from tagfit.photos.change import Change, Step, carry_out, no_step, state_of, temporary
from tagfit.photos.splice import RefusedError

FILE, ENDED = "journal.jsonl", "ended"
Progress = Callable[[int, int], None]


class BusyError(InputError):
    """Another process is writing keywords."""


@dataclass
class Outcome:
    """What became of the files of a run.

    Attributes:
        run: its name, by which it is undone; '' where nothing was to be done.
        done: files that were changed.
        skipped: files that were left as they are, with the reason.
    """

    run: str = ""
    done: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def state_folder() -> Path:
    """``$TAGFIT_STATE_DIR``, else ``$XDG_STATE_HOME/tagfit``, else ``~/.local/state/tagfit``."""
    if own := os.environ.get("TAGFIT_STATE_DIR"):
        return Path(own)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "tagfit"


def execute(changes: Sequence[Change], *, step: Step = no_step, progress: Progress | None = None) -> Outcome:
    """Make changes, after all of them are in a journal.

    Args:
        changes: one a file.
        step: called before each step, so that tests can stop there.
        progress: called with (files done, files in all).

    Raises:
        InputError: the journal cannot be written; nothing is changed then. Or another process writes.
    """
    if not changes:
        return Outcome()
    with _alone():
        run = _new_run()
        lines = "".join(json.dumps(change.to_dict()) + "\n" for change in changes)
        write_text(runs_folder() / run / FILE, lines)
        step("journal")
        outcome = Outcome(run)
        for number, change in enumerate(changes, 1):
            try:
                carry_out(change, run, step=step)
                outcome.done.append(str(change.path))
            except RefusedError as error:
                outcome.skipped[str(change.path)] = str(error)
            if progress is not None:
                progress(number, len(changes))
        (runs_folder() / run / ENDED).touch()
        return outcome


def clear_leftovers() -> None:
    """Remove the temporary files of runs that were killed; what they were to replace is whole."""
    for run in runs():
        if not (runs_folder() / run / ENDED).exists():
            with suppress(InputError, OSError):
                for change in changes_of(run):
                    temporary(change.path, run).unlink(missing_ok=True)


def runs() -> list[str]:
    """The runs that can be undone, oldest first."""
    with suppress(OSError):
        return sorted(path.parent.name for path in runs_folder().glob(f"*/{FILE}"))
    return []


def changes_of(run: str) -> list[Change]:
    """What a run was going to change.

    Raises:
        InputError: there is no such run, or its journal is damaged.
    """
    path = runs_folder() / run / FILE
    if not run or "/" in run or not path.is_file():
        raise InputError(f"there is no run {run!r} to undo", instead="`tagfit undo --list` lists them")
    try:
        return [Change.from_dict(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"the journal {path} cannot be read: {error}") from None


def words_of(run: str) -> dict[Path, tuple[str, ...]]:
    """The paths of keywords that a run was going to add to each file.

    Raises:
        InputError: as :func:`changes_of`.
    """
    return {change.path: change.words for change in changes_of(run)}


def prune(names: Sequence[str], *, apply: bool = True) -> list[str]:
    """Remove the journals of runs, which can then no longer be undone.

    Args:
        names: as :func:`runs` names them.
        apply: False only says what would be removed.

    Raises:
        InputError: one of them is not there, or another process writes.
    """
    for name in names:
        if name not in runs():
            raise InputError(f"there is no run {name!r}", instead="`tagfit undo --list` lists them")
    if apply:
        clear_leftovers()
        with _alone():
            for name in names:
                with disk_faults(runs_folder() / name):
                    shutil.rmtree(runs_folder() / name)
    return list(names)


def undo(run: str, *, apply: bool = True, step: Step = no_step) -> Outcome:
    """Give every file of a run its old bytes, time and permissions; one that was changed since is left as it is.

    Args:
        run: as :func:`runs` names it.
        apply: False only says what would be done.
        step: as in :func:`execute`.

    Raises:
        InputError: as :func:`changes_of`.
    """
    outcome = Outcome(run)
    changes = changes_of(run)
    with _alone():
        for change in reversed(changes):
            if apply:
                with suppress(OSError):
                    temporary(change.path, run).unlink(missing_ok=True)
            try:
                state = state_of(change.path)
                if state == change.before:
                    continue
                if state != change.after:
                    raise RefusedError("changed since")
                if apply:
                    carry_out(change.reversed(), run, restore_time=True, step=step)
                outcome.done.append(str(change.path))
            except OSError as error:
                outcome.skipped[str(change.path)] = error.strerror or str(error)
            except RefusedError as error:
                outcome.skipped[str(change.path)] = str(error)
    return outcome


def runs_folder() -> Path:
    """Where the journals are."""
    return state_folder() / "runs"


def _new_run() -> str:
    base = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
    number = 0
    while True:
        name = f"{base}-{number}"
        with disk_faults(runs_folder() / name):
            runs_folder().mkdir(parents=True, exist_ok=True)
            try:
                (runs_folder() / name).mkdir()
            except FileExistsError:
                number += 1
                continue
        return name


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of all writers.

    Raises:
        InputError: another process has it.
    """
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        yield
        return
    path = state_folder() / "lock"
    with disk_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError("another tagfit is writing keywords", instead="run it again when that has ended") from None
        yield
