"""Reads a FiftyOne image dataset: ``labels.json`` with classes and the labels of each picture in ``data/``."""

from __future__ import annotations

from typing import Any

from tagfit.data.pictures.sources import Place
from tagfit.data.readers.annotations import Annotations
from tagfit.data.readers.json_files import kind_of, parse_json
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError

NAME = "FiftyOne"
TABLE = "labels.json"


def recognise(look: Look) -> bool:
    """``labels.json`` with the keys ``classes`` and ``labels``, or a folder with one."""
    if look.is_folder:
        child = look.child(TABLE)
        return child is not None and not child.is_folder and recognise(child)
    return look.is_json and not look.is_json_array and look.json_keys >= {"classes", "labels"}


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures of ``data/``; nothing is known of those whose label is null.

    Raises:
        InputError: all faults, each with the key of its picture.
    """
    file = place / TABLE if place.is_dir() else place
    annotations = Annotations(NAME, place, options)
    annotations.look_in([file.parent / "data", file.parent])
    document = parse_json(file, NAME)
    if not isinstance(document, dict) or not isinstance(document.get("labels"), dict):
        found = kind_of(document.get("labels") if isinstance(document, dict) else document)
        raise InputError(
            Fault(f"its labels are {found}", file.name, "an object with a label for each picture"),
            what=f"{place} cannot be read as {NAME}",
        )
    classes = document.get("classes")
    if classes is not None and not (isinstance(classes, list) and all(isinstance(name, str) for name in classes)):
        annotations.fault(f"its classes are {kind_of(classes)}", file.name, "a list of names")
        classes = None
    classes = [name.strip() for name in classes or []]
    if len(set(classes)) < len(classes) or "" in classes:
        annotations.fault("a class is empty or listed twice", file.name, "each class once")
    for name in classes:
        annotations.label(name)
    for key, value in document["labels"].items():
        where = f"{file.name}, labels[{key!r}]"
        row = annotations.picture(key, where)
        if value is None:
            annotations.mark_unknown_row(row)
        for item in value if isinstance(value, list) else [] if value is None else [value]:
            label = _name(item, classes)
            if label is None:
                annotations.fault(f"it holds {item!r}", where, "a class, or its number")
            else:
                annotations.mark(row, annotations.label(label))
    return annotations.finish(sort=not classes)


def _name(item: Any, classes: list[str]) -> str | None:
    """The class of a name, a number, or an object such as a detection."""
    value = item.get("label") if isinstance(item, dict) else item
    if isinstance(value, int) and not isinstance(value, bool):
        return classes[value] if 0 <= value < len(classes) else None
    if not isinstance(value, str) or not value.strip():
        return None
    return value.strip() if not classes or value.strip() in classes else None
