"""Which columns of a Parquet or Arrow file hold labels: as the user says, else by type, by name and by content."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tagfit.data.labels import listed
from tagfit.data.readers.arrow_columns import Columns, is_text
from tagfit.data.readers.arrow_lists import Labels, is_list_of_labels, of_one_column
from tagfit.data.readers.arrow_nested import class_names
from tagfit.data.readers.arrow_zero_one import of_columns, states
from tagfit.data.readers.column_names import TAG_NAMES, quoted
from tagfit.data.readers.delimited import normalised
from tagfit.errors import Fault, InputError


def find_labels(columns: Columns) -> Labels:
    """The labels of a file: of columns of lists, classes or texts, or of several of 0 and 1.

    Raises:
        InputError: no column holds labels, several do and no option decides, or their names are not in the file.
    """
    options = columns.options
    asked = columns.asked_for(options.tags_column or (), "tags_column")
    zero_one = columns.asked_for(options.label_columns, "label_columns")
    if asked and zero_one:
        raise InputError("both --tags-column and --label-columns are given", instead="one of the two")
    if zero_one:
        return of_columns(columns, zero_one, asked=True)
    types = columns.types()
    if asked:
        return _merged([of_one_column(columns, name) for name in asked])
    lists = [name for name, kind in types.items() if is_list_of_labels(kind)]
    classes = [name for name in types if class_names(columns.file.features.get(name)) is not None and name not in lists]
    for candidates in (lists, classes):
        if candidates:
            return of_one_column(columns, _the_one(columns, candidates))
    binary = [name for name in types if states(columns, name) is not None]
    if binary:
        return of_columns(columns, binary)
    if texts := text_tags(columns):
        return of_one_column(columns, texts)
    raise InputError(
        Fault(
            f"no column holds labels, there are {listed(list(types))}",
            columns.file.place.name,
            "a list of names or of ClassLabel, or one column of 0 and 1 for each label; --tags-column NAME or "
            "--label-columns NAME,... for other columns",
        )
    )


def _the_one(columns: Columns, candidates: list[str]) -> str:
    """Of several columns of lists or classes, the only one that is called as labels are, or whose classes have names.

    Raises:
        InputError: none is, or several are.
    """
    named = [name for name in candidates if normalised(name.rpartition(".")[2]) in TAG_NAMES]
    if len(named) != 1:
        named = [name for name in candidates if class_names(columns.file.features.get(name)) is not None]
    if len(candidates) == 1 or len(named) == 1:
        return (named or candidates)[0]
    raise InputError(_tie(columns, candidates))


def text_tags(columns: Columns) -> str:
    """The column of texts that is called as columns of tags are, or ''.

    Raises:
        InputError: several are.
    """
    types = columns.types()
    texts = [number for number, name in enumerate(columns.names.header) if name in types and is_text(types[name])]
    named = [columns.names.header[index] for index in columns.names.among(texts, TAG_NAMES)]
    if len(named) > 1:
        raise InputError(_tie(columns, named))
    return named[0] if named else ""


def _tie(columns: Columns, names: Sequence[str]) -> Fault:
    ways = " or ".join(f"--tags-column {quoted(name)}" for name in names[:3])
    both = f", or --tags-column {quoted(','.join(names[:3]))} for all of them"
    return Fault(f"several columns hold labels: {listed(list(names))}", columns.file.place.name, ways + both)


def _merged(parts: list[Labels]) -> Labels:
    """Several columns of tags as one: a row has the labels of all of them."""
    if len(parts) == 1:
        return parts[0]
    names = tuple(sorted({name for part in parts for name in part.names}))
    column = {name: index for index, name in enumerate(names)}
    truth = np.zeros((len(parts[0].truth), len(names)), dtype=np.uint8)
    known = np.ones(truth.shape, dtype=np.bool_)
    for part in parts:
        own = [column[name] for name in part.names]
        truth[:, own] |= part.truth
        known[:, own] &= part.known
    return Labels(
        names,
        truth,
        known | (truth == 1),
        parts[0].unlisted,
        list(dict.fromkeys(note for part in parts for note in part.notes)),
        [fault for part in parts for fault in part.warnings],
        tuple(dict.fromkeys(way for part in parts for way in part.absent_by)),
    )
