"""Cells that are written as lists: by Python, JSON or NumPy, with or without quotes."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterable

from tagfit.literals import is_nothing

BRACKETS = {"[": "]", "(": ")", "{": "}"}
MOSTLY = 0.5
NAME_KEYS = ("name", "label", "tag", "class", "category", "title")
LONGEST = 100_000  # characters of a cell that are parsed as a list
_NAN = re.compile(r"(?<=[\[({, ])nan(?=[\])}, ])")  # as pandas writes it; no word of Python
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_SEPARATED = re.compile(rf"(?:{_QUOTED.pattern})(?:\s*[,;|]\s*(?:{_QUOTED.pattern}))*")


def are_lists(counts: Counter[str]) -> bool:
    """Whether most cells that hold something are lists in brackets."""
    filled = [text.strip() for text in counts if not is_nothing(text) and text.strip() != "?"]
    return bool(filled) and sum(map(_is_list, filled)) > MOSTLY * len(filled)


def is_quoted(text: str) -> bool:
    """Whether a cell is names in quotes, without brackets: ``'sea', 'sun'``."""
    return len(text) < LONGEST - 2 and _SEPARATED.fullmatch(text.strip()) is not None


def parse_list(text: str) -> list[str] | None:
    """The members of a list as texts; None where the cell is no list of texts or numbers."""
    cell = text.strip()
    if not _is_list(cell) or len(cell) > LONGEST:
        return None
    inner = cell[1:-1].strip()
    if not inner:
        return []
    quoted = _QUOTED.findall(inner)
    members: Iterable[object] | None = None
    try:
        members = json.loads(cell)
    except (ValueError, RecursionError):
        try:
            members = ast.literal_eval(_NAN.sub("None", cell))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            members = None
    if isinstance(members, str | int | float) and not isinstance(members, bool):
        members = [members]  # ("sea") is a text in brackets to Python
    if isinstance(members, list | tuple | set | frozenset):
        texts = [_text(member) for member in members if member is not None and member == member]  # without NaN
        if None in texts:
            return None
        are_objects = any(isinstance(member, dict) for member in members)
        if (
            not quoted or are_objects or len(texts) >= len(quoted)
        ):  # NumPy writes ['a' 'b'], which Python joins to one text
            return sorted(str(text) for text in texts) if isinstance(members, set) else [str(text) for text in texts]
    if quoted:
        rest = _QUOTED.sub("", inner)
        return None if rest.strip(",;| \n\t") else [single or double for single, double in quoted]
    if any(sign in inner for sign in "[](){}\"'"):
        return None
    sign = next((sign for sign in ",;|" if sign in inner), None)
    return [part.strip() for part in (inner.split(sign) if sign else [inner]) if not is_nothing(part)]


def _is_list(cell: str) -> bool:
    return len(cell) > 1 and BRACKETS.get(cell[0]) == cell[-1]


def _text(member: object) -> str | None:
    if isinstance(member, dict):  # {"id": 28, "name": "Action"}, as databases of films export genres
        member = next((member[key] for key in NAME_KEYS if key in member), None)
    if isinstance(member, str):
        return member
    if isinstance(member, int) and not isinstance(member, bool):
        return str(member)
    if isinstance(member, float) and member.is_integer():
        return str(int(member))
    return None
