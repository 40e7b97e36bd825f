"""Side files: reads the truth and raw outputs of one split from a file, logits included."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tagfit.diagnosis.material import FIELDS
from tagfit.errors import InputError
from tagfit.evaluation.score_files import read_csv_fields
from tagfit.scores import RIGHT_NPZ


def read_side(path: Path) -> dict[str, Any]:
    """Read the fields of a split from an ``.npz`` with those names, or from a CSV with two columns per label.

    Raises:
        InputError: no such file, another format, or no truth or scores in it.
    """
    if path.suffix.lower() != ".npz":
        return read_csv_fields(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            fields = {name: file[name] for name in file.files if name in FIELDS}
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except (ValueError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise InputError(f"{path} cannot be read as .npz: {error}") from None
    if not {"truth", "scores"} <= set(fields):
        raise InputError(f"{path} lacks truth or scores", instead=RIGHT_NPZ)
    return fields
