"""The process that the tests of kills start: it trains, or goes on with, the run in a folder."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from problems import features

from tagfit.recipe import Recipe
from tagfit.runs.run import open_run
from tagfit.training import fit as fitting

RECIPE = Recipe(widths=(12, 8), norm="batch", dropout=(0.3,), ema=0.95, epochs=40, restore_best=True)


def train(folder: Path) -> None:
    fitting.SECONDS_BETWEEN_CHECKPOINTS = 0.02
    print("ready", flush=True)
    if (folder / "run.json").exists():
        fitting.resume(open_run(folder), features(), on_epoch=lambda *_: time.sleep(0.002))
    else:
        fitting.fit(features(), RECIPE, seed=5, out=folder, threads=1, on_epoch=lambda *_: time.sleep(0.002))
    print("done", flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts its background jobs deaf to Ctrl-C
    train(Path(sys.argv[1]))
