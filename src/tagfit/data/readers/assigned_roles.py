"""Roles while they are being found: which columns of a table have one, why, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tagfit.data.readers.column_names import ColumnNames
from tagfit.data.readers.contents import Contents
from tagfit.data.readers.delimited import Table
from tagfit.data.readers.options import TableOptions
from tagfit.errors import Fault

PICTURES_FOUND = 0.5  # share of a column's cells that name files


@dataclass
class Assigned:
    """The columns of a table and the roles that they have so far.

    Attributes:
        table: N rows.
        options: what the user names.
        is_picture: whether there is a picture file of a name.
        why: column -> (its role, the reason).
        faults, warnings: what is wrong, and what is suspicious.
    """

    table: Table
    options: TableOptions
    is_picture: Callable[[str], bool]
    why: dict[int, tuple[str, str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.contents = Contents(self.table)
        self.names = ColumnNames(self.table.header, f"{self.table.path.name}, row 1", self.faults)

    def take(self, index: int, role: str, why: str) -> None:
        """Give a column a role; nothing where there is no such column (-1)."""
        if index >= 0:
            self.why[index] = (role, why)

    def free(self) -> list[int]:
        """The columns without a role."""
        return [index for index in range(len(self.table.header)) if index not in self.why]

    def finds_pictures(self, index: int) -> bool:
        """Whether most cells of a column name picture files that are there."""
        filled = [cell for cell in self.contents.sample[index] if cell][:50]
        return bool(filled) and sum(map(self.is_picture, filled)) >= PICTURES_FOUND * len(filled)
