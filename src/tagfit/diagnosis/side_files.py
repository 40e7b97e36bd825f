"""Side files: truth and raw outputs of one split from a file, logits and all."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tagfit.diagnosis.material import FIELDS
from tagfit.errors import InputError
from tagfit.evaluation.score_files import RIGHT_NPZ, read_csv_fields


def read_side(path: Path) -> dict[str, Any]:
    """The fields of a side: an ``.npz`` of those names, or a CSV with two columns a label, as for evaluate.

    Raises:
        InputError: no such file, another form, or one without truth or scores.
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
