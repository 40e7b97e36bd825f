"""Properties of an XMP packet: where each stands, in which form, and its values."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from tagfit.photos.unreadable import UnreadableError
from tagfit.photos.xmp import PREFIXES, RDF, TAGFIT, Document, Element, Name, tree_of

ARRAYS = tuple((RDF, kind) for kind in ("Bag", "Seq", "Alt"))
VALUE, RESOURCE = (RDF, "value"), (RDF, "resource")
MWG = PREFIXES["mwg-kw"]
# A field by its names: Microsoft's namespace occurs without its last slash as well.
NAMES: dict[Name, str] = {
    (PREFIXES["dc"], "subject"): "dc:subject",
    (PREFIXES["lr"], "hierarchicalSubject"): "lr:hierarchicalSubject",
    (PREFIXES["digiKam"], "TagsList"): "digiKam:TagsList",
    (PREFIXES["MicrosoftPhoto"], "LastKeywordXMP"): "MicrosoftPhoto:LastKeywordXMP",
    (PREFIXES["MicrosoftPhoto"].rstrip("/"), "LastKeywordXMP"): "MicrosoftPhoto:LastKeywordXMP",
    (MWG, "Keywords"): "mwg-kw:Keywords",
    (PREFIXES["acdsee"], "categories"): "acdsee:categories",
    (PREFIXES["acdsee"], "keywords"): "acdsee:keywords",
    (PREFIXES["mediapro"], "CatalogSets"): "mediapro:CatalogSets",
    (PREFIXES["expressionmedia"], "CatalogSets"): "expressionmedia:CatalogSets",
    (TAGFIT, "Added"): "tagfit:Added",
    (PREFIXES["xmp"], "Label"): "xmp:Label",
    (PREFIXES["photoshop"], "SidecarForExtension"): "photoshop:SidecarForExtension",
}
SIMPLE = ("xmp:Label", "photoshop:SidecarForExtension", "acdsee:categories")


@dataclass
class Property:
    """All that a packet says of one field.

    Attributes:
        elements: the elements of this name.
        attributes: how often it is an attribute.
        values: as they stand there, those of all places in order.
    """

    elements: list[Element] = field(default_factory=list)
    attributes: int = 0
    values: list[str] = field(default_factory=list)

    @property
    def places(self) -> int:
        """How often the field occurs."""
        return len(self.elements) + self.attributes


def properties(document: Document) -> dict[str, Property]:
    """The fields of NAMES that a packet has."""
    found: dict[str, Property] = {}
    for description in descriptions(document):
        for name, value in description.attributes.items():
            if name in NAMES:
                one = found.setdefault(NAMES[name], Property())
                one.attributes += 1
                one.values.append(value)
        for child in description.children:
            if child.name in NAMES:
                key = NAMES[child.name]
                one = found.setdefault(key, Property())
                one.elements.append(child)
                one.values += _mwg(child) if key == "mwg-kw:Keywords" else values_of(child)
    return found


def descriptions(document: Document) -> list[Element]:
    """The nodes inside rdf:RDF."""
    return [child for rdf in document.rdf() for child in rdf.children]


def array_of(element: Element) -> Element | None:
    """The Bag, Seq or Alt in an element."""
    return next((child for child in element.children if child.name in ARRAYS), None)


def values_of(element: Element) -> list[str]:
    """The values of a property: of each item of its array, or its text as one."""
    array = array_of(element)
    if array is not None:
        return [_item(child) for child in array.children if is_item(child)]
    text = _item(element)
    return [text] if text.strip() or element.children else []


def is_item(element: Element) -> bool:
    """Whether an element is an item of an array (``rdf:li``, or the old ``rdf:_1``)."""
    uri, local = element.name
    return uri == RDF and (local == "li" or (local.startswith("_") and local[1:].isdigit()))


def warnings_of(found: dict[str, Property]) -> list[str]:
    """What is odd about the form of fields that were read anyway."""
    warnings = []
    for key, one in found.items():
        if one.places > 1:
            warnings.append(f"{key} occurs more than once")
        is_text = any(array_of(element) is None and values_of(element) for element in one.elements)
        if key not in (*SIMPLE, "mwg-kw:Keywords") and (one.attributes or is_text):
            warnings.append(f"{key} is not an rdf array")
    return warnings


def categories(text: str) -> list[tuple[str, ...]]:
    """The assigned paths of ACDSee's tree, which is XML inside a text.

    Raises:
        UnreadableError: it is not XML.
    """
    try:
        root = tree_of(text.encode("utf-8", "replace"))
    except expat.ExpatError as error:
        raise UnreadableError(f"acdsee:categories: {error}") from None
    paths: list[tuple[str, ...]] = []

    def visit(element: Element, above: tuple[str, ...]) -> None:
        path = (*above, element.text.strip())
        if element.attributes.get(("", "Assigned")) == "1":
            paths.append(path)
        for child in element.children:
            visit(child, path)

    for child in root.children:
        visit(child, ())
    return paths


def _item(element: Element) -> str:
    """The value of an item, which may carry qualifiers."""
    for holder in (element, element.find((RDF, "Description"))):
        if holder is not None:
            inner = holder.find(VALUE)
            if inner is not None:
                return inner.text
            if VALUE in holder.attributes:
                return holder.attributes[VALUE]
    return element.attributes.get(RESOURCE, element.text)


def _mwg(element: Element) -> list[str]:
    """The applied keywords of the Metadata Working Group's tree, each as a path joined by ``|``."""
    found: list[str] = []
    hierarchy = _inner(element, "Hierarchy")
    if hierarchy is not None:
        _mwg_below(hierarchy, (), found)
    return found


def _mwg_below(holder: Element, above: tuple[str, ...], found: list[str]) -> None:
    array = array_of(holder)
    for item in array.children if array is not None else ():
        node = item.find((RDF, "Description")) or item
        keyword, applied = _mwg_text(node, "Keyword"), _mwg_text(node, "Applied")
        children = _inner(node, "Children")
        if keyword is None:
            continue
        path = (*above, keyword.replace("|", "/"))
        if (applied or "").strip().lower() == "true" or (applied is None and children is None):
            found.append("|".join(path))
        if children is not None:
            _mwg_below(children, path, found)


def _mwg_text(node: Element, name: str) -> str | None:
    child = node.find((MWG, name))
    return child.text if child is not None else node.attributes.get((MWG, name))


def _inner(element: Element, name: str) -> Element | None:
    holder = element.find((RDF, "Description")) or element
    return holder.find((MWG, name))
