"""Score files: probabilities and truth of any model, as ``.npz`` or as a CSV with two columns per label."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit import literals
from tagfit.arguments import checked
from tagfit.data.readers.delimited import Table, read_delimited
from tagfit.errors import Fault, InputError
from tagfit.scores import RIGHT_NPZ, Scores

RIGHT_CSV = (
    "for each label a column with 0 or 1 and one with its probability, such as: "
    "image,beach,beach_score,people,people_score"
)
SCORE_ENDINGS = ("_score", "_prob", "_probability")
TRUTH_ENDINGS = ("_true", "_truth")
# The columns that describe a row as a whole: the argument of Scores.of, and the names that a column may have.
ROW_COLUMNS = {"ids": ("id", "image", "filename", "path", "sourcefile"), "groups": ("group",), "weights": ("weight",)}
RESERVED = {name: field for field, names in ROW_COLUMNS.items() for name in names}
MEANING = {"ids": "the id of each row", "groups": "the group of each row", "weights": "the weight of each row"}


@checked()
def read_scores(path: str | Path, split: str = "") -> Scores:
    """Scores from a file: ``.npz`` (truth, scores, and optionally labels, known, groups, ids, weights), CSV or TSV.

    In a CSV each label has two columns: ``beach`` (or ``beach_true``) with 0 or 1, or blank, ``?`` or -1 where it is
    unknown, and ``beach_score`` (or ``beach_prob``). A column ``image`` (``id``, ``filename``, ``path``) names the
    rows; ``group`` and ``weight`` are the group and the weight of each row. A label with one of these names has its
    truth in a column such as ``weight_true``.

    Raises:
        InputError: another format, a column with two possible meanings, or values that are no probabilities.
    """
    path = Path(path)
    try:
        if path.suffix.lower() == ".npz":
            return Scores.load(path, split)
        return Scores.of(**read_csv_fields(path), split=split)
    except InputError as error:
        if str(path) in str(error):
            raise
        raise InputError(error.faults, what=str(path)) from None


def read_csv_fields(path: str | Path) -> dict[str, Any]:
    """The arguments of ``Scores.of`` in a CSV or TSV; the scores are not yet checked to be probabilities."""
    path = Path(path)
    if path.suffix.lower() not in (".csv", ".tsv"):
        raise InputError(f"{path} is not a score file", instead=f".npz: {RIGHT_NPZ}; .csv: {RIGHT_CSV}")
    if not path.exists():
        raise InputError(f"there is no file {path}")
    table = read_delimited(path)
    faults = _repeated_columns(table.header)
    pairs = _pairs(table.header, faults)
    if not pairs and not faults:
        raise InputError(f"{path} has no label: its columns are {', '.join(table.header)}", instead=RIGHT_CSV)
    if faults:
        raise InputError(faults, what=str(path))
    fields: dict[str, Any] = {
        "truth": np.array([_cells(table, of, _truth, faults) for of, _ in pairs.values()]).T,
        "scores": np.array([_cells(table, of, literals.number, faults) for _, of in pairs.values()]).T,
        "labels": list(pairs),
    }
    used = {column for pair in pairs.values() for column in pair}
    for index, title in enumerate(table.header):
        field = RESERVED.get(title.lower())
        if field is not None and title not in used and field not in fields:
            fields[field] = _cells(table, title, literals.number, faults) if field == "weights" else table.column(index)
    faults += _doubtful(table, [of for of, _ in pairs.values()])
    if faults:
        raise InputError(faults, what=str(path))
    return fields


def _doubtful(table: Table, titles: Sequence[str]) -> list[Fault]:
    """A fault where the truth says 1 and -1, or 1 and nothing, but never 0: the others may be absent or unknown."""
    states = Counter(literals.state(cell) for title in titles for cell in table.column(table.header.index(title)))
    said = {literals.MINUS_ONE: "are -1", literals.BLANK: "are empty"}
    if states[literals.ABSENT] or not states[literals.PRESENT]:
        return []
    return [
        Fault(
            f"no cell of the truth is 0 and {states[state]} {what}: absent to some, unknown to others",
            instead="0 where a label is absent, ? where it is unknown",
        )
        for state, what in said.items()
        if states[state]
    ]


def _repeated_columns(header: list[str]) -> list[Fault]:
    repeated = dict.fromkeys(title for title in header if title and header.count(title) > 1)
    return [Fault(f"the column {title!r} is there twice", instead="distinct names") for title in repeated]


def _pairs(header: list[str], faults: list[Fault]) -> dict[str, tuple[str, str]]:
    """Label -> (its column of truth, its column of scores), in the order of the scores."""
    found: dict[str, tuple[str, str]] = {}
    for title in header:
        ending = next((ending for ending in SCORE_ENDINGS if title.lower().endswith(ending)), None)
        if ending is None:
            continue
        label = title[: -len(ending)]
        explicit = [label + other for other in TRUTH_ENDINGS if label + other in header]
        meaning = MEANING.get(RESERVED.get(label.lower(), ""), "")
        bare = [label] if label in header and not (meaning and explicit) else []
        if bare and meaning:
            what = f"the column {label!r} is either the truth of a label, because of {title!r}, or {meaning}"
            instead = (
                f"{label}_true for the truth of the label, or another name than {title} if it is not a label's score"
            )
            faults.append(Fault(what, instead=instead))
        elif not bare and not explicit:
            faults.append(Fault(f"the column {title!r} has no column {label!r} with the truth", instead=RIGHT_CSV))
        elif len(bare) + len(explicit) > 1:
            both = " and ".join(map(repr, [*bare, *explicit]))
            faults.append(Fault(f"{both} may both be the truth of {title!r}", instead="one of the two"))
        elif label in found:
            both = f"{found[label][1]!r} and {title!r}"
            faults.append(Fault(f"{both} may both be the score of {label!r}", instead="one of the two"))
        else:
            found[label] = ((bare + explicit)[0], title)
    return found


def _cells(table: Table, title: str, read: Callable[[str], float], faults: list[Fault]) -> NDArray[np.float64]:
    """The numbers in a column; a cell that ``read`` refuses becomes a fault with its place."""
    cells = table.column(table.header.index(title))
    values: dict[str, float] = {}
    wrong = set()
    for cell in dict.fromkeys(cells):
        try:
            values[cell] = read(cell)
        except ValueError:
            wrong.add(cell)
    if wrong:
        places = [(row, cell) for row, cell in enumerate(cells) if cell in wrong]
        faults += [Fault(f"{cell!r} is not a number", f"{table.where(row)}, column {title}") for row, cell in places]
    return np.array([values.get(cell, math.nan) for cell in cells])


def _truth(cell: str) -> float:
    """0 or 1, or NaN where the cell says unknown."""
    state = literals.state(cell)
    if state == literals.INVALID:
        return float(cell)  # a number other than 0 and 1 is refused with the arrays
    return {literals.PRESENT: 1.0, literals.ABSENT: 0.0}.get(state, math.nan)
