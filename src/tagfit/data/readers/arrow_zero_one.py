"""Columns of 0 and 1 in a Parquet or Arrow file, one per label, and the truth that they give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tagfit import literals
from tagfit.data.labels import listed
from tagfit.data.readers.arrow_columns import Columns, is_text
from tagfit.data.readers.arrow_lists import Labels
from tagfit.data.readers.column_names import ROW_NAMES, quoted, spelled, taken_for_a_role
from tagfit.data.readers.label_columns import decided
from tagfit.errors import Fault, InputError


def states(columns: Columns, name: str) -> NDArray[np.bytes_] | None:
    """What a column of 0 and 1 says of its label, as codes of ``literals``; None where it says something else.

    Numbers and truth values are read, and texts such as ``yes`` or ``x``, as in tables.
    """
    import pyarrow as pa

    kind = columns.file.type_of(name)
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        column = columns.file.column(name)
        values = np.asarray(column.cast("float64").fill_null(np.nan))
        distinct = np.unique(values[~np.isnan(values)])
        if not set(distinct.tolist()) <= {-1.0, 0.0, 1.0} or not (distinct >= 0).any():
            return None
        codes = np.full(len(values), literals.BLANK, dtype="S1")
        for value, code in ((1, literals.PRESENT), (0, literals.ABSENT), (-1, literals.MINUS_ONE)):
            codes[values == value] = code
        return codes
    if not is_text(kind):
        return None
    encoded = columns.file.column(name).fill_null("").combine_chunks().dictionary_encode()
    words = encoded.dictionary.to_pylist()
    codes = np.asarray([literals.state(word) for word in words], dtype="S1")
    says_so = {literals.PRESENT, literals.ABSENT} & set(codes.tolist())
    if not says_so or literals.INVALID in codes or not literals.of_one_kind(words):
        return None
    return np.asarray(codes[np.asarray(encoded.indices)])


def of_columns(columns: Columns, names: Sequence[str], *, asked: bool = False) -> Labels:
    """Columns of 0 and 1, each a label; what -1 and null mean is decided as in a table."""
    if columns.options.confidence_at_least is not None:
        what = "--confidence-at-least is given, but labels are columns of 0 and 1"
        raise InputError(Fault(what, columns.file.place.name, "a column of lists of labels, and one of confidences"))
    found = {}
    for name in names:
        codes = states(columns, name)
        if codes is None:
            columns.fault(f"the column {name!r} holds {columns.file.type_of(name)}", None, "nothing but 0 and 1")
        else:
            found[name] = codes
    if columns.faults:
        raise InputError(columns.faults)
    notes = [f"labels are the columns {listed(list(found))}" + (", as asked" if asked else "")]
    unused = [name for name in columns.types() if name not in found]
    notes += [f"not used: {listed(unused)}"] if unused else []
    truth, known, absent_by = decided(
        np.stack(list(found.values()), axis=1),
        columns.file.place.name,
        minus_one=columns.options.minus_one,
        blank=columns.options.blank,
        notes=notes,
        faults=columns.faults,
    )
    warnings = [] if asked else _taken_for_roles(columns, list(found))
    return Labels(tuple(found), truth, known, "unknown", notes, warnings, tuple(absent_by))


def _taken_for_roles(columns: Columns, labels: list[str]) -> list[Fault]:
    """Warnings of columns of 0 and 1 that are called ``group`` or the like, where others are labels."""
    header, found = columns.names.header, []
    for role, name in columns.roles.items():
        if role in ROW_NAMES and name == role and columns.options.group_column is None:
            codes = states(columns, name)
            if codes is not None:
                all_labels = quoted(spelled(sorted([*labels, name], key=header.index), header))
                says_of = taken_for_a_role(name, role, labels, all_labels)
                found.append(Fault(says_of.what, columns.file.place.name, says_of.instead))
    return found
