"""The process that the tests of kills start: it trains the run in a folder, or resumes it.

With a second argument it stops in the first epoch until it is killed.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from problems import features

from tagfit.recipe import Recipe
from tagfit.runs.run import open_run
from tagfit.training import fit as fitting
from tagfit.training.fit import OnEpoch

RECIPE = Recipe(widths=(12, 8), norm="batch", dropout=(0.3,), ema=0.95, epochs=40, restore_best=True)


def pause(*_: object) -> None:
    time.sleep(0.002)


def stop(*_: object) -> None:
    print("training", flush=True)
    sys.stdin.read()


def train(folder: Path, on_epoch: OnEpoch) -> None:
    fitting.SECONDS_BETWEEN_CHECKPOINTS = 0.02
    print("ready", flush=True)
    if (folder / "run.json").exists():
        fitting.resume(open_run(folder), features(), on_epoch=on_epoch)
    else:
        fitting.fit(features(), RECIPE, seed=5, out=folder, threads=1, on_epoch=on_epoch)
    print("done", flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts its background jobs deaf to Ctrl-C
    train(Path(sys.argv[1]), stop if len(sys.argv) > 2 else pause)
