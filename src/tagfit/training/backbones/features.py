"""Features of a whole Problem, computed once for each backbone and kept memory-mapped next to the picture cache."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from tagfit.backbones import Backbone, find
from tagfit.data.pictures import decode
from tagfit.data.pictures.cache import default_dir
from tagfit.data.pictures.square import SQUASH, Fit
from tagfit.data.problem import Preprocessing, Problem
from tagfit.files import disk_faults
from tagfit.recipe import Recipe
from tagfit.training import nets
from tagfit.training.backbones import extract, published
from tagfit.training.backbones.feature_files import Entry

# Features come standardised by the head, not by the feed.
AS_THEY_ARE = Preprocessing(None, (0.0,), (1.0,))

OnExtracted = Callable[[int, int], None]


def inputs_of(
    problem: Problem, recipe: Recipe, on_extracted: OnExtracted | None = None
) -> tuple[NDArray[np.uint8] | NDArray[np.float32], Preprocessing]:
    """What the net of a recipe takes for the rows of a Problem, and the shift and scale of it.

    A recipe that trains only a head on a frozen backbone takes features, any other the rows of the Problem.
    """
    if not recipe.frozen:
        return problem.inputs, problem.preprocessing
    nets.check_fits(recipe, problem.inputs.shape[1:])
    backbone = find(recipe.backbone)
    if problem.digests is None:
        return extract.extract(backbone, problem.inputs), AS_THEY_ARE
    fit, asked = problem.preprocessing.fit, problem.source.get("cache_dir")
    cache_dir = None if asked is None else Path(asked)
    found = features(backbone, problem.inputs, problem.digests, on_extracted, fit=fit, cache_dir=cache_dir)
    return found, AS_THEY_ARE


def features(
    backbone: extract.AnyBackbone,
    pixels: NDArray[np.uint8],
    digests: NDArray[np.str_],
    on_extracted: OnExtracted | None = None,
    *,
    fit: Fit = SQUASH,
    cache_dir: Path | None = None,
) -> NDArray[np.float32]:
    """(N, features) float32, memory-mapped; a picture that was extracted before, in any set, is not extracted again.

    Killed at any moment, it goes on where it was. Two processes that want the same wait for each other.

    Args:
        backbone: what extracts.
        pixels: (N, size, size, 3) uint8.
        digests: N digests of the contents that the pixels came from.
        on_extracted: called with (pictures done, N).
        fit: how the pixels became squares.
        cache_dir: where the features are kept; ``default_dir()`` if None.
    """
    folder = (cache_dir or default_dir()) / "features"
    entry = Entry(folder, _maker(backbone, pixels.shape[1], fit), digests.astype(np.bytes_))
    if not entry.path.exists():
        with disk_faults(entry.path):
            folder.mkdir(parents=True, exist_ok=True)
        with FileLock(entry.path.with_suffix(".lock")):
            if not entry.path.exists():
                _build(entry, backbone, pixels, on_extracted)
    found: NDArray[np.float32] = np.load(entry.path, mmap_mode="r")
    return found


def _maker(backbone: extract.AnyBackbone, size: int, fit: Fit) -> str:
    made_by = [_short(backbone), backbone.sha256, extract.engine(backbone), size, fit, extract.FORMAT, decode.decoder()]
    return f"{_short(backbone)}-{blake2b(json.dumps(made_by).encode(), digest_size=8).hexdigest()}"


def _short(backbone: extract.AnyBackbone) -> str:
    return backbone.name if isinstance(backbone, Backbone) else f"folder-{backbone.sha256[:12]}"


def _build(
    entry: Entry, backbone: extract.AnyBackbone, pixels: NDArray[np.uint8], on_extracted: OnExtracted | None
) -> None:
    """Write the features of all pictures; what other sets or a killed process left is not extracted again."""
    width, rows = published.width(backbone), len(pixels)
    with disk_faults(entry.path):
        values, missing = entry.kept(width)
        unfinished = entry.unfinished(missing)
        done = unfinished.stat().st_size // (width * 4) if unfinished.exists() else 0
        with unfinished.open("ab") as file:
            file.truncate(done * width * 4)
            for start in range(done, len(missing), extract.BATCH):
                if on_extracted is not None:
                    on_extracted(rows - len(missing) + start, rows)
                file.write(extract.extract(backbone, pixels[missing[start : start + extract.BATCH]]).tobytes())
                file.flush()
            os.fsync(file.fileno())
        values[missing] = np.fromfile(unfinished, dtype=np.float32).reshape(-1, width)
    entry.write(values)
    unfinished.unlink()
    if on_extracted is not None:
        on_extracted(rows, rows)
