"""Pictures inside Parquet and Arrow files, read a few rows at a time when they are decoded."""

from __future__ import annotations

import threading
from abc import abstractmethod
from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Iterator
from typing import Any

from tagfit.data.pictures.accepted import BYTE_LIMIT
from tagfit.data.pictures.sources import Store
from tagfit.errors import Fault, InputError

BATCH = 64  # rows that are read at once
BATCHES_KEPT = 8  # of those read last: threads that decode ask for rows a little out of order
ROW = "row "


class RowStore(Store):
    """Pictures that are rows of a table; their names are ``row 0``, ``row 1`` ..."""

    quick = False

    def __init__(self, address: str, rows: int) -> None:
        super().__init__(address)
        self.rows = rows

    def names(self) -> Collection[str]:
        return [f"{ROW}{number}" for number in range(self.rows)]

    def has_file(self, name: str) -> bool:
        return name.startswith(ROW) and name[len(ROW) :].isdigit() and int(name[len(ROW) :]) < self.rows

    def read(self, name: str, limit: int | None = None) -> bytes:
        where = f"{self.address}, {name}"
        if not self.has_file(name):
            raise InputError(Fault("there is no such row", where))
        try:
            content = self.bytes_of(int(name[len(ROW) :]))
        except (OSError, ValueError, KeyError, NotImplementedError) as error:  # Arrow's own errors are among these
            raise InputError(Fault(f"cannot be read: {error}", where)) from None
        if content is None:
            raise InputError(Fault("holds no bytes", where))
        if len(content) > BYTE_LIMIT:
            raise InputError(Fault(f"has {len(content):,} bytes; at most {BYTE_LIMIT:,} are read", where))
        return content if limit is None else content[:limit]

    @abstractmethod
    def bytes_of(self, row: int) -> bytes | None:
        """The bytes of the picture in a row, None where there are none."""


class ParquetPictures(RowStore):
    """The pictures of a column of a Parquet file; only the pages around a row are read."""

    def __init__(self, address: str, file: Any, column: str) -> None:
        """``file`` is an open ``pyarrow.parquet.ParquetFile``, ``column`` the path of the bytes (``image.bytes``)."""
        self._file = file
        self._column = column
        self._starts = [0]
        for group in range(file.metadata.num_row_groups):
            self._starts.append(self._starts[-1] + file.metadata.row_group(group).num_rows)
        super().__init__(address, self._starts[-1])
        self._lock = threading.Lock()
        self._kept: deque[tuple[int, Any]] = deque(maxlen=BATCHES_KEPT)
        self._batches: Iterator[Any] = iter(())
        self._group, self._next = -1, 0

    def bytes_of(self, row: int) -> bytes | None:
        with self._lock:
            for start, values in self._kept:
                if start <= row < start + len(values):
                    return values[row - start].as_py()  # type: ignore[no-any-return]
            group = bisect_right(self._starts, row) - 1
            if group != self._group or row < self._next:
                self._group, self._next = group, self._starts[group]
                self._batches = self._file.iter_batches(BATCH, row_groups=[group], columns=[self._column])
            for batch in self._batches:
                values = batch.column(0)
                for name in self._column.split(".")[1:]:
                    values = values.field(name)
                start = self._next
                self._kept.append((start, values))
                self._next += len(values)
                if row < self._next:
                    return values[row - start].as_py()  # type: ignore[no-any-return]
        raise ValueError("the row group ends before it")


class ArrowPictures(RowStore):
    """The pictures of a column of an Arrow table that is mapped into memory."""

    def __init__(self, address: str, column: Any, field: str | None) -> None:
        """``column`` is a ``pyarrow.ChunkedArray`` of bytes, or of structs whose ``field`` holds them."""
        super().__init__(address, len(column))
        self._column = column
        self._field = field

    def bytes_of(self, row: int) -> bytes | None:
        value = self._column[row].as_py()
        if self._field is not None and value is not None:
            value = value[self._field]
        return value  # type: ignore[no-any-return]
