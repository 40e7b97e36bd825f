"""What lies at a place: its first bytes or its names, looked at once and shared by all recognisers of formats."""

from __future__ import annotations

import json
import re
from functools import cached_property

from tagfit.data.pictures.sources import Place, listing, start_of

START = 1 << 16
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_ROOT_ELEMENT = re.compile(r"<([A-Za-z_][\w.:-]*)")
_NO_ELEMENT = re.compile(r"<\?.*?\?>|<!--.*?-->", re.DOTALL)


class Look:
    """A file or folder as recognisers see it; nothing is read twice, and no file beyond its first bytes.

    Attributes:
        place: the file or folder.
        is_folder: which of the two.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.is_folder = place.is_dir()

    @cached_property
    def start(self) -> bytes:
        """The first bytes of a file; empty for a folder."""
        return b"" if self.is_folder else start_of(self.place, START)

    @cached_property
    def text(self) -> str:
        """The first bytes as text, without a byte-order mark."""
        return self.start.decode("utf-8-sig", "replace").lstrip()

    @cached_property
    def children(self) -> dict[str, Place]:
        """What lies in a folder, by name; empty for a file."""
        return {place.name: place for place in listing(self.place)} if self.is_folder else {}

    def child(self, *path: str) -> Look | None:
        """The look at something inside a folder, or None where it is not there."""
        look = self
        for name in path:
            place = look.children.get(name)
            if place is None:
                return None
            look = look._looks.setdefault(name, Look(place))
        return look

    @cached_property
    def _looks(self) -> dict[str, Look]:
        return {}

    @property
    def suffix(self) -> str:
        """The ending of the name, in lower case."""
        return self.place.suffix.lower()

    @cached_property
    def is_json(self) -> bool:
        """Whether a file begins as a JSON object or array."""
        return self.text[:1] in ("{", "[") and (self.suffix in (".json", ".jsonl") or bool(self.json_keys))

    @cached_property
    def json_keys(self) -> frozenset[str]:
        """The keys of the outermost JSON object, or of the first object of an outermost array, as far as looked at."""
        return frozenset(_keys(self.text))

    @cached_property
    def is_json_array(self) -> bool:
        """Whether a file begins as a JSON array."""
        return self.text.startswith("[")

    @cached_property
    def xml_root(self) -> str:
        """The name of the outermost element of an XML file, or ''."""
        if not self.text.startswith("<"):
            return ""
        found = _ROOT_ELEMENT.search(_NO_ELEMENT.sub("", self.text))
        return found[1] if found else ""

    @cached_property
    def header(self) -> tuple[str, ...]:
        """The cells of the first line of a file, as of a CSV."""
        line = self.text.partition("\n")[0]
        return tuple(cell.strip(' \r"') for cell in line.split(","))


def _keys(text: str) -> list[str]:
    """The keys at the depth of the first object, found without parsing: the text may be cut off anywhere."""
    keys: list[str] = []
    wanted = 2 if text.startswith("[") else 1
    depth = at = 0
    while at < len(text):
        sign = text[at]
        if sign == '"':
            string = _STRING.match(text, at)
            if string is None:
                break
            at = string.end()
            if depth == wanted and text[at : at + 8].lstrip().startswith(":"):
                keys.append(_unquoted(string[0]))
            continue
        if sign in "{[":
            depth += 1
        elif sign in "}]":
            depth -= 1
            if depth < wanted:
                break
        at += 1
    return keys


def _unquoted(string: str) -> str:
    try:
        return str(json.loads(string, strict=False))
    except ValueError:
        return string
