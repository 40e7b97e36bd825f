"""A small table that is noisy enough to be overfitted, a recipe that does so, and a goal within reach."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tagfit.recipe import Recipe

OVERFITTING = Recipe(widths=(64, 32), learning_rate=1e-2, epochs=15)
# Within reach of the moves, and not of the starting run.
GOAL = ("validation.label_accuracy>=0.71", "train.label_accuracy<0.95")

# The sections of a certificate that nothing can work out again: a value of the right form passes there.
ATTESTED = ("tagfit", "made", "machine", "findings", "seconds")


def write_noisy(path: Path, seed: int = 0) -> Path:
    """300 rows in three splits, whose three labels hang on a noisy plane each."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(300, 16)).astype(np.float32)
    heights = X @ random.normal(size=(16, 3)) / 4 + 0.7 * random.normal(size=(300, 3))
    split = np.repeat(["train", "validation", "test"], [160, 80, 60])
    np.savez(path, X=X, Y=(heights > 0).astype(np.uint8), labels=np.array(["sea", "sun", "people"]), split=split)
    return path
