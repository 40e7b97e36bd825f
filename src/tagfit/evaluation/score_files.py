"""Score files: probabilities and truth from any framework, as ``.npz`` or as a CSV with two columns a label."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.errors import Fault, InputError
from tagfit.scores import Scores

RIGHT_NPZ = "np.savez(path, truth=Y, scores=probabilities), and labels, known, groups, ids where there are any"
RIGHT_CSV = "one 0/1 column a label and beside it its probability, such as: image,beach,beach_score,people,people_score"
SCORE_ENDINGS = ("_score", "_prob", "_probability")
TRUTH_ENDINGS = ("", "_true", "_truth")
ROW_COLUMNS = {"ids": ("id", "image", "filename", "path", "sourcefile"), "groups": ("group",), "weights": ("weight",)}
UNKNOWN = ("", "?", "nan", "-1")


def read_scores(path: Path, split: str = "") -> Scores:
    """Scores from a file: ``.npz`` (truth, scores, and optionally labels, known, groups, ids, weights), CSV or TSV.

    In a CSV each label has two columns: ``beach`` (or ``beach_true``) with 0, 1, or nothing or ``?`` where it is
    unknown, and ``beach_score`` (or ``beach_prob``). A column ``image`` (``id``, ``filename``, ``path``) names the
    rows, ``group`` and ``weight`` are understood.

    Raises:
        InputError: another form, or values that are no probabilities, with what would have been right.
    """
    path = Path(path)
    if path.suffix.lower() == ".npz":
        return _named(path, lambda: Scores.load(path, split))
    return _named(path, lambda: Scores.of(**read_csv_fields(path), split=split))


def read_csv_fields(path: Path) -> dict[str, Any]:
    """The arguments of ``Scores.of`` in a CSV or TSV, before anybody has checked that the scores are probabilities."""
    if path.suffix.lower() in (".csv", ".tsv"):
        return _read_csv(path)
    raise InputError(f"{path} is no score file that is known here", instead=f".npz: {RIGHT_NPZ}; .csv: {RIGHT_CSV}")


def _named(path: Path, read: Any) -> Scores:
    """What ``read`` gives; its errors name the file."""
    try:
        scores: Scores = read()
    except InputError as error:
        if str(path) in str(error):
            raise
        raise InputError(error.faults, what=str(path)) from None
    return scores


def _read_csv(path: Path) -> dict[str, Any]:
    header, rows = _table(path)
    pairs = _pairs(header)
    if not pairs:
        raise InputError(f"{path} has the columns {', '.join(header)}, no two for a label", instead=RIGHT_CSV)
    faults: list[Fault] = []
    truth = np.array([_truth(rows, header.index(of), of, faults) for of, _ in pairs.values()]).T
    scores = np.array([_numbers(rows, header.index(of), of, faults) for _, of in pairs.values()]).T
    optional: dict[str, Any] = {}
    for name, spellings in ROW_COLUMNS.items():
        column = next((i for i, title in enumerate(header) if title.lower() in spellings), None)
        if column is not None:
            read = (
                _numbers(rows, column, header[column], faults) if name == "weights" else [row[column] for row in rows]
            )
            optional[name] = read
    if faults:
        raise InputError(faults, what=str(path))
    return {"truth": truth, "scores": scores, "labels": list(pairs), **optional}


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8: {error}") from None
    first = text.partition("\n")[0]
    delimiter = max("\t;,", key=first.count)
    lines = [line for line in csv.reader(text.splitlines(), delimiter=delimiter) if line]
    if len(lines) < 2:
        raise InputError(f"{path} holds no rows", instead=RIGHT_CSV)
    header = [title.strip() for title in lines[0]]
    faults = [
        Fault(f"{len(line)} cells for {len(header)} columns", where=f"row {number}")
        for number, line in enumerate(lines[1:], 2)
        if len(line) != len(header)
    ]
    if faults:
        raise InputError(faults, what=str(path))
    return header, lines[1:]


def _pairs(header: list[str]) -> dict[str, tuple[str, str]]:
    """Label -> (its column of truth, its column of scores), in the order of the scores."""
    found = {}
    for title in header:
        ending = next((ending for ending in SCORE_ENDINGS if title.lower().endswith(ending)), None)
        if ending is None:
            continue
        label = title[: -len(ending)]
        truth = next((label + other for other in TRUTH_ENDINGS if label + other in header), None)
        if truth is None:
            raise InputError(f"the column {title!r} has no column {label!r} with the truth", instead=RIGHT_CSV)
        found[label] = (truth, title)
    return found


def _truth(rows: list[list[str]], column: int, title: str, faults: list[Fault]) -> NDArray[np.float64]:
    cells = ["nan" if row[column].strip().lower() in UNKNOWN else row[column] for row in rows]
    return _column(cells, title, faults)


def _numbers(rows: list[list[str]], column: int, title: str, faults: list[Fault]) -> NDArray[np.float64]:
    return _column([row[column] for row in rows], title, faults)


def _column(cells: list[str], title: str, faults: list[Fault]) -> NDArray[np.float64]:
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        for number, cell in enumerate(cells, 2):
            try:
                float(cell)
            except ValueError:
                faults.append(Fault(f"{cell!r} is no number", where=f"row {number}, column {title}"))
        return np.full(len(cells), np.nan)
