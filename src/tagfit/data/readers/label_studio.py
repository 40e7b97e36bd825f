"""Reads Label Studio exports, JSON and JSON-MIN: choices, taxonomies and labels of regions; annotators may disagree."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tagfit.data.labels import listed
from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.pictures.sources import Place
from tagfit.data.readers.annotations import PRESENT, UNKNOWN, Annotations, folders_below
from tagfit.data.readers.json_files import kind_of, objects, parse_json
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.tagged import TaggedSet

NAME = "Label Studio"
# What JSON-MIN says about an annotation and not about its picture.
ABOUT_ANNOTATION = frozenset({"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"})
CHOICE_KEYS = frozenset({"choice", "choices", "label", "labels", "class", "tags"})
PICTURE_FOLDERS = ("images", "upload", "media", "data")
UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")

Named = tuple[str, str]  # the control that was used, the label that was chosen


@dataclass
class _Picture:
    """What all annotators say of one picture."""

    where: str
    votes: list[set[Named]] = field(default_factory=list)


def recognise(look: Look) -> bool:
    """A JSON array of tasks (``data`` with ``annotations``), or of the flat records of JSON-MIN."""
    if look.is_folder or not look.is_json_array:
        return False
    keys = look.json_keys
    return ("data" in keys and bool(keys & {"annotations", "completions"})) or (
        "annotation_id" in keys and bool(keys & {"annotator", "lead_time"})
    )


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures of all tasks. A label is present where all annotators chose it, absent where none did, unknown
    where they disagree and on pictures that nobody annotated.

    Raises:
        InputError: all faults, each with its place in the file.
    """
    annotations = Annotations(NAME, place, options)
    annotations.look_in([place.parent, *folders_below(place.parent, PICTURE_FOLDERS)])
    pictures: dict[str, _Picture] = {}
    skipped: Counter[str] = Counter()
    tasks = objects(parse_json(place, NAME), place.name, annotations.faults)
    text_key = _text_key([task for _, task in tasks if not isinstance(task.get("data"), dict)], annotations)
    for where, task in tasks:
        is_full = isinstance(task.get("data"), dict)
        url = _picture_url(task["data"] if is_full else task)
        if url is None:
            annotations.fault("no value names a picture", where, '"image": "/data/upload/1/a.jpg"')
            continue
        picture = pictures.setdefault(url, _Picture(where))
        if is_full:
            picture.votes += _votes(task, where, skipped, annotations)
        else:
            picture.votes.append(set(_flat_labels(task, text_key, where, annotations)))
    for kind, count in sorted(skipped.items()):
        annotations.notes.append(f"{count} results of the type {kind!r} name no label and are not used")
    _mark(pictures, annotations)
    return annotations.finish(sort=True)


def _mark(pictures: dict[str, _Picture], annotations: Annotations) -> None:
    controls: dict[str, set[str]] = {}
    for picture in pictures.values():
        for control, label in (named for vote in picture.votes for named in vote):
            controls.setdefault(label, set()).add(control)
    shared = sorted(label for label, used_by in controls.items() if len(used_by) > 1)
    if shared:
        annotations.notes.append(f"several controls offer {listed(shared)}: these labels are named CONTROL=LABEL")
    disagreements = 0
    rows: list[tuple[int, Counter[str], int]] = []
    for url, picture in pictures.items():
        name, file = annotations.first_found(_names_of(url))
        row = annotations.picture(name, picture.where, file=file)
        votes = Counter(
            f"{control}={label}" if label in shared else label for vote in picture.votes for control, label in vote
        )
        rows.append((row, votes, len(picture.votes)))
    for row, votes, voters in rows:
        if not voters:
            annotations.mark_unknown_row(row)
        for label, count in votes.items():
            annotations.mark(row, annotations.label(label), PRESENT if count == voters else UNKNOWN)
            disagreements += count < voters
    if disagreements:
        annotations.notes.append(f"{disagreements} entries on which annotators disagree are unknown")


def _votes(task: dict[str, Any], where: str, skipped: Counter[str], annotations: Annotations) -> Iterator[set[Named]]:
    """What each annotator chose; skipped annotations do not count."""
    key = "annotations" if "annotations" in task else "completions"
    for place, annotation in objects(task.get(key, []), f"{where}.{key}", annotations.faults):
        if annotation.get("was_cancelled"):
            continue
        vote: set[Named] = set()
        for at, result in objects(annotation.get("result", []), f"{place}.result", annotations.faults):
            kind = result.get("type")
            if isinstance(kind, str) and _names_labels(kind):
                value = result.get("value")
                chosen = value.get(kind) if isinstance(value, dict) else None
                control = str(result.get("from_name", ""))
                vote |= {(control, label) for label in _labels(chosen, f"{at}.value.{kind}", annotations)}
            else:
                skipped[str(kind)] += 1
        yield vote


def _names_labels(kind: str) -> bool:
    return kind in ("choices", "taxonomy") or kind.endswith("labels")


def _labels(chosen: Any, where: str, annotations: Annotations) -> list[str]:
    """Names out of a list of names, or of paths (taxonomy), which become ``Animal/Dog``."""
    found = []
    for item in chosen if isinstance(chosen, list) else [chosen]:
        if isinstance(item, list) and item and all(isinstance(part, str) for part in item):
            found.append("/".join(item))
        elif isinstance(item, str) and item.strip():
            found.append(item.strip())
        else:
            annotations.fault(f"it holds {kind_of(item)}", where, "a list of names")
    return found


def _text_key(tasks: list[dict[str, Any]], annotations: Annotations) -> str:
    """The key of JSON-MIN whose texts are choices; the columns of the task itself are texts as well."""
    keys = dict.fromkeys(
        key
        for task in tasks
        for key, value in task.items()
        if isinstance(value, str) and key not in ABOUT_ANNOTATION and value != _picture_url(task)
    )
    several = {key for task in tasks for key, value in task.items() if isinstance(value, dict) and "choices" in value}
    sure = [key for key in keys if key in several or key.lower() in CHOICE_KEYS]
    if len(sure) == 1 or len(keys) == 1:
        key = (sure or list(keys))[0]
        annotations.notes.append(f"single choices are read from {key!r}")
        return key
    if keys and (sure or not several):
        annotations.fault(
            f"any of {listed(sure or list(keys))} may hold the choices", instead="the JSON export, which says which"
        )
    return ""


def _flat_labels(task: dict[str, Any], text_key: str, where: str, annotations: Annotations) -> Iterator[Named]:
    """The labels of a JSON-MIN record: one choice is a text, several are ``{"choices": [..]}``."""
    for key, value in task.items():
        if key in ABOUT_ANNOTATION:
            continue
        if isinstance(value, str) and key == text_key and value.strip():
            yield key, value.strip()
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):  # choices, or a region with its labels
                for kind, chosen in item.items():
                    if _names_labels(kind):
                        for label in _labels(chosen, f"{where}.{key}.{kind}", annotations):
                            yield key, label
            elif isinstance(item, list):  # a path of a taxonomy
                for label in _labels([item], f"{where}.{key}", annotations):
                    yield key, label


def _picture_url(values: dict[str, Any]) -> str | None:
    if isinstance(values.get("image"), str):
        return str(values["image"])
    found = [
        value
        for value in values.values()
        if isinstance(value, str) and any(unquote(value).lower().split("?")[0].endswith(end) for end in SUFFIXES)
    ]
    return found[0] if len(found) == 1 else None


def _names_of(url: str) -> list[str]:
    """The file names that an address may stand for; uploads carry eight digits before their own name."""
    try:
        parts = urlsplit(url)
        local = parse_qs(parts.query).get("d")
    except ValueError:
        return [url]
    path = local[0] if local else unquote(parts.path)
    last = path.rpartition("/")[2]
    names = [path.lstrip("/"), last, UPLOAD_PREFIX.sub("", last)]
    return list(dict.fromkeys(name for name in names if name)) or [url]
