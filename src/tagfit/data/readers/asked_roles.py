"""Roles that the user names by options."""

from __future__ import annotations

from tagfit.data.readers.assigned_roles import Assigned
from tagfit.data.readers.column_names import LIKELY_NAMES
from tagfit.data.readers.contents import ends_like_picture
from tagfit.data.readers.delimited import normalised
from tagfit.errors import Fault, InputError


def take_what_is_asked_for(assigned: Assigned) -> list[int]:
    """Give the columns that the options name their roles; the columns of tags among them."""
    _refuse_what_is_no_header(assigned)
    options = assigned.options
    for index in assigned.names.matching(options.ignore_columns, "ignore_columns"):
        assigned.take(index, "ignored", "as asked")
    for index, name in enumerate(assigned.table.header):
        if not name:
            assigned.take(index, "ignored", "it has no name")
        elif options.none_label is not None and normalised(name) == normalised(options.none_label):
            assigned.take(index, "ignored", "it says that there is none, as asked")
    if options.group_column is not None:
        assigned.take(assigned.names.find(options.group_column, "group_column"), "group", "as asked")
    if options.image_column is not None:
        assigned.take(assigned.names.find(options.image_column, "image_column"), "picture", "as asked")
    tags = [assigned.names.find(name, "tags_column") for name in options.tags_column or ()]
    for index in tags:
        assigned.take(index, "tags", "as asked")
    if tags and options.label_columns:
        assigned.faults.append(Fault("both --tags-column and --label-columns are given", "", "one of the two"))
    named = {assigned.table.header.index(name) for name in options.label_columns if name in assigned.table.header}
    for index in assigned.names.matching(options.label_columns, "label_columns"):
        # A pattern such as * does not take the column that names the picture, nor what another option takes.
        if index in named or (index not in assigned.why and assigned.names.normal[index] not in LIKELY_NAMES):
            assigned.take(index, "label", "as asked")
    if assigned.faults:
        raise InputError(assigned.faults)
    return tags


def _refuse_what_is_no_header(assigned: Assigned) -> None:
    seen: set[str] = set()
    for index, name in enumerate(assigned.table.header):
        if (
            assigned.options.columns is None
            and ends_like_picture(name)
            and assigned.contents.looks_like_pictures(index)
        ):
            assigned.faults.append(
                Fault(
                    f"the first row names a picture, {name!r}: the table has no header",
                    assigned.names.place,
                    "--columns image,tags names the columns",
                )
            )
    for name in assigned.table.header:
        if name and name in seen:
            assigned.faults.append(Fault(f"the column {name!r} occurs twice", assigned.names.place))
        seen.add(name)
