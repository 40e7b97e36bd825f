"""The process that the tests of kills start: it trains the run in a folder, or resumes it, and prints each epoch.

With a second argument it stops in the first epoch until it is killed.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from problems import features

import tagfit.training.fit
from tagfit.recipe import Recipe
from tagfit.runs.run import open_run
from tagfit.training.fit import OnEpoch, fit, resume

RECIPE = Recipe(widths=(12, 8), norm="batch", dropout=(0.3,), ema=0.95, epochs=40, restore_best=True)


def tell(*_: object) -> None:
    print("epoch", flush=True)


def stop(*_: object) -> None:
    print("training", flush=True)
    sys.stdin.read()


def train(folder: Path, on_epoch: OnEpoch) -> None:
    tagfit.training.fit.SECONDS_BETWEEN_CHECKPOINTS = 0.0
    print("ready", flush=True)
    if (folder / "run.json").exists():
        resume(open_run(folder), features(), on_epoch=on_epoch)
    else:
        fit(features(), RECIPE, seed=5, out=folder, threads=1, on_epoch=on_epoch)
    print("done", flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts its background jobs deaf to Ctrl-C
    train(Path(sys.argv[1]), stop if len(sys.argv) > 2 else tell)
