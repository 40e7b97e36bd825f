"""Edited code: what a learner edited, run in a process of its own with a time limit; values go in and out as JSON.

It is no sandbox: the code may do what its author may do on this machine, as with ``python``.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tagfit.files import to_json

SECONDS = 10.0


class CodeError(Exception):
    """The code raised, took too long, or did not define what it should; the text says which."""


def run(code: str, given: Mapping[str, Any], wanted: Sequence[str]) -> dict[str, Any]:
    """The values of the names in ``wanted`` after ``code`` ran.

    Args:
        code: Python source.
        given: arrays and plain values, by the name that the code calls them.
        wanted: names that it has to define.

    Raises:
        CodeError: it does not run.
    """
    sent = to_json({"code": code, "given": given, "wanted": list(wanted)}, indent=None)
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(command, input=sent, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise CodeError(f"> {SECONDS:g} s") from None
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise CodeError((done.stderr.strip().splitlines() or [str(done.returncode)])[-1])
    answer = json.loads(lines[-1])
    if "error" in answer:
        raise CodeError(answer["error"])
    return dict(answer["values"])


class KerasModel:
    """Stands in for a Keras model: notes how it was compiled."""

    def __init__(self) -> None:
        self.compiled: dict[str, Any] = {}

    def compile(self, **settings: Any) -> None:
        """Note the settings."""
        self.compiled = {name: _named(value) for name, value in settings.items()}


def _named(value: Any) -> Any:
    return [str(one) for one in value] if isinstance(value, list | tuple) else str(value)


class RunOfScores:
    """Stands in for a Run: has the scores of its splits."""

    def __init__(self, splits: Mapping[str, Mapping[str, Any]]) -> None:
        self._splits = splits

    def scores(self, split: str) -> Any:
        """As ``Run.scores``."""
        from tagfit.scores import Scores

        return Scores.of(self._splits[split]["truth"], self._splits[split]["scores"], split=split)


def values_of(code: str, given: Mapping[str, Any], wanted: Sequence[str]) -> dict[str, Any]:
    """As ``run``, in this process and without a limit: what the process of ``run`` does.

    Raises:
        CodeError: the code raised, or did not define what it should.
    """
    import numpy as np

    names: dict[str, Any] = {"np": np, "model": KerasModel()}
    for name, value in given.items():
        is_array = isinstance(value, list) and value and not isinstance(value[0], list | str)
        is_matrix = (
            isinstance(value, list) and value and isinstance(value[0], list) and not isinstance(value[0][0], str)
        )
        names[name] = np.asarray(value) if is_array or is_matrix else value
    if "splits" in names:
        names["run"] = RunOfScores(names.pop("splits"))
    with contextlib.redirect_stdout(sys.stderr):
        try:
            exec(compile(code, "<answer>", "exec"), names)  # noqa: S102 - the learner's own code, on their machine
            names["compiled"] = names["model"].compiled
            return {name: names[name] for name in wanted}
        except Exception as error:  # noqa: BLE001 - whatever it is, the learner has to see it
            raise CodeError(f"{type(error).__name__}: {error}") from None


def _main() -> None:
    answer: dict[str, Any]
    try:
        answer = {"values": values_of(**json.load(sys.stdin))}
    except CodeError as error:
        answer = {"error": str(error)}
    sys.stdout.write(to_json(answer, indent=None) + "\n")


if __name__ == "__main__":
    _main()
