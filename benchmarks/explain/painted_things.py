"""Painted scenes with the place of each thing: those of the generated set, and scenes whose things are independent.

In the generated set a factor changes the whole picture: people stand where the horizon is low, so that a net may tell
them by the horizon. In the other scenes each thing is there or not whatever else is, so that only the thing gives its
label away.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tagfit.data.scenes import figures, painting
from tagfit.data.scenes.canvas import OVERSAMPLING, Canvas
from tagfit.data.scenes.scene import LABELS, Scene

# What each label names, by what is painted. Light and snow lie on everything: sunset and snow have no place.
THINGS = {"beach": "shore", "people": "people", "mountains": "mountains", "trees": "trees"}
SIZE = 96

Stages = Iterator[tuple[str, Canvas]]


@dataclass(frozen=True)
class FreeScene(Scene):
    """A scene whose things do not depend on each other; ``near`` says nothing but where the horizon is.

    Attributes:
        on: the labels that are there, people, mountains and trees among them.
    """

    on: tuple[str, ...] = ()

    @property
    def mountains(self) -> bool:
        """Whether there are mountains."""
        return "mountains" in self.on

    @property
    def trees(self) -> bool:
        """Whether there are trees."""
        return "trees" in self.on

    def truth(self) -> tuple[bool, ...]:
        """For each of ``LABELS``, whether the picture shows it."""
        return self.shore, self.low_sun, "people" in self.on, self.mountains, self.trees, self.winter


def free_scenes(count: int, rng: np.random.Generator) -> list[FreeScene]:
    """``count`` scenes in which every factor and thing is drawn independently of all others."""
    drawn = rng.random((count, 7)) < 0.5
    things = ("people", "mountains", "trees")
    return [
        FreeScene(*map(bool, row[:4]), on=tuple(name for name, there in zip(things, row[4:], strict=True) if there))
        for row in drawn
    ]


def stages(scene: Scene, size: int, rng: np.random.Generator) -> Stages:
    """What is painted over what: see ``painting.stages``."""
    if not isinstance(scene, FreeScene):
        yield from painting.stages(scene, size, rng)
        return
    air = painting._air(scene, rng)
    canvas = Canvas(painting._sky(air, size * OVERSAMPLING))
    painting._sun_and_clouds(canvas, scene, air, rng)
    yield "sky", canvas
    (painting._mountains if scene.mountains else painting._hills)(canvas, scene, air, rng)
    yield "mountains" if scene.mountains else "hills", canvas
    (painting._shore if scene.shore else painting._land)(canvas, scene, air, rng)
    yield "shore" if scene.shore else "land", canvas
    if scene.trees:
        for foot in sorted(rng.uniform(air.horizon + 0.03, 0.9, int(rng.integers(1, 4)))):
            height = rng.uniform(0.22, 0.34) + (foot - air.horizon) * 0.5
            place = (rng.uniform(0.05, 0.95), foot, height, air.light)
            if rng.random() < 0.5:
                figures.palm(canvas, *place, rng)
            else:
                figures.fir(canvas, *place, scene.winter, rng)
        yield "trees", canvas
    if "people" in scene.on:
        light = painting.mix(air.light, (0.3, 0.25, 0.3), 0.45) if scene.low_sun else air.light
        for _ in range(int(rng.integers(1, 4))):
            feet = rng.uniform(air.horizon + 0.15, 0.97)
            height = rng.uniform(0.25, 0.45)
            figures.person(canvas, rng.uniform(0.08, 0.92), feet, height, light, scene.winter, rng)
        yield "people", canvas
    if scene.winter:
        painting._snowfall(canvas, rng)
        yield "snowfall", canvas


def paint(scene: Scene, rng: np.random.Generator, *, without: str = "") -> NDArray[np.uint8]:
    """A scene as (SIZE, SIZE, 3) pixels; the thing of the label ``without`` is left out, all else stays as it is."""
    canvas = before = None
    for name, canvas in stages(scene, SIZE, rng):
        if before is not None and name == THINGS.get(without):
            canvas.image.paste(before)
        before = canvas.image.copy()
    assert canvas is not None
    return np.asarray(painting._photograph(canvas.image.reduce(OVERSAMPLING), painting.Camera(), rng))


def places(scene: Scene, rng: np.random.Generator) -> dict[str, NDArray[np.bool_]]:
    """A mask (SIZE, SIZE) for each label of a scene that has a place: the pixels of the thing that nothing hides."""
    owner, before = np.zeros((), dtype=np.int8), np.zeros(())
    names: list[str] = []
    for name, canvas in stages(scene, SIZE, rng):
        after = np.asarray(canvas.image)
        changed = np.ones(after.shape[:2], dtype=bool) if not names else (after != before).any(axis=2)
        owner, before = np.where(changed, len(names), owner), after.copy()
        names.append(name)
    on = {label for label, there in zip(LABELS, scene.truth(), strict=True) if there}
    return {
        label: _reduced(owner == names.index(thing))
        for label, thing in THINGS.items()
        if label in on and thing in names
    }


def write_free_set(folder: Path, seed: int, *, train: int = 800, validation: int = 200) -> Path:
    """Independent scenes with their tags as a source; one that is there already stays."""
    if (folder / "labels.txt").exists():
        return folder
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = [("image", "tags", "split")]
    for number, (split, count) in enumerate((("train", train), ("validation", validation))):
        for row, scene in enumerate(free_scenes(count, np.random.default_rng([seed, number]))):
            name = f"images/{split}-{row:04}.jpg"
            pixels = paint(scene, np.random.default_rng([seed, number, row]))
            Image.fromarray(pixels).save(folder / name, quality=90)
            tags = "|".join(label for label, there in zip(LABELS, scene.truth(), strict=True) if there)
            rows.append((name, tags, split))
    with (folder / "tags.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS), encoding="utf-8")
    return folder


def _reduced(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of the picture of which at least half is on."""
    side = mask.shape[0] // OVERSAMPLING
    shares = mask.reshape(side, OVERSAMPLING, side, OVERSAMPLING).mean(axis=(1, 3))
    return np.asarray(shares >= 0.5)
