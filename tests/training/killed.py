"""The process that the tests of kills start: it trains the run in a folder, or resumes it, and prints each epoch.

With ``stop`` it stops in the first epoch until it is killed, with ``tuned`` it tunes a backbone.
"""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from problems import features, pictures

import tagfit.training.fit
from tagfit.data.problem import Problem
from tagfit.recipe import Recipe
from tagfit.runs.run import open_run
from tagfit.training.backbones import extract
from tagfit.training.fit import OnEpoch, fit, resume

RECIPE = Recipe(widths=(12, 8), norm="batch", dropout=(0.3,), ema=0.95, epochs=40, restore_best=True)

TUNED = Recipe(
    architecture="pretrained",
    backbone_size=32,
    tune="last",
    widths=(),
    augment=True,
    views=1,
    ema=0.9,
    epochs=4,
    batch_size=16,
)


def case(name: str) -> tuple[Problem, Recipe]:
    """What is trained: a small dense net, or the last blocks of a backbone on kept views."""
    if name != "tuned":
        return features(), RECIPE
    extract.engine = lambda part: "torch"  # an export takes longer than all the rest
    problem = pictures(60, 32)
    return replace(problem, digests=np.array([f"digest {row}" for row in range(60)])), TUNED


def tell(*_: object) -> None:
    print("epoch", flush=True)


def stop(*_: object) -> None:
    print("training", flush=True)
    sys.stdin.read()


def train(folder: Path, on_epoch: OnEpoch, name: str) -> None:
    problem, recipe = case(name)
    tagfit.training.fit.SECONDS_BETWEEN_CHECKPOINTS = 0.0
    print("ready", flush=True)
    if (folder / "run.json").exists():
        resume(open_run(folder), problem, on_epoch=on_epoch)
    else:
        fit(problem, recipe, seed=5, out=folder, threads=1, on_epoch=on_epoch)
    print("done", flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts its background jobs deaf to Ctrl-C
    train(Path(sys.argv[1]), stop if "stop" in sys.argv else tell, sys.argv[-1])
