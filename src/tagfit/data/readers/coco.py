"""Reads COCO JSON (instances, keypoints, panoptic) and LVIS: a category is present where an annotation has it."""

from __future__ import annotations

from typing import Any, TypedDict

from tagfit.data.labels import listed
from tagfit.data.pictures.sources import Place, listing
from tagfit.data.readers.annotations import ABSENT, PRESENT, UNKNOWN, Annotations, folders_below, split_of
from tagfit.data.readers.json_files import kind_of, parse_json_fields
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.readers.records import describe
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError

NAME = "COCO"
KEYS = frozenset({"images", "annotations", "categories"})
# What takes the memory of a large file and says nothing about which labels are on a picture.
NOT_NEEDED = ("segmentation", "keypoints", "bbox", "counts", "caption_tokens")
NEGATIVE, NOT_EXHAUSTIVE = "neg_category_ids", "not_exhaustive_category_ids"
OWN = "tagfit"  # what `tagfit data convert` adds to an image: split, group, weight, fold
PICTURE_FOLDERS = ("images", "data", "JPEGImages")
IN_FOLDER = ("_annotations.coco.json", "annotations.json", "labels.json", "instances.json")


class _Annotation(TypedDict, total=False):
    """The fields that are needed."""

    image_id: Any
    category_id: Any
    ignore: Any
    segments_info: Any
    caption: Any


class _Document(TypedDict, total=False):
    images: Any
    categories: Any
    annotations: list[_Annotation]


def recognise(look: Look) -> bool:
    """A JSON object with two of COCO's lists, or a folder with such a file."""
    if look.is_folder:
        return bool(_files_in(look))
    return (
        look.is_json
        and not look.is_json_array
        and (len(look.json_keys & KEYS) >= 2 or bool(look.json_keys & {"images", "annotations"}))
    )


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The images of one COCO file, or of all files of an exported folder, with a label for each category.

    Raises:
        InputError: all faults, each with its place in the file.
    """
    files = _files_in(Look(place)) if place.is_dir() else {"": place}
    if not files:
        names = ", ".join(IN_FOLDER[:2])
        raise InputError(f"the folder {place} holds no COCO file", instead=f"{names} or annotations/instances_*.json")
    annotations = Annotations(NAME, place, options)
    for split, file in files.items():
        annotations.look_in(_folders_of(file))
        _read_document(file, _document(file, annotations), annotations, split)
    if place.is_dir():
        annotations.notes.append(f"read as {NAME}: {listed([_shown(file, place) for file in files.values()])}")
    return annotations.finish()


def _shown(file: Place, folder: Place) -> str:
    return file.name if file.parent == folder else f"{file.parent.name}/{file.name}"


def _files_in(look: Look) -> dict[str, Place]:
    """The COCO files of a folder by the split that each is; a single one by ''."""
    for name in IN_FOLDER:
        child = look.child(name)
        if child is not None and not child.is_folder and recognise(child):
            return {"": child.place}
    by_split: dict[str, Place] = {}
    for name in look.children:
        child = look.child(name, IN_FOLDER[0])
        if child is not None and (split := split_of(name)):
            by_split[split] = child.place
    inner = look.child("annotations")
    for name, file in (inner.children if inner is not None else {}).items():
        if name.startswith("instances_") and (split := split_of(name.removeprefix("instances_").split(".")[0])):
            by_split.setdefault(split, file)
    return by_split


def _folders_of(file: Place) -> list[Place]:
    """Where the pictures of a COCO file may be: in the folder that its name refers to, next to it, in ``images/``."""
    roots = [file.parent.parent, file.parent] if file.parent.name == "annotations" else [file.parent]
    named = file.stem.rpartition("_")[2]
    split = split_of(named)
    inside = [place for root in roots for place in (*listing(root), *listing(root / "images")) if place.is_dir()]
    own = [place for place in inside if place.name == named] or [
        place for place in inside if split and split_of(place.name) == split
    ]
    return [*own, *roots, *(folder for root in roots for folder in folders_below(root, PICTURE_FOLDERS))]


def _document(file: Place, annotations: Annotations) -> dict[str, Any]:
    document = parse_json_fields(file, NAME, _Document, _without_shapes)
    if not isinstance(document, dict):
        raise InputError(
            Fault(f"it is {kind_of(document)}", file.name, "an object with images, annotations and categories"),
            what=f"{file} cannot be read as {NAME}",
        )
    given = document.get("annotations")
    first = given[0] if isinstance(given, list) and given and isinstance(given[0], dict) else {}
    if "caption" in first and "category_id" not in first:
        raise InputError(
            Fault("it holds captions, which are sentences and name no labels", file.name, "an instances_*.json"),
            what=f"{file} cannot be read as {NAME}",
        )
    for key in ("images", "categories", "annotations"):
        if not isinstance(document.get(key), list):
            found = f"{key!r} is {kind_of(document[key])}" if key in document else f"there is no {key!r}"
            annotations.fault(found, file.name, f"a list of {key}")
    annotations.refuse_if_faulty()
    return document


def _without_shapes(item: dict[str, Any]) -> dict[str, Any]:
    for key in NOT_NEEDED:
        item.pop(key, None)
    return item


def _read_document(file: Place, document: dict[str, Any], annotations: Annotations, split: str) -> None:
    columns = _categories(file, document["categories"], annotations)
    rows = _images(file, document["images"], annotations, split, columns)
    where = f"{file.name}, annotations"
    for number, item in enumerate(document["annotations"]):
        try:
            row, column = rows[item["image_id"]], columns[item["category_id"]]
        except (KeyError, TypeError):
            _say_why_not(item, f"{where}[{number}]", rows, columns, annotations)
        else:
            annotations.mark(row, column, UNKNOWN if item.get("ignore") == 1 else PRESENT)


def _say_why_not(
    item: Any, where: str, rows: dict[Any, int], columns: dict[Any, int], annotations: Annotations
) -> None:
    """Marks a panoptic annotation, which has its categories in segments; of any other says what is wrong."""
    if not isinstance(item, dict):
        annotations.fault(f"it is {kind_of(item)}", where, "an object with image_id and category_id")
        return
    image, segments = item.get("image_id"), item.get("segments_info")
    if not _is_id(image) or image not in rows:
        annotations.fault(f"its image_id {image!r} is not the id of an image", where)
    elif isinstance(segments, list):
        categories = [segment.get("category_id") if isinstance(segment, dict) else None for segment in segments]
        _mark(categories, PRESENT, rows[image], f"{where}.segments_info", columns, annotations)
    else:
        _mark([item.get("category_id")], PRESENT, rows[image], where, columns, annotations)


def _mark(categories: Any, state: int, row: int, where: str, columns: dict[Any, int], annotations: Annotations) -> None:
    if not isinstance(categories, list):
        annotations.fault(f"it is {kind_of(categories)}", where, "a list of category ids")
        return
    for category in categories:
        if _is_id(category) and category in columns:
            annotations.mark(row, columns[category], state)
        else:
            annotations.fault(f"the category_id {category!r} is not the id of a category", where)


def _categories(file: Place, given: list[Any], annotations: Annotations) -> dict[Any, int]:
    columns: dict[Any, int] = {}
    names: set[str] = set()
    for number, item in enumerate(given):
        where = f"{file.name}, categories[{number}]"
        if not isinstance(item, dict):
            annotations.fault(f"it is {kind_of(item)}", where, "an object with id and name")
            continue
        key, name = item.get("id"), item.get("name")
        if not _is_id(key):
            annotations.fault(f"its id is {key!r}", where, "a whole number")
        elif not isinstance(name, str) or not name.strip():
            annotations.fault(f"its name is {name!r}", where, "a text")
        elif key in columns:
            annotations.fault(f"the id {key} is used twice", where)
        elif name.strip() in names:
            annotations.fault(f"the name {name!r} is used twice", where, "one category for each label")
        else:
            names.add(name.strip())
            columns[key] = annotations.label(name.strip())
    return columns


def _images(
    file: Place, given: list[Any], annotations: Annotations, split: str, columns: dict[Any, int]
) -> dict[Any, int]:
    rows: dict[Any, int] = {}
    federated = any(isinstance(item, dict) and NEGATIVE in item for item in given)
    if federated:
        annotations.notes.append(f"{file.name} says of each image what was looked for; other categories are unknown")
    for number, item in enumerate(given):
        where = f"{file.name}, images[{number}]"
        if not isinstance(item, dict):
            annotations.fault(f"it is {kind_of(item)}", where, "an object with id and file_name")
            continue
        key, name = item.get("id"), item.get("file_name")
        if name is None and isinstance(item.get("coco_url"), str):  # LVIS names no file
            name = "/".join(item["coco_url"].split("/")[-2:])
        if not _is_id(key):
            annotations.fault(f"its id is {key!r}", where, "a whole number")
        elif key in rows:
            annotations.fault(f"the id {key} is used twice", where)
        elif not isinstance(name, str) or not name:
            annotations.fault(f"its file_name is {name!r}", where, "the name of a file")
        else:
            row = rows[key] = annotations.picture(name, where, split)
            if isinstance(item.get(OWN), dict):
                describe(annotations, row, f"{where}.{OWN}", item[OWN])
            if federated:
                annotations.mark_unknown_row(row)
                _mark(item.get(NEGATIVE, []), ABSENT, row, f"{where}.{NEGATIVE}", columns, annotations)
                _mark(item.get(NOT_EXHAUSTIVE, []), UNKNOWN, row, f"{where}.{NOT_EXHAUSTIVE}", columns, annotations)
    return rows


def _is_id(value: object) -> bool:
    """COCO's ids are whole numbers; some exports write them as text, which compares as well."""
    return isinstance(value, int | str) and not isinstance(value, bool)
