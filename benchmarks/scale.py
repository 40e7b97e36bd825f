"""How time and memory of each step grow with the number of pictures.

    python benchmarks/scale.py 1000 10000 100000 [--size 64] [--folder DIR]

Pictures are drawn by a seed, all different, with 20 labels of which some are rare. Each size runs in a process of its
own, so that the memory is its own; times are of the processor, all cores together.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

LABELS = [f"label {number:02}" for number in range(20)]
COLOURS = np.random.default_rng(1).integers(0, 256, (len(LABELS), 3))


def write_set(folder: Path, count: int, side: int) -> Path:
    """``count`` pictures: smooth noise, with a block in its colour for each label."""
    generator = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    with (folder / "tags.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", "tags"])
        for number in range(count):
            coarse = generator.integers(0, 256, (5, 5, 3), dtype=np.uint8)
            pixels = np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)).copy()
            present = np.flatnonzero(generator.random(len(LABELS)) < np.linspace(0.3, 0.01, len(LABELS)))
            for label in present:
                top, left = generator.integers(0, side - side // 6, 2)
                pixels[top : top + side // 6, left : left + side // 6] = COLOURS[label]
            name = f"images/{number:07}.jpg"
            Image.fromarray(pixels).save(folder / name, quality=80)
            table.writerow([name, "|".join(LABELS[label] for label in present)])
    return folder / "tags.csv"


def measured(source: Path, size: int) -> None:
    """Print the steps of one set as JSON: name -> [processor seconds, seconds, MB of the process at its largest]."""
    import tagfit
    from tagfit.data.inputs import read_inputs
    from tagfit.data.pictures.duplicates import duplicate_groups
    from tagfit.recipe import NAMED

    found: dict[str, list[float]] = {}

    @contextmanager
    def step(name: str) -> Iterator[None]:
        begun, busy = time.perf_counter(), time.process_time()
        yield
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found[name] = [time.process_time() - busy, time.perf_counter() - begun, memory]

    cache = source.parent / "cache"
    with step("read the table and the headers"):
        data = tagfit.read(source)
    with step("decode into the cache"):
        inputs = read_inputs(data, size, cache_dir=cache)
    with step("open the cache"):
        inputs = read_inputs(data, size, cache_dir=cache)
    with step("near-duplicates"):
        duplicate_groups(inputs.values, inputs.digests)
    with step("split, near-duplicates and fingerprint included"):
        problem = tagfit.split(data, size=size, cache_dir=cache)
    recipe = NAMED["regularised-conv"].changed(epochs=1, schedule="constant")
    with step("one epoch of regularised-conv, scored"):
        run = tagfit.fit(problem, recipe, out=source.parent / "run")
    with step("evaluate validation, with intervals"):
        tagfit.evaluate(run, split="validation", problem=problem)
    print(json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="*", type=int, default=[1000, 10_000])
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--folder", type=Path, help="where the sets are written and removed again")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measured(options.measure, options.size)
        return
    for count in options.counts:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            source = write_set(Path(folder) / "set", count, options.size)
            command = [sys.executable, __file__, "--size", str(options.size), "--measure", str(source)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                sys.exit(done.stderr)
            print(f"{count:,} pictures, load {os.getloadavg()[0]:.1f}")
            for name, (busy, seconds, memory) in json.loads(done.stdout.splitlines()[-1]).items():
                print(f"  {name:48} {busy:8.1f} s ({seconds:7.1f} s) {memory:7,.0f} MB", flush=True)


if __name__ == "__main__":
    main()
