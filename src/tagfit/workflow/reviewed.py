"""Reviewed tags: what a table, such as an export of the studio, says of the photographs of a folder."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from tagfit.data.read import read
from tagfit.data.vocabulary_file import NONE
from tagfit.errors import InputError


@dataclass
class Reviewed:
    """What a person has decided about photographs.

    Attributes:
        present, absent: labels by the name of a photograph below the folder; what is unknown is in neither.
        labels: all labels of the table.
        elsewhere: how many rows of the table are of pictures that are not in the folder.
    """

    labels: tuple[str, ...]
    present: dict[str, list[str]] = field(default_factory=dict)
    absent: dict[str, list[str]] = field(default_factory=dict)
    elsewhere: int = 0


def reviewed_tags(table: Path, folder: Path) -> Reviewed:
    """The tags that a table has for the photographs of a folder; links are followed.

    Raises:
        InputError: the table cannot be read, or names no picture of the folder.
    """
    data = read(table, allow_outside=True, learnable=False, vocabulary=NONE)
    found, root = Reviewed(data.labels), Path(os.path.realpath(folder))
    for row, file in enumerate(data.files or ()):
        path = Path(os.path.realpath(file)) if isinstance(file, Path) else None
        if path is None or not path.is_relative_to(root):
            found.elsewhere += 1
            continue
        name = path.relative_to(root).as_posix()
        truth, known = data.truth[row], data.known[row]
        found.present[name] = [label for label, on in zip(data.labels, truth, strict=True) if on]
        found.absent[name] = [
            label for label, on, said in zip(data.labels, truth, known, strict=True) if said and not on
        ]
    if not found.present:
        raise InputError(f"none of the pictures that {table} names is in {folder}", instead="the folder they lie in")
    return found
