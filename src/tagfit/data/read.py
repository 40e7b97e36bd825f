"""The one door for data: whatever the source is, it becomes a TaggedSet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tagfit.data.labels import Selection, listed, require_learnable, select, similar_names
from tagfit.data.readers.arff import read_arff
from tagfit.data.readers.arrays import read_npz
from tagfit.data.readers.folder import read_folder
from tagfit.data.readers.table import TableOptions, read_table
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError

UNLISTED = ("absent", "unknown")
FORMATS: dict[str, Callable[[Path, TableOptions], TaggedSet]] = {
    "csv": read_table,
    "folder": read_folder,
    "npz": lambda path, _options: read_npz(path),
    "arff": lambda path, _options: read_arff(path),
}


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
        source: a CSV or TSV, a folder with ``tags.csv``, an ``.npz``, or an ARFF with its XML.
        format: one of FORMATS; found from what the source is where None.
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
    reader = FORMATS[format_of(path) if format is None else _known_format(format)]
    data = reader(path, TableOptions(separator, unlisted, selection, allow_outside))
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


def format_of(path: Path) -> str:
    """The name in FORMATS of what lies at ``path``, told by what it is: a folder, its first bytes, its ending.

    Raises:
        InputError: nothing lies there, or it cannot be opened.
    """
    try:
        if path.is_dir():
            return "folder"
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is neither a file nor a folder")
        with path.open("rb") as file:
            start = file.read(1024)
    except FileNotFoundError:
        raise InputError(f"there is no file or folder {path}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)!r} cannot be opened: {error}") from None
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")) or path.suffix.lower() == ".npz":
        return "npz"
    if path.suffix.lower() == ".arff" or start.lstrip().lower().startswith(b"@relation"):
        return "arff"
    return "csv"


def _known_format(name: str) -> str:
    if name not in FORMATS:
        raise InputError(f"there is no format {name!r}", instead=f"one of {listed(list(FORMATS))}")
    return name
