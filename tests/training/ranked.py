"""One of two processes that train together: the trainings of the tests of ranks.

As a program it is the second one, or, started by torchrun, ``tagfit`` with a second process that kills itself once.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
import torch.distributed as dist
from problems import features, pictures

from tagfit import launch
from tagfit.data.problem import Problem
from tagfit.recipe import Recipe
from tagfit.training import machine
from tagfit.training.fit import fit
from tagfit.training.loop import Training

# An odd number of rows, unknown tags, weights; a last batch of a single row; everything that draws at random.
DENSE = Recipe(widths=(12, 8), norm="batch", dropout=(0.3,), ema=0.95, epochs=4, batch_size=24, gradient_clip=1.0)
CONV = Recipe(architecture="conv", widths=(4, 8), norm="batch", dropout=(0.2,), epochs=2, batch_size=9, augment=True)


def cases() -> dict[str, tuple[Problem, Recipe]]:
    known = np.random.default_rng(1).random((161, 3)) > 0.2
    weights = np.random.default_rng(2).random(161) + 0.1
    return {
        "dense": (features(161, known=known, weights=weights), DENSE),
        "again": (features(161, known=known, weights=weights), DENSE),
        "conv": (pictures(61), CONV),
    }


def train_all(folder: Path, store: Path, rank: int) -> None:
    machine._bfloat16_is_fast = lambda _device: False
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    try:
        for name, (problem, recipe) in cases().items():
            fit(problem, recipe, seed=5, out=folder / name, threads=1)
    finally:
        dist.destroy_process_group()


def kill_one() -> None:
    """Have the second process kill itself in its third epoch, unless it was started again."""
    run_epoch = Training.run_epoch

    def dying(self: Training) -> object:
        if launch.rank() == 1 and not launch.is_restart() and self.progress.epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return run_epoch(self)

    Training.run_epoch = dying  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    if launch.is_restart() or "TORCHELASTIC_RUN_ID" in os.environ:
        from tagfit.cli import main
        from tagfit.training import fit as fitting

        fitting.SECONDS_BETWEEN_CHECKPOINTS = 0.0
        kill_one()
        sys.exit(main(sys.argv[1:]))
    train_all(Path(sys.argv[1]), Path(sys.argv[2]), rank=1)
