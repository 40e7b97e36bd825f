"""Export: the tags of a run's data with all corrections, as a new table that reads back the same."""

from __future__ import annotations

import csv
import io
import os
from datetime import datetime
from itertools import count
from pathlib import Path

import numpy as np

from tagfit.data.problem import Problem
from tagfit.data.read import read
from tagfit.data.splits.folds import cell_writer, marked_tags
from tagfit.errors import InputError
from tagfit.files import disk_faults, write_text
from tagfit.studio.corrections import PRESENT, UNKNOWN, Corrections


def export(problem: Problem, corrections: Corrections, path: Path) -> None:
    """Write a CSV with one row per picture of the Problem, its split and its corrected tags.

    Its pictures are named relative to the file, so ``--allow-outside`` reads it.

    Raises:
        InputError: pictures that are no files of this machine, or a table that would read back otherwise.
    """
    files = problem.data.files
    if files is None or not all(isinstance(file, Path) for file in files):
        raise InputError("the pictures are no files in a folder", instead="`tagfit data convert` first")
    truth, known = problem.data.truth.copy(), problem.data.known.copy()
    row_of = {str(name): row for row, name in enumerate(problem.data.ids.tolist())}
    column_of = {label: column for column, label in enumerate(problem.labels)}
    for (picture, label), value in corrections.values().items():
        if picture in row_of and label in column_of:
            at = row_of[picture], column_of[label]
            truth[at], known[at] = value == PRESENT, value != UNKNOWN
    folder = path.resolve().parent
    with disk_faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
    cells = [marked_tags(problem.labels, *row) for row in zip(truth, known, strict=True)]
    cell = cell_writer(problem.labels, cells)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "tags", "split"])
    for file, tags, split in zip(files, cells, problem.split.tolist(), strict=True):
        writer.writerow([os.path.relpath(Path(str(file)).resolve(), folder), cell(tags), split])
    write_text(path, text.getvalue())
    again = read(path, allow_outside=True, labels=list(problem.labels), vocabulary="none", learnable=False)
    if not (np.array_equal(again.truth, truth) and np.array_equal(again.known, known)):
        path.unlink()
        raise InputError("the corrected tags would not read back the same", instead="plainer names of labels")


def free(folder: Path) -> Path:
    """A new ``tags-<date>-<number>.csv`` in a folder."""
    stem = f"tags-{datetime.now():%Y-%m-%d}"
    return next(path for number in count(1) if not (path := folder / f"{stem}-{number}.csv").exists())
