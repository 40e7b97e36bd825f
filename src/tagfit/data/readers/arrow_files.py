"""Parquet and Arrow files opened: their columns, rows and features, without loading the bytes of pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.pictures.arrow_pictures import BATCH, ArrowPictures, ParquetPictures, RowStore
from tagfit.data.pictures.sources import Place, content_of
from tagfit.data.readers.arrow_nested import (
    feature_of_field,
    field_column,
    fields_of_objects,
    type_of_field,
    with_names,
)
from tagfit.errors import Fault, InputError, MissingExtraError

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET_MARK, ARROW_MARK = b"PAR1", b"ARROW1"


@contextmanager
def arrow_faults(place: Place, format: str) -> Iterator[None]:  # noqa: A002
    """Turn what Arrow raises on a broken file into an InputError that names it; its absence names the extra."""
    try:
        import pyarrow.lib
    except ImportError:
        raise MissingExtraError("parquet", f"reading {place.name}") from None
    try:
        yield
    except InputError:
        raise
    except (pyarrow.lib.ArrowException, OSError, ValueError, KeyError, MemoryError, OverflowError) as error:
        said = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(
            Fault(f"it is damaged: {said}", place.name), what=f"{place} cannot be read as {format}"
        ) from None


@dataclass(frozen=True, eq=False)
class ArrowFile:
    """One Parquet or Arrow file.

    Attributes:
        place: the file.
        schema: its columns with their types.
        rows: how many rows it has.
    """

    place: Place
    schema: pa.Schema
    rows: int
    _parquet: Any
    _table: Any

    @cached_property
    def fields(self) -> dict[str, tuple[str, str]]:
        """The columns that are a field of a column of objects: ``objects.category`` -> (objects, category)."""
        return fields_of_objects(self.schema)

    @cached_property
    def names(self) -> list[str]:
        """The columns, those of objects by their fields."""
        inside: dict[str, list[str]] = {}
        for name, (column, _) in self.fields.items():
            inside.setdefault(column, []).append(name)
        return [name for column in self.schema.names for name in inside.get(column, [column])]

    @cached_property
    def features(self) -> dict[str, Any]:
        """What Hugging Face's ``datasets`` wrote about the columns, by name; empty without."""
        features = self._features()
        return features | {
            name: feature_of_field(features.get(column), field) for name, (column, field) in self.fields.items()
        }

    def _features(self) -> dict[str, Any]:
        metadata = (self.schema.metadata or {}).get(b"huggingface")
        try:
            features = json.loads(metadata)["info"]["features"] if metadata else {}
        except (ValueError, KeyError, TypeError, RecursionError):
            return {}
        return features if isinstance(features, dict) else {}

    def column(self, name: str, field: str | None = None) -> pa.ChunkedArray:
        """A column, or one field of a column of structs; nothing else is read."""
        import pyarrow.compute as pc

        if name in self.fields:
            column, inner = self.fields[name]
            return field_column(self.column(column), inner)
        if self._parquet is not None:
            column = self._parquet.read(columns=[f"{name}.{field}" if field else name]).column(0)
        else:
            column = self._table.column(name)
        column = pc.struct_field(column, field) if field else column
        return pc.dictionary_decode(column) if _is_dictionary(column.type) else column

    def type_of(self, name: str) -> pa.DataType:
        """The type of the values of a column, whether they are written once each (as a dictionary) or not."""
        if name in self.fields:
            column, inner = self.fields[name]
            return type_of_field(self.schema.field(column).type, inner)
        kind = self.schema.field(name).type
        return kind.value_type if _is_dictionary(kind) else kind

    def pictures(self, column: str, field: str | None) -> RowStore:
        """The pictures of a column of bytes, or of a field of a struct."""
        if self._parquet is not None:
            return ParquetPictures(str(self.place), self._parquet, f"{column}.{field}" if field else column)
        return ArrowPictures(str(self.place), self._table.column(column), field)

    def has_bytes(self, column: str, field: str | None) -> NDArray[np.bool_]:
        """Which rows have bytes in a column of pictures; the statistics of the file spare reading them."""
        nulls = self._null_count(f"{column}.{field}" if field else column)
        if nulls in (0, self.rows):
            return np.full(self.rows, nulls == 0)
        if self._parquet is None:
            return np.asarray(self.column(column, field).is_valid())
        found = [np.zeros(0, dtype=bool)]
        for batch in self._parquet.iter_batches(BATCH, columns=[f"{column}.{field}" if field else column]):
            values = batch.column(0).field(field) if field else batch.column(0)
            found.append(np.asarray(values.is_valid()))
        return np.concatenate(found)

    def _null_count(self, path: str) -> int | None:
        """How many values are null, as far as the file says."""
        if self._parquet is None:
            return None
        counts = []
        for number in range(self._parquet.metadata.num_row_groups):
            group = self._parquet.metadata.row_group(number)
            columns = [group.column(index) for index in range(group.num_columns)]
            counts += [one.statistics for one in columns if one.path_in_schema == path]
        known = [one.null_count for one in counts if one is not None and one.has_null_count]
        return sum(known) if counts and len(known) == len(counts) else None


def open_arrow(place: Place, format: str) -> ArrowFile:  # noqa: A002
    """Open a Parquet file, or an Arrow file in stream or file form, which is mapped into memory.

    Raises:
        InputError: it is neither, or damaged; or pyarrow is not installed.
    """
    with arrow_faults(place, format):
        import pyarrow as pa
        import pyarrow.parquet as pq

        local = isinstance(place, Path)
        if place.suffix.lower() != ".arrow":
            parquet = pq.ParquetFile(place if local else place.open())
            return ArrowFile(place, parquet.schema_arrow, parquet.metadata.num_rows, parquet, None)
        source = pa.memory_map(str(place)) if local else pa.BufferReader(content_of(place))
        start = source.read(len(ARROW_MARK))
        source.seek(0)
        reader = pa.ipc.open_file(source) if start == ARROW_MARK else pa.ipc.open_stream(source)
        table = reader.read_all()
        table.validate()
        return ArrowFile(place, table.schema, table.num_rows, None, table)


def _is_dictionary(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_dictionary(kind))


def parquet_rows(place: Place) -> list[dict[str, Any]]:
    """The rows of a Parquet file without pictures as plain values, classes by their names."""
    with arrow_faults(place, "Parquet"):
        file = open_arrow(place, "Parquet")
        columns = {
            name: [with_names(value, file.features.get(name)) for value in file.column(name).to_pylist()]
            for name in file.schema.names
        }
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
