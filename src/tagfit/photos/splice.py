"""Splice: values added to and removed from an XMP packet, every other byte kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tagfit.photos.properties import ARRAYS, NAMES, Property, array_of, descriptions, properties, values_of
from tagfit.photos.unreadable import UnreadableError
from tagfit.photos.words import fold
from tagfit.photos.xmp import PREFIXES, RDF, TAG, Document, Element, parse

NAME_OF = {key: name for name, key in reversed(NAMES.items())}
SEQUENCES = ("digiKam:TagsList",)
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    f' <rdf:RDF xmlns:rdf="{RDF}">\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>\n'
).encode()

Values = Mapping[str, Sequence[str]]


class RefusedError(Exception):
    """A file is left as it is; the message is the reason."""


@dataclass(frozen=True)
class Edit:
    """The bytes from ``start`` to ``end`` become ``new``."""

    start: int
    end: int
    new: bytes


def with_added(raw: bytes, added: Values) -> bytes:
    """A packet with values added to fields, which are created where they are missing.

    Args:
        raw: the packet.
        added: by field; values that it has already, apart from case and spaces, are not repeated.

    Raises:
        RefusedError: its form does not allow it.
    """
    document, said = _opened(raw)
    wanted: dict[str, list[str]] = {}
    for key, values in added.items():
        there = {fold(value) for value in said[key].values} if key in said else set()
        new = [value for value in values if fold(value) not in there]
        if new:
            wanted[key] = new
    if not wanted:
        return raw
    edits = [_into(document, key, said[key], values) for key, values in wanted.items() if key in said]
    missing = {key: values for key, values in wanted.items() if key not in said}
    if missing:
        edits.append(_block(document, missing))
    result = document.with_body(_applied(document.body, edits))
    expected = {key: list(one.values) for key, one in said.items()}
    for key, values in wanted.items():
        expected[key] = [*expected.get(key, ()), *values]
    _verify(document, result, expected, wanted)
    return result


def with_removed(raw: bytes, removed: Values) -> bytes:
    """A packet without values of fields; a field that becomes empty is removed as well.

    Args:
        raw: the packet.
        removed: by field, compared apart from case and spaces.

    Raises:
        RefusedError: its form does not allow it.
    """
    document, said = _opened(raw)
    edits: list[Edit] = []
    gone: list[Element] = []
    expected = {key: list(one.values) for key, one in said.items()}
    touched = []
    for key, values in removed.items():
        leaving = {fold(value) for value in values}
        if key not in said or not any(fold(value) in leaving for value in said[key].values):
            continue
        touched.append(key)
        element, array = _array(key, said[key])
        items = [item for item in array.children if fold(_value(item)) in leaving]
        if len(items) == len(array.children):
            gone.append(element)
            del expected[key]
        else:
            edits += [_without(document.body, item) for item in items]
            expected[key] = [value for value in expected[key] if fold(value) not in leaving]
    edits += _dropped(document, gone)
    if not edits:
        return raw
    result = document.with_body(_applied(document.body, edits))
    _verify(document, result, expected, touched)
    return result


def _opened(raw: bytes) -> tuple[Document, dict[str, Property]]:
    try:
        document = parse(raw)
    except UnreadableError as error:
        raise RefusedError(str(error)) from None
    if document.lenient:
        raise RefusedError("a namespace prefix is not declared")
    if document.with_body(document.body) != raw:
        raise RefusedError("its encoding does not come back the same")
    if len(document.rdf()) != 1:
        raise RefusedError(f"it has {len(document.rdf())} rdf:RDF elements")
    return document, properties(document)


def _array(key: str, said: Property) -> tuple[Element, Element]:
    """The element of a field and its array, if values can be added to it."""
    if said.attributes:
        raise RefusedError(f"{key} is an attribute")
    if said.places > 1:
        raise RefusedError(f"{key} occurs {said.places} times")
    element = said.elements[0]
    array = array_of(element)
    if array is None or len(element.children) != 1:
        raise RefusedError(f"{key} is not an rdf array")
    if array.name == ARRAYS[2]:
        raise RefusedError(f"{key} is an rdf:Alt")
    if any(child.name != (RDF, "li") for child in array.children) or array.text.strip():
        raise RefusedError(f"{key} holds something other than rdf:li")
    return element, array


def _into(document: Document, key: str, said: Property, values: Sequence[str]) -> Edit:
    """The edit that adds values to a field that is there."""
    body = document.body
    is_blank = said.places == 1 and not said.attributes and not said.elements[0].children
    if is_blank and not said.elements[0].text.strip():
        element = said.elements[0]
        if element.attributes:
            raise RefusedError(f"{key} has attributes and no array")
        prefix = document.rdf()[0].prefix
        declared = "" if prefix else f' xmlns:rdf="{RDF}"'
        kind = f"{prefix or 'rdf'}:{'Seq' if key in SEQUENCES else 'Bag'}"
        return _opening(
            body, element, f"<{kind}{declared}>".encode() + _items(values, prefix or "rdf") + f"</{kind}>".encode()
        )
    _, array = _array(key, said)
    if not array.children:
        return _opening(body, array, _items(values, array.prefix))
    last = array.children[-1]
    at = _end(body, last)
    return Edit(at, at, _items(values, array.prefix, _space_before(body, last.start)))


def _opening(body: bytes, element: Element, content: bytes) -> Edit:
    """The edit that puts content into an element without children."""
    tag = _tag(body, element)
    if not tag.endswith(b"/>"):
        at = element.start + len(tag)
        return Edit(at, at, content)
    name = re.split(rb"[\s/>]", tag[1:], maxsplit=1)[0]
    end = element.start + len(tag)
    return Edit(end - 2, end, b">" + content + b"</" + name + b">")


def _items(values: Iterable[str], prefix: str, space: bytes = b"") -> bytes:
    name = f"{prefix}:li" if prefix else "li"
    return b"".join(space + f"<{name}>{escape(value)}</{name}>".encode() for value in values)


def _block(document: Document, missing: Values) -> Edit:
    """The edit that adds one rdf:Description with new fields after the last one."""
    body, rdf = document.body, document.rdf()[0]
    prefix = rdf.prefix or "rdf"
    about = next((_about(one) for one in rdf.children if _about(one)), "")
    newline = "\r\n" if b"\r\n" in body else "\n" if b"\n" in body else ""
    last = rdf.children[-1] if rdf.children else None
    space = _space_before(body, last.start).decode() if last is not None else ""
    outer = space.rpartition("\n")[2] if "\n" in space else " " if newline else ""
    step = ("\t" if "\t" in outer else " ") if newline else ""

    def line(depth: int, text: str) -> str:
        return f"{newline}{outer}{step * depth}{text}" if newline else text

    namespaces = {} if rdf.prefix else {"rdf": RDF}
    for key in missing:
        short = key.partition(":")[0]
        namespaces[short] = PREFIXES[short]
    declared = "".join(f' xmlns:{name}="{uri}"' for name, uri in namespaces.items())
    parts = [line(0, f"<{prefix}:Description {prefix}:about={quoteattr(about)}{declared}>")]
    for key, values in missing.items():
        kind = f"{prefix}:{'Seq' if key in SEQUENCES else 'Bag'}"
        parts += [line(1, f"<{key}>"), line(2, f"<{kind}>")]
        parts += [line(3, f"<{prefix}:li>{escape(value)}</{prefix}:li>") for value in values]
        parts += [line(2, f"</{kind}>"), line(1, f"</{key}>")]
    parts.append(line(0, f"</{prefix}:Description>"))
    content = "".join(parts).encode()
    if last is None:
        return _opening(body, rdf, content)
    at = _end(body, last)
    return Edit(at, at, content)


def _about(description: Element) -> str:
    return description.attributes.get((RDF, "about")) or description.attributes.get(("", "about")) or ""


def _dropped(document: Document, gone: Sequence[Element]) -> list[Edit]:
    """The edits that remove elements, and descriptions that would hold nothing afterwards."""
    edits = []
    for description in descriptions(document):
        leaving = [child for child in description.children if child in gone]
        if not leaving:
            continue
        others = set(description.attributes) - {(RDF, "about"), ("", "about")}
        if len(leaving) == len(description.children) and not others and len(descriptions(document)) > 1:
            edits.append(_without(document.body, description))
        else:
            edits += [_without(document.body, child) for child in leaving]
    return edits


def _without(body: bytes, element: Element) -> Edit:
    return Edit(element.start - len(_space_before(body, element.start)), _end(body, element), b"")


def _applied(body: bytes, edits: Iterable[Edit]) -> bytes:
    parts, at = [], 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        if edit.start < at:
            raise RefusedError("its elements overlap")
        parts += [body[at : edit.start], edit.new]
        at = edit.end
    return b"".join([*parts, body[at:]])


def _verify(document: Document, result: bytes, expected: Values, touched: Iterable[str]) -> None:
    """Refuse a result that says anything else than the old packet with the values that were asked for."""
    try:
        new = parse(result)
    except UnreadableError as error:
        raise RefusedError(f"the result could not be read: {error}") from None
    found = {key: one.values for key, one in properties(new).items()}
    if new.lenient or found != {key: list(values) for key, values in expected.items()}:
        raise RefusedError("the result would not say the same")
    names = [name for name, key in NAMES.items() if key in set(touched)]
    if _skeleton(new.root, names) != _skeleton(document.root, names):
        raise RefusedError("the result would change something else")


def _skeleton(element: Element, left_out: Sequence[tuple[str, str]]) -> Any:
    """Everything in an element except some fields, and descriptions that say nothing."""
    children = [_skeleton(child, left_out) for child in element.children if child.name not in left_out]
    about = {(RDF, "about"), ("", "about")}
    if element.name == (RDF, "Description") and not children and not set(element.attributes) - about:
        return None
    return (element.name, element.attributes, element.text.strip(), [child for child in children if child is not None])


def _value(item: Element) -> str:
    return values_of(item)[0] if values_of(item) else ""


def _tag(body: bytes, element: Element) -> bytes:
    """The start tag of an element."""
    found = TAG.match(body, element.start)
    if found is None:
        raise RefusedError("a tag cannot be found again")
    return found[0]


def _end(body: bytes, element: Element) -> int:
    """Where an element ends."""
    tag = _tag(body, element)
    if tag.endswith(b"/>"):
        return element.start + len(tag)
    return body.index(b">", element.close) + 1


def _space_before(body: bytes, at: int) -> bytes:
    """The blanks before a tag, from the last sign on."""
    start = len(body[:at].rstrip(b" \t\r\n"))
    return body[start:at]
