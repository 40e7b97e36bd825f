"""Roles: which column of a table names the picture, holds tags, is a label, describes the row, or is ignored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tagfit.data.labels import listed
from tagfit.data.readers.asked_roles import take_what_is_asked_for
from tagfit.data.readers.assigned_roles import Assigned
from tagfit.data.readers.column_names import TAG_NAMES
from tagfit.data.readers.delimited import Table
from tagfit.data.readers.found_roles import (
    binary_columns,
    columns_of_rows,
    confidence_column,
    no_confidence,
    picture_column,
    report_swallowed_labels,
    tags_columns,
    take_labels,
)
from tagfit.data.readers.options import TableOptions
from tagfit.data.tagged import ColumnRole
from tagfit.errors import Fault, InputError


@dataclass(frozen=True)
class Roles:
    """Which column is what; numbers are positions in the header.

    Attributes:
        image: the column that names the picture.
        tags: columns whose cells hold tags; several are read as one list. Empty where there are label columns.
        labels: label name -> its column of 0 and 1.
        of_row: role in ``row_columns.ROW_COLUMNS`` -> its column.
        confidence: in a table of one row per label, how sure the label is.
        owners: columns whose values repeat and that look like what splits must not tear apart.
        columns: every column with its role and the reason.
        warnings: what is suspicious.
    """

    image: int
    tags: tuple[int, ...]
    labels: dict[str, int]
    of_row: dict[str, int]
    confidence: int | None
    owners: tuple[int, ...]
    columns: tuple[ColumnRole, ...]
    warnings: tuple[Fault, ...] = ()


def find_roles(table: Table, options: TableOptions, is_picture: Callable[[str], bool]) -> Roles:
    """The role of each column: as the options say, else by its name, else by what its cells hold.

    Args:
        table: N rows.
        options: the columns that the user names, and the selection of labels, which names columns as well.
        is_picture: whether there is a picture file of a name.

    Raises:
        InputError: columns that are not there, names that occur twice, or a tie, with the options that decide it.
    """
    assigned = Assigned(table, options, is_picture)
    tags = take_what_is_asked_for(assigned)
    image = picture_column(assigned)
    of_row = columns_of_rows(assigned)
    binary = binary_columns(assigned)
    if not tags and not options.label_columns:
        tags = tags_columns(assigned, binary)
    confidence = confidence_column(assigned, tags)
    if confidence is None and options.confidence_at_least is not None:
        assigned.faults.append(no_confidence(assigned, tags))
    if not tags and not options.label_columns:
        take_labels(assigned, binary)
    report_swallowed_labels(assigned, of_row)
    if assigned.faults:
        raise InputError(assigned.faults)
    for index in assigned.free():
        assigned.take(index, "ignored", assigned.contents.reason(index, bool(tags)))
    labels = {table.header[index]: index for index in sorted(assigned.why) if assigned.why[index][0] == "label"}
    if not tags and not labels:
        raise InputError(_nothing_to_learn(assigned))
    ignored = [index for index in sorted(assigned.why) if assigned.why[index][0] == "ignored"]
    return Roles(
        image=image,
        tags=tuple(tags),
        labels=labels,
        of_row=of_row,
        confidence=confidence,
        owners=tuple(index for index in ignored if assigned.contents.looks_like_owner(index)),
        columns=tuple(ColumnRole(table.header[index], *assigned.why[index]) for index in range(len(table.header))),
        warnings=tuple(assigned.warnings),
    )


def _nothing_to_learn(assigned: Assigned) -> Fault:
    return Fault(
        f"neither a tags column nor 0/1 columns among {listed(assigned.table.header)}",
        assigned.names.place,
        f"one of {', '.join(TAG_NAMES[:3])}, or one 0/1 column per label; --tags-column NAME or --label-columns "
        "NAME,... for other names",
    )
