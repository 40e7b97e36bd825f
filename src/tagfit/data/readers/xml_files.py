"""XML files of strangers: parsed without entities or document types, with the place of each fault."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from tagfit.data.pictures.sources import Place, content_of
from tagfit.errors import Fault, InputError


def parse_xml(place: Place) -> Element:
    """The root element of an XML file.

    Raises:
        InputError: it is not well-formed, or declares entities or a document type; with its line.
    """
    content = content_of(place)
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except ParseError as error:
        line, column = error.position
        raise InputError(
            Fault(
                f"it is not well-formed XML: {str(error.msg).partition(':')[0]}",
                f"{place.name}, line {line}, column {column + 1}",
            )
        ) from None
    except DefusedXmlException:
        raise InputError(
            Fault("it declares a document type or entities, which are not read", place.name, "plain elements")
        ) from None
    except (ValueError, LookupError, RecursionError) as error:
        raise InputError(Fault(f"it cannot be read as XML: {error}", place.name)) from None
    return root
