"""Reads CVAT for images 1.1: XML with a list of pictures, each with tags and shapes that carry a label."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from tagfit.data.pictures.sources import Place
from tagfit.data.readers.annotations import Annotations, folders_below, split_of
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.readers.xml_files import parse_xml
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError

NAME = "CVAT"
TABLE = "annotations.xml"
WITH_LABELS = frozenset({"tag", "box", "polygon", "polyline", "points", "ellipse", "cuboid", "mask", "skeleton"})


def recognise(look: Look) -> bool:
    """An XML file whose root is ``annotations``, or a folder with ``annotations.xml``."""
    if look.is_folder:
        child = look.child(TABLE)
        return child is not None and not child.is_folder and recognise(child)
    return look.xml_root == "annotations"


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures of a CVAT file: a label is present with a tag or a shape, absent without.

    Raises:
        InputError: all faults, each with its place in the file.
    """
    file = place / TABLE if place.is_dir() else place
    annotations = Annotations(NAME, place, options)
    annotations.look_in([file.parent, *folders_below(file.parent, ("images", "data"))])
    try:
        root = parse_xml(file)
    except InputError as error:
        raise InputError(error.faults, what=f"{place} cannot be read as {NAME}") from None
    if root.tag != "annotations":
        annotations.fault(f"its root is <{root.tag}>", file.name, "<annotations>")
    if root.find("track") is not None:
        annotations.fault("it holds tracks of a video", file.name, "export it as 'CVAT for images 1.1'")
    declared = _declared(root)
    for name in declared:
        annotations.label(name)
    for number, image in enumerate(root.iter("image"), 1):
        where = f"{file.name}, image {number}"
        name = (image.get("name") or "").strip()
        if not name:
            annotations.fault("it has no name", where, '<image name="a.jpg">')
            continue
        row = annotations.picture(name, where, split_of(image.get("subset") or ""))
        for item in image:
            if item.tag not in WITH_LABELS:
                continue
            label = (item.get("label") or "").strip()
            if not label:
                annotations.fault(f"a <{item.tag}> has no label", where, '<tag label="sea">')
            elif declared and label not in declared:
                annotations.fault(f"the label {label!r} is not among those that it declares", where)
            else:
                annotations.mark(row, annotations.label(label))
    return annotations.finish(sort=not declared)


def _declared(root: Element) -> dict[str, None]:
    """The labels of the task, project or job, without the parts of skeletons."""
    meta = root.find("meta")
    names: dict[str, None] = {}
    for label in meta.iter("label") if meta is not None else ():
        name = (label.findtext("name") or "").strip()
        if name and label.find("parent") is None:
            names[name] = None
    return names
