"""Places: where in a painted picture the things are that its labels name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagfit.data.scenes.canvas import OVERSAMPLING
from tagfit.data.scenes.painting import stages
from tagfit.data.scenes.scene import LABELS, Scene

# The thing that each label is about. Snow lies everywhere in a picture, so it has no place of its own.
THINGS = {"beach": "shore", "sunset": "sky", "people": "people", "mountains": "mountains", "trees": "trees"}


def places(scene: Scene, size: int, rng: np.random.Generator) -> dict[str, NDArray[np.bool_]]:
    """Where the labels of a scene are in the picture that ``painting.paint`` makes of the same arguments.

    Returns:
        A mask (size, size) for each of the scene's labels that names a thing: its pixels that nothing else hides.
    """
    owner, before = np.zeros((), dtype=np.int8), np.zeros(())
    names = []
    for name, canvas in stages(scene, size, rng):
        after = np.asarray(canvas.image)
        changed = np.ones(after.shape[:2], dtype=bool) if not names else (after != before).any(axis=2)
        owner, before = np.where(changed, len(names), owner), after.copy()
        names.append(name)
    on = {label for label, there in zip(LABELS, scene.truth(), strict=True) if there}
    return {
        label: _reduced(owner == names.index(thing)) for label, thing in THINGS.items() if label in on and thing in names
    }


def _reduced(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of the picture of which at least half is on."""
    side = mask.shape[0] // OVERSAMPLING
    shares = mask.reshape(side, OVERSAMPLING, side, OVERSAMPLING).mean(axis=(1, 3))
    return np.asarray(shares >= 0.5)
