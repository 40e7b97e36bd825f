"""Scene: the four factors of a painted picture and the labels that depend on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LABELS = ("beach", "sunset", "people", "mountains", "trees", "snow")


@dataclass(frozen=True)
class Scene:
    """What a picture shows. Each factor changes the colours or the layout of the whole picture.

    Attributes:
        shore: place: sand and sea, or land.
        low_sun: light: the hour before sunset, or day.
        near: distance: at eye level among people, or a wide view from above.
        winter: season: snow on everything that holds it, or summer.
    """

    shore: bool
    low_sun: bool
    near: bool
    winter: bool

    @property
    def mountains(self) -> bool:
        """Whether mountains stand at the horizon: in wide views, except of a summer sea."""
        return not self.near and (self.winter or not self.shore)

    @property
    def trees(self) -> bool:
        """Whether trees stand there: palms on a summer beach, firs close by on land."""
        return not self.winter if self.shore else self.near

    def truth(self) -> tuple[bool, ...]:
        """For each of ``LABELS``, whether the picture shows it."""
        return self.shore, self.low_sun, self.near, self.mountains, self.trees, self.winter


FACTORS = tuple(Scene.__dataclass_fields__)


def draw_scenes(count: int, rng: np.random.Generator) -> list[Scene]:
    """``count`` scenes; each factor is on in half of them (rounded down), independently of the others."""
    columns = [rng.permutation(count) < count // 2 for _ in FACTORS]
    return [Scene(*(bool(value) for value in row)) for row in zip(*columns, strict=True)]


def truth_of(scenes: list[Scene]) -> NDArray[np.uint8]:
    """The true labels of the scenes, multi-hot of shape (N, L)."""
    return np.array([scene.truth() for scene in scenes], dtype=np.uint8).reshape(len(scenes), len(LABELS))


def flipped(truth: NDArray[np.uint8], share: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """``truth`` with ``round(share * entries)`` entries turned over, drawn without regard to row, label or value."""
    entries = rng.choice(truth.size, size=round(share * truth.size), replace=False)
    tags = truth.copy()
    tags.flat[entries] ^= 1
    return tags
