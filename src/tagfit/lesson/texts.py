"""Texts: the folder of the content files, and the strings of the pages; nothing slow is imported."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

from tagfit.errors import InputError

Value = TypeVar("Value")
_READ: list[Callable[[], None]] = []  # forget what was read of the content
_OTHER: list[Traversable] = []  # the folder that was chosen instead of that of the package


def cached(read: Callable[[], Value]) -> Callable[[], Value]:
    """Read content once, until another folder is used."""
    found = functools.cache(read)
    _READ.append(found.cache_clear)
    return found


def use(place: Traversable | None) -> None:
    """Take all content from another folder, such as a translation; None for that of the package."""
    _OTHER[:] = [] if place is None else [place]
    for forget in _READ:
        forget()


def folder() -> Traversable:
    """Where the content files are."""
    return _OTHER[0] if _OTHER else own_folder()


def own_folder() -> Traversable:
    """The content files of the package."""
    return files("tagfit.lesson") / "content"


@cached
def _web() -> dict[str, str]:
    return {str(key): str(value) for key, value in values_of(folder() / "web.toml").items()}


def web(key: str, **figures: object) -> str:
    """One of the strings of ``web.toml``, with figures filled in."""
    return _web()[key].format(**figures) if figures else _web()[key]


def values_of(place: Traversable) -> dict[str, Any]:
    """The values of one content file.

    Raises:
        InputError: it is not valid TOML.
    """
    try:
        return tomllib.loads(place.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{place.name} is not valid TOML: {error}") from None
