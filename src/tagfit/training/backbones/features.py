"""Features or maps of a whole Problem, computed once for each part of a backbone and kept next to the picture cache."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray

from tagfit.backbones import Backbone
from tagfit.data.pictures import decode
from tagfit.data.pictures.cache import default_dir
from tagfit.data.pictures.square import SQUASH, Fit
from tagfit.data.problem import Preprocessing, Problem
from tagfit.files import disk_faults
from tagfit.recipe import Recipe
from tagfit.training import nets
from tagfit.training.backbones import extract
from tagfit.training.backbones.feature_files import Entry
from tagfit.training.backbones.parts import AnyBackbone, Part, extracted, frozen_part
from tagfit.training.batches import DRAWS, augmented

# Features come standardised by the head, pixels by the backbone.
AS_THEY_ARE = Preprocessing(None, (0.0,), (1.0,))

OnExtracted = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Feed:
    """What the net of a recipe takes for the rows of a Problem.

    Attributes:
        inputs: features (N, D), pictures (N, H, W, 3), or maps of a frozen part (N, h, w, c).
        preprocessing: the shift and scale of them.
        views: the same of augmented pictures, each for all rows; empty where the net is not fed by a frozen part.
    """

    inputs: NDArray[Any]
    preprocessing: Preprocessing
    views: tuple[NDArray[Any], ...] = ()


def feed(problem: Problem, recipe: Recipe, on_extracted: OnExtracted | None = None) -> Feed:
    """What the net of a recipe takes: features of a frozen backbone, maps of a part of one, or the Problem's rows."""
    if recipe.architecture != "pretrained":
        return Feed(problem.inputs, problem.preprocessing)
    nets.check_fits(recipe, problem.inputs.shape[1:])
    part = frozen_part(recipe)
    if part is None:
        return Feed(problem.inputs, AS_THEY_ARE)
    own = [(each, view) for each, view in extracted(recipe) if each == part]
    found, *views = _each_of(problem, own, on_extracted)
    return Feed(found, AS_THEY_ARE, tuple(views))


def keep(problem: Problem, recipe: Recipe, on_extracted: OnExtracted | None = None) -> None:
    """Extract all that a training will need, so that it finds it kept; without digests nothing is kept.

    Raises:
        InputError: the backbone is not there.
    """
    wanted = extracted(recipe)
    if problem.digests is not None:
        _each_of(problem, wanted, on_extracted)


def inputs_of(
    problem: Problem, recipe: Recipe, on_extracted: OnExtracted | None = None
) -> tuple[NDArray[Any], Preprocessing]:
    """The inputs of a :func:`feed` without its views, and their shift and scale."""
    found = feed(problem, recipe.changed(augment=False) if recipe.augment else recipe, on_extracted)
    return found.inputs, found.preprocessing


def _each_of(
    problem: Problem, wanted: Sequence[tuple[Part, int]], on_extracted: OnExtracted | None
) -> list[NDArray[Any]]:
    rows = len(problem.inputs)
    found = []
    for at, (part, view) in enumerate(wanted):
        report = None if on_extracted is None else _after(at * rows, len(wanted) * rows, on_extracted)
        found.append(_of_problem(problem, part, view, report))
    return found


def _after(done: int, total: int, on_extracted: OnExtracted) -> OnExtracted:
    return lambda more, _: on_extracted(done + more, total)


def _of_problem(problem: Problem, part: Part, view: int, on_extracted: OnExtracted | None) -> NDArray[Any]:
    if problem.digests is None:
        rows = np.arange(len(problem.inputs)).astype(np.bytes_)
        return extract.extract(part, shown(problem.inputs, rows, view))
    fit, asked = problem.preprocessing.fit, problem.source.get("cache_dir")
    cache_dir = None if asked is None else Path(asked)
    return features(part, problem.inputs, problem.digests, on_extracted, view=view, fit=fit, cache_dir=cache_dir)


def features(
    part: Part,
    pixels: NDArray[np.uint8],
    digests: NDArray[np.str_],
    on_extracted: OnExtracted | None = None,
    *,
    view: int = 0,
    fit: Fit = SQUASH,
    cache_dir: Path | None = None,
) -> NDArray[Any]:
    """(N, features) float32 or (N, h, w, channels) float16, memory-mapped.

    A picture that was extracted before, in any set, is not extracted again. Killed at any moment, it goes on where it
    was. Two processes that want the same wait for each other.

    Args:
        part: what extracts.
        pixels: (N, side, side, 3) uint8.
        digests: N digests of the contents that the pixels came from.
        on_extracted: called with (pictures done, N).
        view: 0 for the pictures as they are, else the number of an augmented view.
        fit: how the pixels became squares.
        cache_dir: where the features are kept; ``default_dir()`` if None.
    """
    folder = (cache_dir or default_dir()) / "features"
    entry = Entry(folder, _maker(part, pixels.shape[1], fit, view), digests.astype(np.bytes_))
    if not entry.path.exists():
        with disk_faults(entry.path):
            folder.mkdir(parents=True, exist_ok=True)
        with FileLock(entry.path.with_suffix(".lock")):
            if not entry.path.exists():
                _build(entry, part, pixels, view, on_extracted)
    found: NDArray[Any] = np.load(entry.path, mmap_mode="r")
    return found


def _maker(part: Part, side: int, fit: Fit, view: int) -> str:
    backbone = part.backbone
    made_by = [_short(backbone), backbone.sha256, extract.engine(part), side, fit, extract.FORMAT, decode.decoder()]
    made_by += [backbone.size, part.stop, view]
    return f"{_short(backbone)}-{blake2b(json.dumps(made_by).encode(), digest_size=8).hexdigest()}"


def _short(backbone: AnyBackbone) -> str:
    return backbone.name if isinstance(backbone, Backbone) else f"folder-{backbone.sha256[:12]}"


def _build(entry: Entry, part: Part, pixels: NDArray[np.uint8], view: int, on_extracted: OnExtracted | None) -> None:
    """Write what is extracted of all pictures; what other sets or a killed process left is not extracted again."""
    shape, kind, rows = extract.shape(part), np.dtype(extract.kept_as(part)), len(pixels)
    row_bytes = int(np.prod(shape)) * kind.itemsize
    with disk_faults(entry.path):
        kept = entry.kept(shape, kind)
        missing = kept.missing
        unfinished = entry.unfinished(missing)
        done = unfinished.stat().st_size // row_bytes if unfinished.exists() else 0
        done -= done % extract.BATCH  # other batches could give other last bits
        with unfinished.open("ab") as file:
            file.truncate(done * row_bytes)
            for start in range(done, len(missing), extract.BATCH):
                if on_extracted is not None:
                    on_extracted(rows - len(missing) + start, rows)
                chosen = missing[start : start + extract.BATCH]
                file.write(extract.extract(part, shown(pixels[chosen], entry.digests[chosen], view)).tobytes())
                file.flush()
            os.fsync(file.fileno())
        if len(missing):
            kept.add(np.memmap(unfinished, dtype=kind, mode="r").reshape(-1, *shape), missing, np.arange(len(missing)))
    entry.write(kept, shape, kind)
    unfinished.unlink()
    if on_extracted is not None:
        on_extracted(rows, rows)


def shown(pixels: NDArray[np.uint8], digests: NDArray[np.bytes_], view: int) -> NDArray[np.uint8]:
    """Pictures as a view shows them, which depends on their contents and on its number alone."""
    if not view:
        return pixels
    seeds = (blake2b(digest + b" %d" % view, digest_size=8).digest() for digest in digests.tolist())
    draws = np.array([np.random.default_rng(int.from_bytes(seed)).random(DRAWS) for seed in seeds], dtype=np.float32)
    columns = iter(torch.from_numpy(draws).T)
    pictures = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float()
    found = augmented(pictures, lambda _: next(columns)).round().clamp(0, 255).byte()
    return np.ascontiguousarray(found.permute(0, 2, 3, 1).numpy())
