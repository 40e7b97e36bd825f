"""JSON files of strangers: parsed with limits, and their values checked with the place of each fault."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from tagfit.data.pictures.sources import Place, content_of
from tagfit.errors import Fault, InputError

Hook = Callable[[dict[str, Any]], Any]


def parse_json(place: Place, format: str) -> Any:  # noqa: A002
    """The value of a JSON file.

    Args:
        place: the file.
        format: the name of the format, for messages.

    Raises:
        InputError: it is not UTF-8, not JSON, or nested too deeply; with line and column.
    """
    content = content_of(place)
    return parse_json_text(content, place.name, f"{place} cannot be read as {format}")


def parse_json_fields(place: Place, format: str, form: type, hook: Hook) -> Any:  # noqa: A002
    """As :func:`parse_json`, but of the objects that ``form`` describes only the fields that it names are kept.

    Other fields are skipped while the file is parsed, so that they take neither time nor memory. A file of another
    form, or with NaN, is parsed as a whole: what is wrong with it is for the caller to report.

    Args:
        place: the file.
        format: the name of the format, for messages.
        form: a ``TypedDict`` of the whole document.
        hook: called with each object where the whole is parsed, to drop what is large and not needed.

    Raises:
        InputError: as :func:`parse_json`.
    """
    content = content_of(place)
    try:
        return msgspec.json.decode(content, type=form)
    except (ValueError, RecursionError):
        return parse_json_text(content, place.name, f"{place} cannot be read as {format}", hook)


def parse_json_text(content: bytes, where: str, heading: str, hook: Hook | None = None) -> Any:
    """As :func:`parse_json`, of bytes that are there already."""
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        del content
        return json.loads(text, object_hook=hook)
    except UnicodeDecodeError as error:
        fault = Fault(f"the bytes at {error.start} are not UTF-8", where, "save the file as UTF-8")
    except json.JSONDecodeError as error:
        fault = Fault(f"it is not JSON: {error.msg}", f"{where}, line {error.lineno}, column {error.colno}")
    except RecursionError:
        fault = Fault("it is nested too deeply to be a list of annotations", where)
    except ValueError as error:  # a whole number of thousands of digits
        fault = Fault(f"it cannot be read: {error}", where)
    raise InputError(fault, what=heading)


def kind_of(value: object) -> str:
    """The type of a JSON value as JSON calls it, for messages."""
    if isinstance(value, bool):
        return "true" if value else "false"
    names: dict[type, str] = {dict: "an object", list: "a list", str: "a string", int: "a number", float: "a number"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


def objects(value: object, where: str, faults: list[Fault]) -> list[tuple[str, dict[str, Any]]]:
    """The objects of a list with the place of each; what is not an object is a fault."""
    if not isinstance(value, list):
        faults.append(Fault(f"it is {kind_of(value)}", where, "a list of objects"))
        return []
    found = []
    for number, item in enumerate(value):
        if isinstance(item, dict):
            found.append((f"{where}[{number}]", item))
        else:
            faults.append(Fault(f"it is {kind_of(item)}", f"{where}[{number}]", "an object"))
    return found
