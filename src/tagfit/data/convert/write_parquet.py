"""Writes Parquet as Hugging Face's ``datasets`` does: pictures with their bytes, labels as a list of ClassLabel."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tagfit.data.convert.pictures import Pictures, describe_row
from tagfit.data.tagged import TaggedSet
from tagfit.errors import MissingExtraError

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_ONCE = 100  # a row group: the unit that has to be read for one picture
FILE_BYTES = 1 << 29
MISSING = {"split": "", "group": "", "weight": 1.0, "fold": 0}


def require_pyarrow() -> None:
    """Raise a MissingExtraError unless pyarrow is installed."""
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingExtraError("parquet", "writing Parquet")


def write(data: TaggedSet, pictures: Pictures, out: Path) -> None:
    """Write ``data-00000.parquet`` and so on, which ``datasets.load_dataset`` reads as well.

    Raises:
        InputError: pyarrow is not installed, which the extra ``parquet`` brings.
    """
    require_pyarrow()
    import pyarrow.parquet as pq

    described = [describe_row(data, row) for row in range(len(data))]
    # Without a column, the split would be taken from the name of the folder.
    columns = [name for name in MISSING if name == "split" or any(name in values for values in described)]
    schema = _schema(data.labels, columns)
    number, written = 0, 0
    writer = None
    try:
        for rows in _blocks(data, pictures, columns):
            if writer is None or written > FILE_BYTES:
                if writer is not None:
                    writer.close()
                writer = pq.ParquetWriter(out / f"data-{number:05}.parquet", schema)
                number, written = number + 1, 0
            table = _table(rows, schema)
            writer.write_table(table)
            written += table.nbytes
    finally:
        if writer is not None:
            writer.close()


def _blocks(data: TaggedSet, pictures: Pictures, columns: list[str]) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    for row, name, content in pictures.each():
        described = describe_row(data, row)
        rows.append(
            {
                "image": {"bytes": content, "path": name},
                "labels": np.flatnonzero(data.truth[row]).tolist(),
                "unknown": [data.labels[column] for column in np.flatnonzero(~data.known[row])],
                **{column: described.get(column, MISSING[column]) for column in columns},
            }
        )
        if len(rows) == ROWS_AT_ONCE:
            yield rows
            rows = []
    if rows:
        yield rows


def _table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema=schema)


def _schema(labels: tuple[str, ...], columns: list[str]) -> pa.Schema:
    import pyarrow as pa

    kinds = {"split": pa.string(), "group": pa.string(), "weight": pa.float64(), "fold": pa.int64()}
    text = {"dtype": "string", "_type": "Value"}
    features: dict[str, Any] = {
        "image": {"_type": "Image"},
        "labels": {"feature": {"names": list(labels), "_type": "ClassLabel"}, "_type": "List"},
        "unknown": {"feature": text, "_type": "List"},
        **{name: {"dtype": str(kinds[name]).replace("double", "float64"), "_type": "Value"} for name in columns},
    }
    fields = [
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ("labels", pa.list_(pa.int64())),
        ("unknown", pa.list_(pa.string())),
        *((name, kinds[name]) for name in columns),
    ]
    return pa.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": features}})})
