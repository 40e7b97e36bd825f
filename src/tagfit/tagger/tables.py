"""Tables of tagged pictures: CSV, JSON lines or Parquet, written as the records come."""

from __future__ import annotations

import csv
import importlib.util
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, TextIO

from tagfit.display import spreadsheet_cell
from tagfit.errors import MissingExtraError, printable
from tagfit.files import to_json, written_whole

# One picture, as ``Tagged.to_dict`` gives it.
Record = dict[str, Any]
FORMATS = (".csv", ".jsonl", ".parquet")
# A row group of Parquet.
ROWS_AT_ONCE = 10_000


def require(out: Path) -> None:
    """Raise a MissingExtraError unless what writes the format of ``out`` is installed."""
    if out.suffix.lower() == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise MissingExtraError("parquet", "writing Parquet")


def write_table(out: Path, labels: Sequence[str], records: Iterable[Record]) -> None:
    """Write the records in the format that the ending of ``out`` names, whole or not at all."""
    with written_whole(out) as file:
        if out.suffix.lower() == ".parquet":
            _write_parquet(file, labels, records)
            return
        text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="", write_through=True)
        if out.suffix.lower() == ".csv":
            write_csv(text, labels, records)
        else:
            text.writelines(to_json(one, indent=None) + "\n" for one in records)
        text.detach()


def write_csv(file: TextIO, labels: Sequence[str], records: Iterable[Record]) -> None:
    """CSV: picture, tags separated by ``|``, one score per label, and why a picture could not be read."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["picture", "tags", *map(spreadsheet_cell, labels), "problem"])
    for one in records:
        scores = [one["scores"].get(label, "") for label in labels]
        writer.writerow(
            [
                spreadsheet_cell(one["picture"]),
                spreadsheet_cell("|".join(one["tags"])),
                *scores,
                spreadsheet_cell(one.get("problem", "")),
            ]
        )


def _write_parquet(file: IO[bytes], labels: Sequence[str], records: Iterable[Record]) -> None:
    """Columns picture, tags (a list), scores (a struct with a field per label) and problem."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    scores = pa.struct([pa.field(label, pa.float32()) for label in labels])
    schema = pa.schema(
        [("picture", pa.string()), ("tags", pa.list_(pa.string())), ("scores", scores), ("problem", pa.string())]
    )
    with pq.ParquetWriter(file, schema) as writer:
        for some in _in_groups(records, ROWS_AT_ONCE):
            rows = [
                {
                    "picture": printable(one["picture"]),
                    "tags": None if "problem" in one else one["tags"],
                    "scores": one["scores"] or None,
                    "problem": one.get("problem"),
                }
                for one in some
            ]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def _in_groups(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    group: list[Record] = []
    for one in records:
        group.append(one)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
