"""The one door for data: whatever the source is, it becomes a TaggedSet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tagfit.data.labels import Selection, require_learnable, select, similar_names
from tagfit.data.readers.formats import recognised
from tagfit.data.readers.opening import place_of
from tagfit.data.readers.table import TableOptions
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError

UNLISTED = ("absent", "unknown")


def read(
    source: str | Path,
    *,
    format: str | None = None,  # noqa: A002 - the word that users know
    separator: str | None = None,
    unlisted: str = "absent",
    labels: str | Path | Sequence[str] | None = None,
    exclude_labels: str | Sequence[str] = (),
    min_positives: int = 0,
    strict: bool = False,
    allow_outside: bool = False,
    learnable: bool = True,
) -> TaggedSet:
    """Read pictures (or feature rows) with their tags.

    Args:
        source: a file or folder of any format in docs/formats.md.
        format: the name of its format; recognised by content where None.
        separator: what parts the tags of a cell (``space`` and ``tab`` by name); found among ``|;,`` if None.
        unlisted: what a label that a tags cell does not name is, ``absent`` or ``unknown``.
        labels: only these labels, in this order: a file of names, ``"a,b"``, or a list.
        exclude_labels: shell patterns of labels to leave out.
        min_positives: leave out labels that are on fewer rows.
        strict: rows that cannot be used and suspicious label names are errors; otherwise the rows are quarantined.
        allow_outside: paths in a table may leave its folder.
        learnable: refuse labels with nothing but known positives; False for a source that is only judged or looked at.

    Returns:
        The set; ``notes`` tell what was found out and left out, ``quarantined`` the rows that cannot be used.

    Raises:
        InputError: all faults of the source, each with file and row.
    """
    path = Path(source)
    if unlisted not in UNLISTED:
        raise InputError(f"unlisted is {unlisted!r}", instead=" or ".join(UNLISTED))
    selection = Selection.of(labels, exclude_labels, min_positives)
    place, found = recognised(place_of(source), format)
    data = found.read(place, TableOptions(separator, unlisted, selection, allow_outside))
    data = select(data, selection)
    options = {
        "format": format,
        "separator": separator,
        "unlisted": unlisted,
        "labels": None if selection.labels is None else list(selection.labels),
        "exclude_labels": list(selection.exclude),
        "min_positives": selection.min_positives,
        "strict": strict,
        "allow_outside": allow_outside,
    }
    data = replace(
        data,
        warnings=(*data.warnings, *similar_names(data.labels)),
        source={"data": str(path.absolute()), "read": options},
    )
    if strict and (data.quarantined or similar_names(data.labels)):
        raise InputError([*data.quarantined, *similar_names(data.labels)], what=f"{path} has faults (strict)")
    if learnable:
        require_learnable(data)
    return data
