"""Side files: reads the truth and raw outputs of one split from a file, logits included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tagfit.diagnosis.material import FIELDS
from tagfit.errors import InputError
from tagfit.evaluation.score_files import read_csv_fields
from tagfit.npz import load_arrays
from tagfit.scores import RIGHT_NPZ


def read_side(path: Path) -> dict[str, Any]:
    """Read the fields of a split from an ``.npz`` with those names, or from a CSV with two columns per label.

    Raises:
        InputError: no such file, another format, or no truth or scores in it.
    """
    if path.suffix.lower() != ".npz":
        return read_csv_fields(path)
    fields = load_arrays(path, right_form=RIGHT_NPZ, only=FIELDS)
    if not {"truth", "scores"} <= set(fields):
        raise InputError(f"{path} lacks truth or scores", instead=RIGHT_NPZ)
    return fields
