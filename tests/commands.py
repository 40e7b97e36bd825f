"""What the tests of commands share: a command run in this process, or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from tagfit.cli import main

ENTRY = [sys.executable, "-m", "tagfit"]


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


class Command:
    """``tagfit(...)`` runs a command in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: object) -> Done:
        self._capsys.readouterr()
        code = main([str(word) for word in words])
        return Done(code, *self._capsys.readouterr())

    def refused(self, *words: object) -> str:
        """What a command says that must exit with 2, on standard error only."""
        done = self(*words)
        assert (done.code, done.out) == (2, ""), done
        assert "Traceback" not in done.err
        return done.err


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that finds tagfit where this one does."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **more}


def in_a_process(*words: object, **more: str) -> subprocess.CompletedProcess[bytes]:
    """``python -m tagfit`` with an environment of its own."""
    return subprocess.run([*ENTRY, *map(str, words)], capture_output=True, env=environment(**more), check=False)
