"""Reads WebDataset: tar shards in which members of one name belong together, a picture and its labels."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
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
from tagfit.data.readers.webdataset_texts import LIMIT as TEXT_LIMIT
from tagfit.data.readers.webdataset_texts import Texts
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError

NAME = "WebDataset"
MEMBER = re.compile(r"^((?:.*/|)[^.]+)[.]([^/]*)$")  # webdataset's own: a key ends at the first dot of the base name
LABEL_PARTS = ("json", "cls", "txt")
OF_YOLO = ("data.yaml", "classes.txt", "obj.data", "obj.names")
NAME_LISTS = ("labels.txt", "classes.txt")


def recognise(look: Look) -> bool:
    """A tar in which a picture has a ``.json``, ``.cls`` or ``.txt`` of its name, or a folder of them."""
    if isinstance(look.place, Member):
        return isinstance(look.place.store, TarStore) and look.place.inside == "" and _is_shard(look.place.store)
    if not look.is_folder:
        return False
    shards = _shards(look.place)
    return bool(shards) and _is_shard(TarStore(shards[0]))


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures of all shards, read where they lie, with labels from ``.json``, ``.cls`` or ``.txt``.

    Texts are read where no sample has a ``.json`` or ``.cls``, or where ``tags_column`` is ``txt``.

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
    reader = _Samples(annotations, names)
    for store in stores:
        shard = store.address.rpartition("/")[2]
        split = split_of(shard.split("-")[0].split(".")[0])
        reader.shards.append((store, shard, split, _samples(store, shard, annotations)))
    reader.read()
    return annotations.finish(sort=not names)


def _shards(folder: Place) -> list[Any]:
    return [file for file in listing(folder) if file.name.endswith(".tar") and kind_of(start_of(file, 512)) == "tar"]


def _is_shard(store: TarStore) -> bool:
    pictures: set[str] = set()
    labels: dict[str, set[str]] = {part: set() for part in LABEL_PARTS}
    names = list(store.names())[:200]
    for name in names:
        key, part = _parts(name)
        if part in LABEL_PARTS:
            labels[part].add(key)
        elif _is_picture(part):
            pictures.add(key)
    if any(name.rpartition("/")[2] in OF_YOLO for name in names):  # whose texts are boxes
        del labels["txt"]
    return any(pictures & keys for keys in labels.values())


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


@dataclass
class _Samples:
    """Reads the samples of all shards, each from the same one of its parts."""

    annotations: Annotations
    names: list[str]
    shards: list[tuple[TarStore, str, str, list[tuple[str, dict[str, str]]]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._records = Records(self.annotations)
        self._texts = Texts(self.annotations, self.names)

    def read(self) -> None:
        """Mark the labels of all samples."""
        there = {part for *_, samples in self.shards for _, parts in samples for part in parts}
        self._wanted = self._asked_for(there)
        for store, shard, split, samples in self.shards:
            for key, parts in samples:
                self._read_sample(store, shard, split, key, parts)
        self._records.finish()
        self._texts.finish()

    def _asked_for(self, there: set[str]) -> tuple[str, ...]:
        """The parts that labels are read from, the first that a sample has."""
        asked = self.annotations.options.tags_column
        if asked:
            wrong = [part for part in asked if part.lstrip(".") not in there & set(LABEL_PARTS)]
            if wrong or len(asked) > 1:
                what = f"there is no .{wrong[0]}, which --tags-column names" if wrong else "--tags-column names several"
                found = [part for part in LABEL_PARTS if part in there]
                self.annotations.fault(what, instead=" or ".join(f"--tags-column {part}" for part in found))
                return ()
            return (asked[0].lstrip("."),)
        own = tuple(part for part in ("json", "cls") if part in there)
        if own and "txt" in there:
            self.annotations.notes.append(".txt is not read, as there are other labels (--tags-column txt)")
        return own or ("txt",)

    def _read_sample(self, store: TarStore, shard: str, split: str, key: str, parts: dict[str, str]) -> None:
        pictures = [part for part in parts if _is_picture(part)]
        where = f"{shard}/{key}"
        file = Member(store, parts[pictures[0]]) if pictures else None
        row = self.annotations.picture(key, where, split, file or Member(store, key))
        part = next((part for part in self._wanted if part in parts), None)
        if file is None:
            self.annotations.quarantine(row, f"it has no picture, but .{', .'.join(parts)}")
        elif len(pictures) > 1:
            self.annotations.fault(
                f"it has several pictures: .{', .'.join(pictures)}", where, "one picture for each name"
            )
        elif part is None:
            self.annotations.quarantine(row, f"it has no .{' and no .'.join(self._wanted)}")
        elif part == "json":
            self._read_json(store, parts["json"], shard, row)
        elif part == "cls":
            member = parts["cls"]
            _mark_number(store.read(member, 64), row, f"{shard}/{member}", self.names, self.annotations)
        else:
            self._texts.add(row, f"{shard}/{parts['txt']}", store.read(parts["txt"], TEXT_LIMIT + 1))

    def _read_json(self, store: TarStore, member: str, shard: str, row: int) -> None:
        where = f"{shard}/{member}"
        try:
            values = parse_json_text(store.read(member), where, "")
        except InputError as error:
            self.annotations.faults.extend(error.faults)
            return
        if not isinstance(values, dict):
            self.annotations.fault(f"it is {json_kind(values)}", where, 'an object such as {"tags": ["sea"]}')
            return
        self._records.add(row, where, {key: _named(value, self.names) for key, value in values.items()})


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
