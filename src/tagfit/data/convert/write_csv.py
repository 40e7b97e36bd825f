"""Writes a folder with tags.csv, labels.txt and images/."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tagfit.data.convert.pictures import FOLDER, Pictures, describe_row, label_lines
from tagfit.data.splits.folds import cell_writer, marked_tags
from tagfit.data.tagged import TaggedSet
from tagfit.files import write_text


def write(data: TaggedSet, pictures: Pictures, out: Path) -> None:
    """Write ``image,tags`` with a column for each of split, group, weight and fold that the set has.

    Raises:
        InputError: a label that a cell of tags cannot represent.
    """
    rows = [marked_tags(data.labels, truth, known) for truth, known in zip(data.truth, data.known, strict=True)]
    cell = cell_writer(data.labels, rows)
    labels = label_lines(data.labels)
    described = [describe_row(data, row) for row in range(len(data))]
    columns = [name for name in ("split", "group", "weight", "fold") if any(name in one for one in described)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "tags", *columns])
    for row, name, content in pictures.each():
        path = out / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        writer.writerow([f"{FOLDER}/{name}", cell(rows[row]), *(described[row].get(column, "") for column in columns)])
    write_text(out / "labels.txt", labels)
    write_text(out / "tags.csv", text.getvalue())
