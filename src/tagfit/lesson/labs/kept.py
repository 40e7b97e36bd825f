"""Kept: what a training of the course gave, in the cache folder, so that another process need not train it again."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagfit.data.pictures.cache import default_dir
from tagfit.data.problem import Problem
from tagfit.errors import InputError
from tagfit.files import to_json, written_whole
from tagfit.history import Epoch, History
from tagfit.npz import load_arrays
from tagfit.recipe import Recipe

# Another version may train otherwise.
PACKAGES = ("tagfit", "torch", "numpy")


@dataclass(frozen=True, eq=False)
class Kept:
    """A training without its weights.

    Attributes:
        history: one record per epoch.
        kept_epoch: the epoch whose weights were kept.
        scores: (n, L) probabilities by split.
    """

    history: History
    kept_epoch: int
    scores: Mapping[str, NDArray[np.float32]]


def name_of(problem: Problem, recipe: Recipe, seed: int, threads: int) -> str:
    """The name of a training: equal names give equal results on this machine."""
    parts = [problem.fingerprint, recipe.to_dict(), seed, threads, [_version(package) for package in PACKAGES]]
    return hashlib.blake2b(to_json(parts, indent=None).encode(), digest_size=12).hexdigest()


def load(name: str) -> Kept | None:
    """What was kept under a name; None where nothing readable is."""
    try:
        arrays = load_arrays(_place(name), right_form="")
        values = json.loads(str(arrays.pop("training")))
        return Kept(tuple(Epoch(**one) for one in values["history"]), int(values["kept_epoch"]), arrays)
    except (InputError, KeyError, TypeError, ValueError):
        return None


def save(name: str, kept: Kept) -> None:
    """Keep a training; where the folder cannot be written, it is trained again next time."""
    values = {"history": [asdict(epoch) for epoch in kept.history], "kept_epoch": kept.kept_epoch}
    with suppress(InputError), written_whole(_place(name)) as file:
        np.savez(file, allow_pickle=False, training=np.array(to_json(values, indent=None)), **kept.scores)


@functools.cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # then nothing can be trained, which says so
        return ""


def _place(name: str) -> Path:
    return default_dir() / "lesson" / f"net-{name}.npz"
