"""k folds of a TaggedSet, and the CSV of pictures, tags and folds that reads back as it was written."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagfit.data.fingerprint import row_digests
from tagfit.data.readers.separators import DOUBTFUL, PLAIN, WRITTEN
from tagfit.data.readers.tag_cells import reads_otherwise
from tagfit.data.splits import grouping
from tagfit.data.splits.stratify import assign
from tagfit.data.tagged import TaggedSet
from tagfit.errors import Fault, InputError
from tagfit.files import write_text


def folds(
    data: TaggedSet, k: int, seed: int = 0, *, keep_together: NDArray[np.str_] | None = None
) -> NDArray[np.int64]:
    """The fold of each row, 0 to k - 1: equal in size, alike in labels, groups whole, whatever the order of the rows.

    Args:
        data: N rows.
        k: 2 or more, and no more than there are rows.
        seed: another seed, other folds.
        keep_together: N names of more that must stay in one fold, '' alone.

    Raises:
        InputError: no such number of folds, or fewer groups than folds.
    """
    if isinstance(k, bool) or not isinstance(k, int) or not 2 <= k <= len(data):
        raise InputError(f"{k!r} folds of {len(data)} rows", instead="a whole number from 2 to the number of rows")
    keys = data.ids if data.arrays is None else row_digests(data.arrays)
    groups = grouping.merged(data.groups, keep_together, grouping.equal(keys))
    fold = assign(data.truth, data.known, [1 / k] * k, keys=keys.tolist(), groups=groups, seed=seed)
    empty = sorted(set(range(k)) - set(fold.tolist()))
    if empty:
        raise InputError(
            f"{k} folds of {len(data)} rows leave {len(empty)} empty", instead="fewer folds, or smaller groups"
        )
    return fold


def write_folds(data: TaggedSet, fold: NDArray[np.int64], path: Path) -> None:
    """Write ``image,tags,fold``, one line per row, paths relative to the CSV; unknown labels as ``?label``.

    Raises:
        InputError: labels that begin with ``?`` or ``!``, which mark what is unknown or absent.
    """
    rows = [marked_tags(data.labels, truth, known) for truth, known in zip(data.truth, data.known, strict=True)]
    write = cell_writer(data.labels, rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "tags", "fold"])
    files = [file for file in data.files or () if isinstance(file, Path)]
    if len(files) != len(data):
        raise InputError(
            "the pictures are not files on this machine, which is all that a table can name",
            instead="tagfit data convert SOURCE --to csv DIR writes them out",
        )
    images = [os.path.relpath(file, path.parent) for file in files]
    for image, tags, number in zip(images, rows, fold.tolist(), strict=True):
        writer.writerow([image, write(tags), number])
    write_text(path, text.getvalue())


def marked_tags(labels: tuple[str, ...], truth: NDArray[np.uint8], known: NDArray[np.bool_]) -> list[str]:
    """The tags of a row as a cell lists them: unknown ones as ``?label``, a lone ``?`` where nothing is known."""
    if not known.any() and len(labels):
        return ["?"]
    marked = [label if sure else f"?{label}" for label, sure in zip(labels, known, strict=True)]
    return [mark for mark, present, sure in zip(marked, truth, known, strict=True) if present or not sure]


def cell_writer(labels: tuple[str, ...], rows: list[list[str]]) -> Callable[[list[str]], str]:
    """How the tags of a row are written so that they read back: with bars between them, or as a JSON list."""
    faults = [Fault(f"the label {label!r} begins with {label[0]!r}") for label in labels if label[:1] in ("?", "!")]
    if faults:
        raise InputError(faults, what="a cell of tags reads ?name as unknown and !name as absent; rename the labels")
    signs = "".join(PLAIN) + ("" if any(len(row) > 1 for row in rows) else "".join(DOUBTFUL))
    if any(reads_otherwise(label) or set(label) & set(signs) for label in labels):
        return lambda tags: json.dumps(tags, ensure_ascii=False) if tags not in ([], ["?"]) else "".join(tags)
    return WRITTEN.join
