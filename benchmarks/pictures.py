"""The picture cache against the floor: nothing but Pillow's decode with draft on the same threads, in one run.

python benchmarks/pictures.py PHOTOS [--size 64] [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from tagfit.data.pictures.cache import decoded, size_of

AT_ONCE = 16


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def floor_one(path: Path, size: int) -> None:
    with Image.open(BytesIO(path.read_bytes())) as image:
        image.draft(None, (2 * size, 2 * size))
        np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC))


def floor(files: list[Path], size: int, threads: int) -> None:
    def some(part: list[Path]) -> None:
        for path in part:
            floor_one(path, size)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(some, [files[start : start + AT_ONCE] for start in range(0, len(files), AT_ONCE)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    files = sorted(arguments.photos.glob("*.jpg"))
    size = arguments.size
    floor(files, size, arguments.threads)  # brings the files into memory
    rounds = []
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory() as cache:
            whole = partial(decoded, files, size, cache_dir=Path(cache))
            times = (
                seconds(partial(floor, files, size, 1)),
                seconds(partial(floor, files, size, arguments.threads)),
                seconds(whole),
                seconds(whole),
            )
        rounds.append(times)
    one, several, cold, warm = (statistics.median(column) for column in zip(*rounds, strict=True))
    megabytes = size_of(len(files), size) / 1e6
    print(f"{len(files)} pictures at {size} px, cache of {megabytes:.1f} MB, medians of {len(rounds)} rounds")
    print(f"  floor, 1 thread            {one:.2f} s")
    print(f"  floor, {arguments.threads} threads           {several:.2f} s")
    print(f"  decoded, nothing cached    {cold:.2f} s = {cold / several:.2f} x the floor on as many threads")
    print(f"  decoded, all cached        {warm:.2f} s = {warm / several:.2f} x")


if __name__ == "__main__":
    main()
