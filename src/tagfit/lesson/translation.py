"""Translation: a folder of content files in another language, compared with that of the package before it is used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from tagfit.errors import Fault, InputError, gathered
from tagfit.lesson import texts

# What code reads and no learner sees: equal in every language.
EQUAL = (
    "id", "kind", "lab", "concept", "station", "stations", "computed", "difficulty", "misconception", "misconceptions",
    "mistakes", "start", "example",
)  # fmt: skip
# Lists of short words in one text, as the letters of six runs.
COUNTED = ("letters", "names")
_FIGURE = re.compile(r"\{[^{}]*\}")


def check(folder: Path) -> None:
    """Compare a folder of content files with that of the package.

    Raises:
        InputError: a file is missing, or its texts do not fit; all problems at once.
    """
    faults: list[Fault] = []
    for name, own in _files(texts.own_folder()):
        place = folder / name
        if not place.is_file():
            faults.append(Fault(f"{name} is missing", where=str(folder)))
            continue
        with gathered(faults):
            faults += [
                Fault(said, where=f"{name}, {where}" if where else name)
                for where, said in _differences("", texts.values_of(own), texts.values_of(place))
            ]
    if faults:
        raise InputError(faults)


def _files(folder: Traversable, under: str = "") -> Iterator[tuple[str, Traversable]]:
    for place in sorted(folder.iterdir(), key=lambda one: one.name):
        if place.is_dir():
            yield from _files(place, f"{under}{place.name}/")
        elif place.name.endswith(".toml"):
            yield f"{under}{place.name}", place


def _differences(where: str, own: Any, other: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Where a translation does not fit, and what is wrong there."""
    if type(own) is not type(other):
        yield where, f"a {type(own).__name__} is wanted, not a {type(other).__name__}"
    elif isinstance(own, Mapping):
        for name in (*own, *(name for name in other if name not in own)):
            place = f"{where}.{name}" if where else name
            if name not in other:
                yield place, "is missing"
            elif name not in own:
                yield place, "is not known"
            else:
                yield from _differences(place, own[name], other[name], name)
    elif isinstance(own, list):
        if len(own) != len(other):
            yield where, f"has {len(other)} entries, not {len(own)}"
        for number, (mine, theirs) in enumerate(zip(own, other, strict=False)):
            yield from _differences(f"{where}.{number}", mine, theirs, key)
    elif key in EQUAL or not isinstance(own, str):
        if own != other:
            yield where, f"has to stay {own!r}"
    else:
        yield from _of_text(where, own, other, key)


def _of_text(where: str, own: str, other: str, key: str) -> Iterator[tuple[str, str]]:
    wanted, found = set(_FIGURE.findall(own)), set(_FIGURE.findall(other))
    if wanted != found:
        yield where, f"names the figures {_listed(found)}, not {_listed(wanted)}"
    if bool(own.strip()) != bool(other.strip()):
        yield where, "is empty"
    if key in COUNTED and len(own.split()) != len(other.split()):
        yield where, f"has {len(other.split())} words, not {len(own.split())}"


def _listed(figures: set[str]) -> str:
    return " ".join(sorted(figures)) or "(none)"
