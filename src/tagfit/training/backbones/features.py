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
from tagfit.files import disk_faults, written_whole
from tagfit.recipe import Recipe
from tagfit.training import nets
from tagfit.training.backbones import extract, published

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
    """(N, features) float32, memory-mapped; what was extracted before, by any run, is found again by content.

    Killed at any moment, it goes on where it was. Two processes that want the same wait for each other.

    Args:
        backbone: what extracts.
        pixels: (N, size, size, 3) uint8.
        digests: N digests of the contents that the pixels came from.
        on_extracted: called with (pictures done, N).
        fit: how the pixels became squares.
        cache_dir: where the features are kept; ``default_dir()`` if None.
    """
    path = (cache_dir or default_dir()) / "features" / _file(backbone, pixels.shape[1], digests, fit)
    if not path.exists():
        with disk_faults(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.exists():
                _build(path, backbone, pixels, on_extracted)
    found: NDArray[np.float32] = np.load(path, mmap_mode="r")
    return found


def _file(backbone: extract.AnyBackbone, size: int, digests: NDArray[np.str_], fit: Fit) -> str:
    made_by = [_short(backbone), backbone.sha256, extract.engine(backbone), size, fit, extract.FORMAT, decode.decoder()]
    key = blake2b(json.dumps(made_by).encode(), digest_size=16)
    key.update("\n".join(digests.tolist()).encode())
    return f"{_short(backbone)}-{key.hexdigest()}.npy"


def _short(backbone: extract.AnyBackbone) -> str:
    return backbone.name if isinstance(backbone, Backbone) else f"folder-{backbone.sha256[:12]}"


def _build(
    path: Path, backbone: extract.AnyBackbone, pixels: NDArray[np.uint8], on_extracted: OnExtracted | None
) -> None:
    """Write the features of all pictures; rows that a killed process left whole are not extracted again."""
    rows, unfinished = len(pixels), path.with_suffix(".part")
    width = published.width(backbone)
    row_bytes = width * 4
    with disk_faults(path):
        done = unfinished.stat().st_size // row_bytes if unfinished.exists() else 0
        with unfinished.open("ab") as file:
            file.truncate(done * row_bytes)
            for start in range(done, rows, extract.BATCH):
                if on_extracted is not None:
                    on_extracted(start, rows)
                file.write(extract.extract(backbone, pixels[start : start + extract.BATCH]).tobytes())
                file.flush()
            os.fsync(file.fileno())
        values = np.fromfile(unfinished, dtype=np.float32).reshape(rows, width)
    with written_whole(path) as whole:
        np.save(whole, values)
    unfinished.unlink()
    if on_extracted is not None:
        on_extracted(rows, rows)
