"""Reads a Supervisely project: datasets with ``img/`` and ``ann/``, tags of pictures and classes of objects."""

from __future__ import annotations

from typing import Any

from tagfit.data.pictures.sources import Place, listing
from tagfit.data.readers.annotations import Annotations, split_of
from tagfit.data.readers.json_files import kind_of, objects, parse_json
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError

NAME = "Supervisely"
META = "meta.json"


def recognise(look: Look) -> bool:
    """A folder with ``ann/`` next to ``img/``, itself or in one of its folders."""
    return look.is_folder and bool(_datasets(look))


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures of all datasets. A tag without a value is a label of its name, one with a value is ``name=value``;
    the class of an object is a label too.

    Raises:
        InputError: all faults, each with its file.
    """
    annotations = Annotations(NAME, place, options)
    datasets = _datasets(Look(place))
    if not datasets:
        raise InputError(f"the folder {place} holds no dataset", instead="dataset/ann/a.jpg.json, dataset/img/a.jpg")
    for label in _declared(place, annotations):
        annotations.label(label)
    for name, folder in datasets.items():
        annotations.look_in([folder / "img"])
        named = set()
        for file in listing(folder / "ann"):
            if file.suffix == ".json":
                named.add(file.stem)
                shown = f"{name}/ann/{file.name}" if name else f"ann/{file.name}"
                _read_file(file, shown, split_of(name), annotations)
        for file in listing(folder / "img"):
            if file.name not in named and file.stem not in named:
                row = annotations.picture(file.name, f"{name}/img/{file.name}", file=file)
                annotations.quarantine(row, f"there is no ann/{file.name}.json")
    return annotations.finish()


def _datasets(look: Look) -> dict[str, Place]:
    """The folders with ``ann/`` and ``img/`` by name; '' is the folder itself."""
    if _is_dataset(look):
        return {"": look.place}
    inside = {name: child for name in look.children if (child := look.child(name)) is not None and child.is_folder}
    return {name: child.place for name, child in inside.items() if _is_dataset(child)}


def _is_dataset(look: Look) -> bool:
    return all((child := look.child(name)) is not None and child.is_folder for name in ("ann", "img"))


def _declared(place: Place, annotations: Annotations) -> list[str]:
    """The labels that meta.json declares, as far as the values of its tags are known."""
    file = place / META
    if not file.is_file():
        return []
    meta = parse_json(file, NAME)
    if not isinstance(meta, dict):
        raise InputError(
            Fault(f"it is {kind_of(meta)}", META, "an object with classes and tags"),
            what=f"{place} cannot be read as {NAME}",
        )
    labels = []
    for where, tag in objects(meta.get("tags", []), f"{META}, tags", annotations.faults):
        name, values = tag.get("name"), tag.get("values")
        if not isinstance(name, str):
            annotations.fault(f"its name is {name!r}", where, "a text")
        elif tag.get("value_type", "none") == "none":
            labels.append(name)
        elif isinstance(values, list):
            labels += [f"{name}={value}" for value in values]
    for where, one in objects(meta.get("classes", []), f"{META}, classes", annotations.faults):
        if isinstance(one.get("title"), str):
            labels.append(one["title"])
        else:
            annotations.fault(f"its title is {one.get('title')!r}", where, "a text")
    return labels


def _read_file(file: Place, shown: str, split: str, annotations: Annotations) -> None:
    try:
        document = parse_json(file, NAME)
    except InputError as error:
        annotations.faults += [Fault(fault.what, fault.where, fault.instead) for fault in error.faults]
        return
    if not isinstance(document, dict):
        annotations.fault(f"it is {kind_of(document)}", shown, "an object with tags and objects")
        return
    row = annotations.picture(file.stem, shown, split)
    for where, tag in objects(document.get("tags", []), f"{shown}, tags", annotations.faults):
        _mark(_tag_name(tag), row, where, annotations)
    for where, item in objects(document.get("objects", []), f"{shown}, objects", annotations.faults):
        _mark(item.get("classTitle"), row, where, annotations)


def _tag_name(tag: dict[str, Any]) -> Any:
    name, value = tag.get("name"), tag.get("value")
    return name if value is None or not isinstance(name, str) else f"{name}={value}"


def _mark(label: Any, row: int, where: str, annotations: Annotations) -> None:
    if isinstance(label, str) and label.strip():
        annotations.mark(row, annotations.label(label.strip()))
    else:
        annotations.fault(f"it has no name, but {label!r}", where, "a text")
