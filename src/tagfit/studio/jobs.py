"""Jobs: trainings and cures as processes of their own, which outlive the page and the server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from tagfit.errors import InputError
from tagfit.files import disk_faults, to_json, write_text
from tagfit.studio.workspace import Workspace

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,60}")
SHOWN = 4000  # characters of a log

Kind = TypeVar("Kind", list, dict)  # type: ignore[type-arg]


def checked_name(text: str) -> str:
    """A name for a folder.

    Raises:
        InputError: anything but letters, digits, dots, dashes and underscores.
    """
    if not NAME.fullmatch(text):
        raise InputError(f"the name {text!r}", instead="letters, digits, dots, dashes and underscores")
    return text


def checked_word(text: str, what: str) -> str:
    """A value that becomes a word of a command.

    Raises:
        InputError: it is empty, or a command would take it for an option.
    """
    if not text.strip() or text.startswith("-"):
        raise InputError(f"the {what} {text!r}", instead="a value that is not empty and begins with no dash")
    return text


def start(workspace: Workspace, words: Sequence[str], out: Path, form: Mapping[str, str] | None = None) -> None:
    """Start ``tagfit WORDS`` in the workspace; what it says goes to a log, and its record names the process.

    Args:
        workspace: the folder it runs in.
        words: of the command.
        out: the folder that it writes.
        form: what was filled in to start it, for another try.
    """
    place = _record(workspace, out)
    with disk_faults(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        log = place.with_suffix(".log").open("wb")
    command = [sys.executable, "-m", "tagfit", *words]
    with log:
        process = subprocess.Popen(  # noqa: S603 - the words were checked one by one, and no shell reads them
            command,
            cwd=workspace.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    write_text(place, to_json({"process": process.pid, "command": list(words), "form": dict(form or {})}) + "\n")


def stop(workspace: Workspace, out: Path) -> bool:
    """Interrupt the process that writes ``out``, as Ctrl-C does; False where it was not started here, or has ended."""
    try:
        process = int(json.loads(_record(workspace, out).read_text(encoding="utf-8"))["process"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if not _is_ours(process):
        return False
    with suppress(OSError):
        os.kill(process, signal.SIGINT)
        return True
    return False


def said(workspace: Workspace, key: str) -> tuple[str, bool]:
    """The end of what the job with a key said, and whether it has ended; ('', False) where there is no such job."""
    known = {path.stem: path for path in (workspace.own / "jobs").glob("*.json")}
    if key not in known:
        return "", True
    try:
        text = known[key].with_suffix(".log").read_text(encoding="utf-8", errors="replace")
        process = int(json.loads(known[key].read_text(encoding="utf-8"))["process"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", True
    return text[-SHOWN:].strip(), not _is_ours(process)


def words_of(workspace: Workspace, key: str) -> list[str]:
    """The words of the command that was started under a key; none where there is no such job."""
    return [str(word) for word in _recorded(workspace, key, "command", list)]


def form_of(workspace: Workspace, key: str) -> dict[str, str]:
    """What was filled in to start the job with a key; nothing where there is no such job, or it had no form."""
    found = _recorded(workspace, key, "form", dict)
    return {str(name): str(value) for name, value in found.items() if value}


def _recorded(workspace: Workspace, key: str, what: str, kind: type[Kind]) -> Kind:
    known = {path.stem: path for path in (workspace.own / "jobs").glob("*.json")}
    try:
        found = json.loads(known[key].read_text(encoding="utf-8"))[what]
    except (OSError, ValueError, KeyError, TypeError):
        return kind()
    return found if isinstance(found, kind) else kind()


def _record(workspace: Workspace, out: Path) -> Path:
    return workspace.own / "jobs" / f"{workspace.key(out)}.json"


def _is_ours(process: int) -> bool:
    """Whether a process number still belongs to a command of tagfit."""
    with suppress(OSError, ChildProcessError):
        os.waitpid(process, os.WNOHANG)  # one that ended leaves nothing behind
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return not Path("/proc/self").exists() and process > 1
    return b"tagfit" in words
