"""XMP packets: decoded, parsed by expat with entities refused, and the places of their elements in the bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from tagfit.photos.unreadable import MAX_BLOCK, UnreadableError

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TAGFIT = "https://tagfit.invalid/ns/1.0/"
# The prefixes that programs use, for new fields and for files that forgot to declare them.
PREFIXES = {
    "x": "adobe:ns:meta/",
    "rdf": RDF,
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
    "mwg-kw": "http://www.metadataworkinggroup.com/schemas/keywords/",
    "acdsee": "http://ns.acdsee.com/iptc/1.0/",
    "mediapro": "http://ns.iview-multimedia.com/mediapro/1.0/",
    "expressionmedia": "http://ns.microsoft.com/expressionmedia/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "tagfit": TAGFIT,
}
MAX_DEPTH = 200
MARKS = ((b"\xff\xfe\0\0", "utf-32-le"), (b"\0\0\xfe\xff", "utf-32-be"), (b"\xff\xfe", "utf-16-le"))
STARTS = ((b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
UNBOUND = expat.errors.codes[expat.errors.XML_ERROR_UNBOUND_PREFIX]
TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
_ROOT = re.compile(r"""<[A-Za-z_](?:[^>"']|"[^"]*"|'[^']*')*>""")
_USED = re.compile(r"[<\s/]([A-Za-z_][\w.-]*):[A-Za-z_]")
_PADDING = "\0 \t\r\n"

Name = tuple[str, str]  # namespace URI, local name


@dataclass(eq=False)
class Element:
    """An element, with where its tags begin in the UTF-8 bytes of the document.

    Attributes:
        name: namespace and local name.
        prefix: as the file writes it; '' for the default namespace.
        attributes: by namespace ('' where the file gives none) and local name.
        start, close: offsets of the start tag and of the end tag (that of the start tag where it is empty).
    """

    name: Name
    prefix: str
    attributes: dict[Name, str]
    start: int
    close: int = 0
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def walk(self) -> Iterator[Element]:
        """The element and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def find(self, name: Name) -> Element | None:
        """The first child of this name."""
        return next((child for child in self.children if child.name == name), None)


@dataclass(frozen=True, eq=False)
class Document:
    """A packet.

    Attributes:
        raw: the bytes as they were given.
        encoding: of ``raw``.
        before, after: padding around the document.
        body: the document as UTF-8, in which offsets count.
        root: its outermost element.
        lenient: whether a prefix had to be declared for it, so that it can be read and not written.
    """

    raw: bytes
    encoding: str
    before: str
    after: str
    body: bytes
    root: Element
    lenient: bool

    def rdf(self) -> list[Element]:
        """The rdf:RDF elements."""
        return [one for one in self.root.walk() if one.name == (RDF, "RDF")]

    def with_body(self, body: bytes) -> bytes:
        """The bytes of a packet that has another body."""
        return (self.before + body.decode("utf-8") + self.after).encode(self.encoding)


def parse(raw: bytes) -> Document:
    """A packet as a tree.

    Raises:
        UnreadableError: empty, of no known encoding, not well-formed, or with declarations of entities.
    """
    if not raw:
        raise UnreadableError("empty file")
    if len(raw) > MAX_BLOCK:
        raise UnreadableError(f"{len(raw)} bytes of XMP")
    encoding = _encoding(raw)
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"not valid {encoding}: {error.reason} at byte {error.start}") from None
    inner = text.lstrip("\ufeff" + _PADDING)
    before = text[: len(text) - len(inner)]
    body = inner.rstrip(_PADDING)
    if not body:
        raise UnreadableError("nothing but padding")
    after = inner[len(body) :]
    try:
        data = body.encode("utf-8")
    except UnicodeEncodeError:
        raise UnreadableError("half a surrogate pair") from None
    try:
        return Document(raw, encoding, before, after, data, tree_of(data), lenient=False)
    except expat.ExpatError as error:
        if error.code != UNBOUND:
            raise UnreadableError(f"not well-formed XML: {error}") from None
    try:
        return Document(raw, encoding, before, after, data, tree_of(_declared(body)), lenient=True)
    except expat.ExpatError as error:
        raise UnreadableError(f"not well-formed XML: {error}") from None


def tree_of(data: bytes) -> Element:
    """The root of an XML document in UTF-8.

    Raises:
        expat.ExpatError: it is not well-formed.
        UnreadableError: it declares entities, or is too deep.
    """
    return _Builder().build(data)


def _encoding(raw: bytes) -> str:
    if raw.startswith(b"\xfe\xff"):
        return "utf-16-be"
    for start, encoding in (*MARKS, *STARTS):
        if raw.startswith(start):
            return encoding
    return "utf-8"


def _declared(body: str) -> bytes:
    """The document with every prefix that it uses declared in its root."""
    root = _ROOT.search(body)
    if root is None:
        return body.encode("utf-8")
    there = set(re.findall(r"xmlns:([\w.-]+)", root[0]))
    lacking = sorted(set(_USED.findall(body)) - there - {"xml", "xmlns"})
    added = "".join(f' xmlns:{prefix}="{PREFIXES.get(prefix, "urn:undeclared:" + prefix)}"' for prefix in lacking)
    at = root.end() - (2 if root[0].endswith("/>") else 1)
    return (body[:at] + added + body[at:]).encode("utf-8")


class _Builder:
    """Makes elements of what expat reports."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate("UTF-8", namespace_separator=" ")
        self._parser.namespace_prefixes = True
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse
        self._stack: list[Element] = []
        self._root: Element | None = None

    def build(self, data: bytes) -> Element:
        self._parser.Parse(data, True)
        assert self._root is not None
        return self._root

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        uri, local, prefix = _split(name)
        named = {_split(key)[:2]: value for key, value in attributes.items()}
        element = Element((uri, local), prefix, named, self._parser.CurrentByteIndex)
        if self._stack:
            self._stack[-1].children.append(element)
        else:
            self._root = element
        self._stack.append(element)
        if len(self._stack) > MAX_DEPTH:
            raise UnreadableError(f"more than {MAX_DEPTH} elements inside each other")

    def _end(self, _name: str) -> None:
        self._stack.pop().close = self._parser.CurrentByteIndex

    def _text(self, text: str) -> None:
        self._stack[-1].text += text

    def _refuse(self, *_: object) -> None:
        raise UnreadableError("DOCTYPE/entity declarations are refused")


def _split(name: str) -> tuple[str, str, str]:
    parts = name.split(" ")
    if len(parts) == 1:
        return "", parts[0], ""
    return parts[0], parts[1], parts[2] if len(parts) > 2 else ""
