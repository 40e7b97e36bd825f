"""The columns of a Parquet or Arrow file by their roles: as the user names them, else by name and type."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.labels import listed
from tagfit.data.readers.arrow_files import ArrowFile
from tagfit.data.readers.column_names import IMAGE_NAMES, WEAK_IMAGE_NAMES, ColumnNames, quoted
from tagfit.data.readers.contents import ends_like_picture
from tagfit.data.readers.options import TableOptions
from tagfit.data.readers.records import ROW_KEYS
from tagfit.data.tagged import SPLITS
from tagfit.errors import Fault, InputError

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN_ROWS = 5
PATHS = ""  # in place of a field of bytes: the column holds paths
PANDAS_INDEX = "__index_level_"
SAMPLE = 100


@dataclass(frozen=True)
class Columns:
    """The columns of a file, and where faults go."""

    file: ArrowFile
    options: TableOptions
    faults: list[Fault]

    @cached_property
    def names(self) -> ColumnNames:
        """The columns by the names that the user gives them."""
        return ColumnNames(list(self.file.names), self.file.place.name, self.faults)

    def asked_for(self, patterns: tuple[str, ...], option: str) -> list[str]:
        """The columns that an option names, by names, patterns or ranges; never the picture by a pattern.

        Raises:
            InputError: there is no such column.
        """
        found = [self.names.header[index] for index in self.names.matching(patterns, option)]
        if self.faults:
            raise InputError(self.faults)
        return [name for name in found if name in patterns or name != self.picture[0]]

    @cached_property
    def picture(self) -> tuple[str, str | None]:
        """The column of pictures and, where it is a struct, its field of bytes; PATHS where it holds paths.

        Raises:
            InputError: none, or several of which no option names one.
        """
        fields = {name: self.file.type_of(name) for name in self.file.names}
        if self.options.image_column is not None:
            index = self.names.find(self.options.image_column, "image_column")
            if index < 0:
                raise InputError(self.faults)
            found = [self.names.header[index]]
        else:
            found = self._pictures(fields)
        if len(found) != 1:
            what = f"several columns hold pictures: {listed(found)}" if found else "no column holds pictures"
            instead = (
                " or ".join(f"--image-column {quoted(name)}" for name in found[:3]) or "one Image column, or paths"
            )
            raise InputError(Fault(f"{what}; there are {listed(list(fields))}", self.file.place.name, instead))
        kind = fields[found[0]]
        if _is_picture(kind):
            return found[0], "bytes"
        if not _is_bytes(kind) and not is_text(kind):
            raise InputError(
                Fault(f"the column {found[0]!r} holds {kind}", self.file.place.name, "pictures, or their paths")
            )
        return found[0], None if _is_bytes(kind) else PATHS

    def _pictures(self, fields: dict[str, pa.DataType]) -> list[str]:
        """The columns that may be the pictures, by type or, for paths, by name or content."""
        declared = [
            name
            for name, feature in self.file.features.items()
            if isinstance(feature, dict) and feature.get("_type") == "Image" and name in fields
        ]
        found = declared or [name for name, kind in fields.items() if _is_picture(kind)]
        found = found or [name for name, kind in fields.items() if _is_bytes(kind)]
        if found:
            return found
        texts = [index for index, kind in enumerate(fields.values()) if is_text(kind)]
        names = list(fields)
        by_content = [names[index] for index in texts if self._holds_paths(names[index])]
        for usual in (IMAGE_NAMES, WEAK_IMAGE_NAMES):
            named = [names[index] for index in self.names.among(texts, usual)]
            if named and (usual is IMAGE_NAMES or not by_content):
                return named[:1]
        return by_content

    def _holds_paths(self, name: str) -> bool:
        sample = [text for text in self.file.column(name).slice(0, SAMPLE).to_pylist() if text]
        return bool(sample) and all(map(ends_like_picture, sample))

    @cached_property
    def ignored(self) -> frozenset[str]:
        """The columns that the user wants left alone."""
        return frozenset(self.asked_for(self.options.ignore_columns, "ignore_columns"))

    @cached_property
    def roles(self) -> dict[str, str]:
        """Of ``group``, ``weight``, ``fold``, ``split`` and ``unknown``, the column of each that there is."""
        labels = set(self.asked_for(self.options.label_columns, "label_columns"))
        labels |= set(self.options.selection.labels or ())
        free = [name for name in self.names.header if name not in self.ignored | labels]
        found = {name: name for name in free if name in ROW_KEYS}
        if self.options.group_column is not None:
            index = self.names.find(self.options.group_column, "group_column")
            if index < 0:
                raise InputError(self.faults)
            found["group"] = self.names.header[index]
        return found

    def types(self) -> dict[str, pa.DataType]:
        """The type of each column that may hold labels."""
        taken = {self.picture[0], *self.roles.values()} | self.ignored
        return {
            name: self.file.type_of(name)
            for name in self.file.names
            if name not in taken and not name.startswith(PANDAS_INDEX)
        }

    def fault(self, what: str, row: int | None = None, instead: str = "") -> None:
        """Note a fault of the file, or of one of its rows (counted from 0)."""
        name = self.file.place.name
        self.faults.append(Fault(what, name if row is None else f"{name}, row {row + 1}", instead))

    def texts(self, role: str) -> NDArray[np.str_] | None:
        """The column of a role that describes rows by texts, such as ``group``; null is ''."""
        import pyarrow as pa

        name = self.roles.get(role)
        if name is None:
            return None
        kind = self.file.type_of(name)
        column = self.file.column(name)
        if pa.types.is_integer(kind):
            column = column.cast("string")
        elif not is_text(kind):
            self.fault(f"the column {name!r} holds {kind}", None, f"texts; --ignore-columns {quoted(name)} leaves it")
            return None
        values = np.asarray(column.fill_null("").to_pylist(), dtype=np.str_)
        if role == "split":
            odd = sorted(set(values.tolist()) - {*SPLITS, ""})
            if odd:
                self.fault(f"the split is {listed(odd)}", instead="train, validation, test or empty")
        return values

    def numbers(self, role: str, dtype: type) -> Any:
        """The column of a role that describes rows by numbers of 0 or more."""
        import pyarrow as pa

        name = self.roles.get(role)
        if name is None:
            return None
        kind = self.file.type_of(name)
        if not pa.types.is_integer(kind) and not pa.types.is_floating(kind):
            self.fault(f"the column {name!r} holds {kind}", None, f"numbers; --ignore-columns {quoted(name)} leaves it")
            return None
        column = self.file.column(name)
        values: NDArray[Any] = np.asarray(column.fill_null(-1)).astype(np.float64)
        right = (values >= 0) & (values < np.inf)
        if dtype is np.int64:
            right &= (values == np.floor(values)) & (values < 2**53)
        expected = "a number of 0 or more" if dtype is np.float64 else "a whole number of 0 or more"
        for row in np.flatnonzero(~right)[:SHOWN_ROWS].tolist():
            self.fault(f"the {role} is {column[row].as_py()!r}", row, expected)
        return np.where(right, values, 0).astype(dtype)


def _is_bytes(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_picture(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0 and _is_bytes(kind.field("bytes").type)
