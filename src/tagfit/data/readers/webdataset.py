"""Reads WebDataset: tar shards in which members of one name belong together, a picture and its labels."""

from __future__ import annotations

import re
from typing import Any

from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.pictures.archives import TarStore, kind_of
from tagfit.data.pictures.sources import Member, Place, content_of, listing, start_of
from tagfit.data.readers.annotations import PRESENT, Annotations, split_of
from tagfit.data.readers.json_files import kind_of as json_kind
from tagfit.data.readers.json_files import parse_json_text
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.readers.records import Records
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError

NAME = "WebDataset"
MEMBER = re.compile(r"^((?:.*/|)[^.]+)[.]([^/]*)$")  # webdataset's own: a key ends at the first dot of the base name
LABEL_PARTS = ("json", "cls")
NAME_LISTS = ("labels.txt", "classes.txt")


def recognise(look: Look) -> bool:
    """A tar in which a picture stands beside a ``.json`` or ``.cls`` of the same name, or a folder of such shards."""
    if isinstance(look.place, Member):
        return isinstance(look.place.store, TarStore) and look.place.inside == "" and _is_shard(look.place.store)
    if not look.is_folder:
        return False
    shards = _shards(look.place)
    return bool(shards) and _is_shard(TarStore(shards[0]))


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures of all shards, read where they lie; labels come from ``.json`` (tags or labels) or ``.cls``.

    Raises:
        InputError: all faults, each with shard and member.
    """
    annotations = Annotations(NAME, place, options)
    if isinstance(place, Member) and isinstance(place.store, TarStore):
        stores, home = [place.store], None
    elif isinstance(place, Member):
        raise InputError(f"{place} is not a tar file on this machine", instead="a .tar, or a folder of .tar files")
    else:
        home = place if place.is_dir() else place.parent
        stores = [TarStore(shard) for shard in (_shards(place) if place.is_dir() else [place])]
    if not stores:
        raise InputError(f"the folder {place} holds no .tar file", instead="train-0000.tar, train-0001.tar ...")
    names = _class_names(home) if home is not None else []
    for name in names:
        annotations.label(name)
    records = Records(annotations)
    for store in stores:
        shard = store.address.rpartition("/")[2]
        split = split_of(shard.split("-")[0].split(".")[0])
        for key, parts in _samples(store, shard, annotations):
            _read_sample(store, shard, split, key, parts, names, annotations, records)
    records.finish()
    return annotations.finish(sort=not names)


def _shards(folder: Place) -> list[Any]:
    return [file for file in listing(folder) if file.name.endswith(".tar") and kind_of(start_of(file, 512)) == "tar"]


def _is_shard(store: TarStore) -> bool:
    pictures: set[str] = set()
    labels: set[str] = set()
    for name in list(store.names())[:200]:
        key, part = _parts(name)
        if part in LABEL_PARTS:
            labels.add(key)
        elif _is_picture(part):
            pictures.add(key)
    return bool(pictures & labels)


def _class_names(home: Place) -> list[str]:
    for name in NAME_LISTS:
        if (home / name).is_file():
            lines = content_of(home / name).decode("utf-8", "replace").splitlines()
            return list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    return []


def _parts(name: str) -> tuple[str, str]:
    found = MEMBER.match(name)
    return (found[1], found[2].lower()) if found else (name, "")


def _is_picture(part: str) -> bool:
    return f".{part}" in SUFFIXES


def _samples(store: TarStore, shard: str, annotations: Annotations) -> list[tuple[str, dict[str, str]]]:
    """The members of each key, which follow one another: (key, part -> member)."""
    samples: list[tuple[str, dict[str, str]]] = []
    seen: set[str] = set()
    for name in store.names():
        key, part = _parts(name)
        if not samples or samples[-1][0] != key:
            if key in seen:
                annotations.fault(f"the members of {key!r} do not follow one another", f"{shard}/{name}")
            seen.add(key)
            samples.append((key, {}))
        if part in samples[-1][1]:
            annotations.fault(f"{key!r} has a second .{part}", f"{shard}/{name}")
        samples[-1][1][part] = name
    return samples


def _read_sample(
    store: TarStore,
    shard: str,
    split: str,
    key: str,
    parts: dict[str, str],
    names: list[str],
    annotations: Annotations,
    records: Records,
) -> None:
    pictures = [part for part in parts if _is_picture(part)]
    where = f"{shard}/{key}"
    file = Member(store, parts[pictures[0]]) if pictures else None
    row = annotations.picture(key, where, split, file or Member(store, key))
    if file is None:
        annotations.quarantine(row, f"it has no picture, but .{', .'.join(parts)}")
    elif len(pictures) > 1:
        annotations.fault(f"it has several pictures: .{', .'.join(pictures)}", where, "one picture for each name")
    elif "json" in parts:
        _read_json(store, parts["json"], shard, row, names, annotations, records)
    elif "cls" in parts:
        _mark_number(store.read(parts["cls"], 64), row, f"{shard}/{parts['cls']}", names, annotations)
    else:
        annotations.quarantine(row, "it has no .json and no .cls")


def _read_json(
    store: TarStore, member: str, shard: str, row: int, names: list[str], annotations: Annotations, records: Records
) -> None:
    where = f"{shard}/{member}"
    try:
        values = parse_json_text(store.read(member), where, "")
    except InputError as error:
        annotations.faults.extend(error.faults)
        return
    if not isinstance(values, dict):
        annotations.fault(f"it is {json_kind(values)}", where, 'an object such as {"tags": ["sea"]}')
        return
    records.add(row, where, {key: _named(value, names) for key, value in values.items()})


def _named(value: Any, names: list[str]) -> Any:
    """A list of class numbers as their names."""
    if isinstance(value, list) and value and all(isinstance(one, int) and not isinstance(one, bool) for one in value):
        return [names[one] if 0 <= one < len(names) else str(one) for one in value]
    return value


def _mark_number(content: bytes, row: int, where: str, names: list[str], annotations: Annotations) -> None:
    number = content.decode("ascii", "replace").strip()
    if not number.isdigit() or len(number) > 9 or (names and int(number) >= len(names)):
        expected = f"a class number, 0 to {len(names) - 1}" if names else "a class number"
        annotations.fault(f"it holds {number!r}", where, expected)
    else:
        annotations.mark(row, annotations.label(names[int(number)] if names else str(int(number))), PRESENT)
