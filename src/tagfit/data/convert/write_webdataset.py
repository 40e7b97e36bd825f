"""Writes WebDataset shards: a picture and a JSON of its tags for each key, and labels.txt next to them."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from tagfit.data.convert.pictures import Pictures, describe_row, label_lines
from tagfit.data.tagged import TaggedSet
from tagfit.files import to_json, write_text

SHARD_BYTES = 1 << 29  # what webdataset recommends: large enough to be read in one go


def write(data: TaggedSet, pictures: Pictures, out: Path) -> None:
    """Write ``shard-000000.tar`` and so on.

    Raises:
        InputError: a label that does not fit on one line.
    """
    write_text(out / "labels.txt", label_lines(data.labels))
    tar, number, written = _shard(out, 0), 0, 0
    try:
        for row, name, content in pictures.each(dots=False):
            if written > SHARD_BYTES:
                tar.close()
                number, written = number + 1, 0
                tar = _shard(out, number)
            values: dict[str, Any] = {
                "tags": [data.labels[column] for column in np.flatnonzero(data.truth[row])],
                "unknown": [data.labels[column] for column in np.flatnonzero(~data.known[row])],
                **describe_row(data, row),
            }
            _add(tar, name, content)
            _add(tar, f"{name.rpartition('.')[0]}.json", to_json(values, indent=None).encode())
            written += len(content)
    finally:
        tar.close()


def _shard(out: Path, number: int) -> tarfile.TarFile:
    return tarfile.open(out / f"shard-{number:06}.tar", "w")


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))
