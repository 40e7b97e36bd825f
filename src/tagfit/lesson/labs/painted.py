"""Painted: the scenes of the lesson, painted in memory, as a Problem that a net trains on in seconds."""

from __future__ import annotations

import functools
from contextlib import suppress

import numpy as np
import PIL
from numpy.typing import NDArray

from tagfit.data.pictures.cache import default_dir
from tagfit.data.problem import Problem
from tagfit.data.readers.arrays import from_arrays
from tagfit.data.scenes.generate import VERSION
from tagfit.data.scenes.painting import paint
from tagfit.data.scenes.scene import LABELS, Scene, draw_scenes, flipped, truth_of
from tagfit.data.splits.split import split
from tagfit.errors import InputError
from tagfit.files import written_whole
from tagfit.npz import load_arrays

SIZE = 32
COUNTS = {"train": 600, "validation": 300, "test": 200}
# Wrong tags: more in train, as where only the tags that models are judged by were reviewed.
NOISE = {"train": 0.15, "validation": 0.10, "test": 0.10}
SEED = 0
# The Problem of the experiment: so small pictures and so many wrong tags that memory does the most harm.
SMALL, MANY, WRONG = 8, 2000, 0.22


def scenes(count: int, seed: int) -> list[Scene]:
    """``count`` scenes in which every factor is on in half of them."""
    return draw_scenes(count, np.random.default_rng([seed, count]))


def painted(drawn: list[Scene], size: int, seed: int) -> NDArray[np.uint8]:
    """The pictures of the scenes, uint8 of shape (N, size, size, 3)."""
    return np.stack(
        [
            np.asarray(paint(scene, size, np.random.default_rng([seed, row])), dtype=np.uint8)
            for row, scene in enumerate(drawn)
        ]
    )


@functools.cache
def problem() -> Problem:
    """The Problem of most stations: the same rows, splits and wrong tags whenever it is painted."""
    return made()


@functools.cache
def experiment() -> Problem:
    """The Problem of the net to cure."""
    return made(size=SMALL, pictures=MANY, noise=WRONG)


def made(*, size: int = SIZE, pictures: int = COUNTS["train"], noise: float = NOISE["train"]) -> Problem:
    """A Problem of painted scenes; with other arguments it is another one.

    Args:
        size: of the pictures, in pixels.
        pictures: how many train has.
        noise: the share of wrong tags in train.
    """
    counts = {**COUNTS, "train": pictures}
    drawn, truths = {}, []
    for number, (name, count) in enumerate(counts.items()):
        rng = np.random.default_rng([SEED, number])
        drawn[name] = draw_scenes(count, rng)
        truths.append(flipped(truth_of(drawn[name]), noise if name == "train" else NOISE[name], rng))
    splits = [name for name, count in counts.items() for _ in range(count)]
    return split(from_arrays(_pictures(drawn, size), np.concatenate(truths), labels=LABELS, split=splits))


def _pictures(drawn: dict[str, list[Scene]], size: int) -> NDArray[np.uint8]:
    """The pictures of all splits, painted once and then read from the cache folder."""
    counts = "-".join(str(len(scenes)) for scenes in drawn.values())
    place = default_dir() / "lesson" / f"{VERSION}-{PIL.__version__}-{SEED}-{size}-{counts}.npz"
    with suppress(InputError, KeyError):
        return load_arrays(place, right_form="")["pictures"]
    found = np.concatenate(
        [painted(scenes, size, SEED + 1000 * number) for number, scenes in enumerate(drawn.values(), start=1)]
    )
    with suppress(InputError), written_whole(place) as file:  # without a cache it is painted again
        np.savez(file, pictures=found)
    return found


@functools.cache
def true_tags(name: str, count: int | None = None) -> NDArray[np.uint8]:
    """The tags of a split before any was flipped, (N, L).

    Args:
        name: of the split.
        count: of its pictures, where they are not those of ``problem``.
    """
    number = list(COUNTS).index(name)
    return truth_of(draw_scenes(count or COUNTS[name], np.random.default_rng([SEED, number])))
