"""Reads a folder that holds ``tags.csv`` and its pictures, in ``images/`` or next to it."""

from __future__ import annotations

from tagfit.data.labels import listed
from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.pictures.sources import Place
from tagfit.data.readers.options import TableOptions
from tagfit.data.readers.table import read_table
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError

TABLES = ("tags.csv", "tags.tsv")


def read_folder(path: Place, options: TableOptions) -> TaggedSet:
    """The pictures that the folder's table names.

    Raises:
        InputError: there is no table; the message says what lies there instead.
    """
    for name in TABLES:
        if (path / name).is_file():
            return read_table(path / name, options)
    try:
        inside: list[Place] = sorted(path.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"the folder {path} cannot be read: {error.strerror}") from None
    tables = [entry.name for entry in inside if entry.suffix.lower() in (".csv", ".tsv")]
    pictures = sum(entry.suffix.lower() in SUFFIXES for entry in inside)
    raise InputError(
        f"the folder {path} has no {TABLES[0]}"
        + (f", but {listed(tables)}" if tables else f", but {pictures} pictures" if pictures else ""),
        instead=f"read {path / tables[0]}" if tables else "a tags.csv with the columns image,tags",
    )
