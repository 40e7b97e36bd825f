"""What the tests of commands share: a command run in this process, or in one of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tagfit.cli import main

# Set while the tests run in an environment without the extras: a command that asks for one skips its test.
WITHOUT_EXTRAS = "TAGFIT_TESTS_WITHOUT_EXTRAS"
ENTRY = [sys.executable, "-m", "tagfit"]
# A program: the command where neither torch nor what makes ONNX graphs is installed.
WITHOUT_TORCH = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "optuna", "onnx", "onnxscript"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from tagfit.cli import main
sys.exit(main(sys.argv[1:]))
"""


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
        done = Done(code, *self._capsys.readouterr())
        if os.environ.get(WITHOUT_EXTRAS) and "pip install 'tagfit[" in done.err:
            pytest.skip("needs an extra")
        return done

    def refused(self, *words: object) -> str:
        """What a command says that must exit with 2, on standard error only."""
        done = self(*words)
        assert (done.code, done.out) == (2, ""), done
        assert "Traceback" not in done.err
        return done.err


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that finds tagfit where this one does."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **more}


def killed_at(setup: str, words: Sequence[object], folder: Path, **more: str) -> None:
    """Run a command in a process that kills itself with SIGKILL at a moment that does not depend on its speed.

    Args:
        setup: Python source, run first, that has something in tagfit call ``die()`` at the wanted moment.
        words: of the command.
        folder: its working directory.
        more: of its environment.
    """
    code = f"import os, signal, sys\ndef die(): os.kill(os.getpid(), signal.SIGKILL)\n{setup}\n"
    code += "from tagfit.cli import main\nsys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        cwd=folder,
        capture_output=True,
        env=environment(**more),
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def in_a_process(*words: object, **more: str) -> subprocess.CompletedProcess[bytes]:
    """``python -m tagfit`` with an environment of its own."""
    return subprocess.run([*ENTRY, *map(str, words)], capture_output=True, env=environment(**more), check=False)
