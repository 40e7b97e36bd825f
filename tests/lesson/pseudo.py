"""A course in no language: every letter of its texts is another one, so that a text that stayed behind is seen."""

from __future__ import annotations

import json
import re
import string
import tomllib
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from tagfit.lesson import texts, translation

HEBREW = "אבגדהוזחטיכלמנסעפצקרשת"
LETTERS = str.maketrans({letter: HEBREW[place % len(HEBREW)] for place, letter in enumerate(string.ascii_letters)})
# Figures, and the words that a learner types, which are one word each.
KEPT = re.compile(r"(\{[^{}]*\})")


def write(folder: Path) -> Path:
    """The content files in Hebrew letters, from right to left."""
    _copy(texts.own_folder(), folder)
    course = folder / "course.toml"
    course.write_text(
        course.read_text(encoding="utf-8").replace('"ltr"', '"rtl"').replace(f'"{turned("en")}"', '"he"'),
        encoding="utf-8",
    )
    return folder


def turned(text: str) -> str:
    """A text in Hebrew letters, its figures as they are."""
    return "".join(part if KEPT.fullmatch(part) else part.translate(LETTERS) for part in KEPT.split(text))


def _copy(source: Traversable, to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for place in source.iterdir():
        if place.is_dir():
            _copy(place, to / place.name)
        elif place.name.endswith(".toml"):
            values = tomllib.loads(place.read_text(encoding="utf-8"))
            lines = [f"{name} = {_toml(_turned(value, name))}\n" for name, value in values.items()]
            (to / place.name).write_text("".join(lines), encoding="utf-8")


def _turned(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return {name: _turned(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_turned(one, key) for one in value]
    if not isinstance(value, str) or key in (*translation.EQUAL, "direction"):
        return value
    return turned(value)


def _toml(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)} = {_toml(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
