"""Reads Create ML JSON: a list of pictures, each with its labels as texts or as objects with a label."""

from __future__ import annotations

from typing import Any

from tagfit.data.pictures.sources import Place
from tagfit.data.readers.annotations import Annotations, split_of
from tagfit.data.readers.json_files import objects, parse_json
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.tagged import TaggedSet

NAME = "Create ML"
PICTURE_KEYS = ("image", "imagefilename", "filename")


def recognise(look: Look) -> bool:
    """A JSON array of objects that name a picture and hold ``annotations``."""
    return (
        not look.is_folder
        and look.is_json_array
        and "annotations" in look.json_keys
        and bool(look.json_keys & set(PICTURE_KEYS))
    )


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures of a Create ML file: a label is present where an annotation has it.

    Raises:
        InputError: all faults, each with its place in the file.
    """
    annotations = Annotations(NAME, place, options)
    split = split_of(place.parent.name)
    for where, item in objects(parse_json(place, NAME), place.name, annotations.faults):
        name = next((item[key] for key in PICTURE_KEYS if isinstance(item.get(key), str)), "")
        given = item.get("annotations", [])
        if not name:
            annotations.fault("it names no picture", where, '"image": "a.jpg"')
            continue
        row = annotations.picture(name, where, split)
        for one in given if isinstance(given, list) else [given]:
            label = _label(one)
            if label:
                annotations.mark(row, annotations.label(label))
            else:
                annotations.fault(f"an annotation is {one!r}", where, '"dog", or {"label": "dog"}')
    return annotations.finish(sort=True)


def _label(annotation: Any) -> str:
    label = annotation.get("label") if isinstance(annotation, dict) else annotation
    return label.strip() if isinstance(label, str) else ""
