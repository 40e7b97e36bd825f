"""Reads a folder for each label; a picture that is in several of them has several labels."""

from __future__ import annotations

from hashlib import blake2b

from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.pictures.sources import Member, Place, content_of, files_below
from tagfit.data.readers.annotations import Annotations, split_of
from tagfit.data.readers.look import Look
from tagfit.data.readers.options import TableOptions
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError

NAME = "label folders"


def recognise(look: Look) -> bool:
    """A folder that holds no picture itself, but two folders with pictures, perhaps below train/ and validation/."""
    if not look.is_folder or any(_is_picture(name) for name in look.children):
        return False
    return len(_label_folders(look)) >= 2


def read(place: Place, options: TableOptions) -> TaggedSet:
    """The pictures in folders named after labels. Files with the same content, under any name, are one picture.

    Raises:
        InputError: there are no such folders, or no picture that can be used.
    """
    annotations = Annotations(NAME, place, options)
    folders = _label_folders(Look(place))
    if not folders:
        raise InputError(f"the folder {place} holds no folders of pictures", instead="dog/1.jpg, cat/2.jpg ...")
    files = [
        (f"{folder}/{path}", split, label, file)
        for folder, (split, label, inner) in folders.items()
        for path, file in files_below(inner)
        if _is_picture(path)
    ]
    for label in sorted({label for _, _, label, _ in files}):
        annotations.label(label)
    rows: dict[tuple[str, bytes], int] = {}
    for (path, split, label, file), digest in zip(files, _digests([file for *_, file in files]), strict=True):
        row = rows.get((split, digest))
        if row is None:
            row = rows[split, digest] = annotations.picture(path, path, split, file)
        annotations.mark(row, annotations.label(label))
    if len(rows) < len(files):
        annotations.notes.append(
            f"{len(files)} files are {len(rows)} pictures: those in several folders have several labels"
        )
    return annotations.finish()


def _label_folders(look: Look) -> dict[str, tuple[str, str, Place]]:
    """The folders that are labels by their path: (split, label, folder)."""
    found = {}
    folders = {name: child for name in look.children if (child := look.child(name)) is not None and child.is_folder}
    splits = bool(folders) and all(split_of(name) for name in folders)
    for name, child in folders.items():
        if not splits and _holds_pictures(child):
            found[name] = ("", name, child.place)
        for inner_name in child.children if splits else ():
            inner = child.child(inner_name)
            if inner is not None and inner.is_folder and _holds_pictures(inner):
                found[f"{name}/{inner_name}"] = (split_of(name), inner_name, inner.place)
    return found


def _holds_pictures(look: Look) -> bool:
    return any(_is_picture(name) for name in look.children)


def _is_picture(name: str) -> bool:
    dot = name.rfind(".")
    return dot > 0 and name[dot:].lower() in SUFFIXES


def _digests(files: list[Place]) -> list[bytes]:
    """What tells the contents apart: of a file whose length no other has, its number is enough."""
    lengths = [_length(file) for file in files]
    counts: dict[int, int] = {}
    for length in lengths:
        counts[length] = counts.get(length, 0) + 1
    return [
        blake2b(content_of(file), digest_size=16).digest() if counts[length] > 1 else number.to_bytes(8, "little")
        for number, (file, length) in enumerate(zip(files, lengths, strict=True))
    ]


def _length(file: Place) -> int:
    return -1 if isinstance(file, Member) else file.stat().st_size
