"""The package as it is installed: the oldest versions that are tested are the ones that pyproject.toml promises."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pinned(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {package.lower().replace("_", "-"): version for package, version in found.items()}


def parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.sub(r"(\.0)+$", "", version).split(".")))


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_the_oldest_version_that_is_allowed_is_the_oldest_that_is_tested(requirement: str) -> None:
    package, _, bound = requirement.partition(">=")
    assert parts(pinned("constraints-lowest.txt")[package]) == parts(bound)
    assert parts(pinned("constraints.txt")[package]) >= parts(bound)


def test_the_classifiers_name_the_python_that_is_required() -> None:
    named = [line.rpartition(" :: ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
    assert named[0] == PROJECT["requires-python"].removeprefix(">=")
