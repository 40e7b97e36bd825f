"""Bulk tagging by one process and by a Ray cluster of two nodes with one processor each, in turns on one machine.

    python benchmarks/tagging/on_ray.py TAGGER PICTURES --rounds 3

``local`` starts a cluster for the command; the other one is running before. Seconds of the whole command, and of the
tagging in it, which begins when the cluster is connected. The files have to be the same byte for byte.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from subprocess import run

from kills import TAGFIT, two_nodes

WAYS = {"plain": [], "running cluster": ["--workers", "auto"], "local": ["--workers", "local"]}


def main() -> None:
    """Take turns, print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tagger", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    whole: dict[str, list[float]] = {way: [] for way in WAYS}
    tagging: dict[str, list[float]] = {way: [] for way in WAYS}
    contents = set()
    pictures = 0
    with tempfile.TemporaryDirectory() as scratch, two_nodes():
        out = Path(scratch) / "tags.jsonl"
        for number in range(options.rounds):
            for way, words in WAYS.items():
                began = time.perf_counter()
                command = [*TAGFIT, "tag", options.tagger, options.pictures, "--out", out, "--json", *words]
                done = run(list(map(str, command)), capture_output=True, check=True)
                whole[way].append(time.perf_counter() - began)
                said = json.loads(done.stdout)
                tagging[way].append(said["seconds"])
                pictures = said["pictures"]
                contents.add(out.read_bytes())
                out.unlink()
                print(
                    f"round {number + 1}, {way}: {whole[way][-1]:.1f} s, {said['seconds']:.1f} s of them tagging",
                    flush=True,
                )
    if len(contents) > 1:
        sys.exit("the rows DIFFER")
    print(f"{pictures} pictures, load {os.getloadavg()[0]:.1f}, median of {options.rounds} rounds, the same bytes")
    for way in WAYS:
        took = statistics.median(tagging[way])
        print(
            f"{way:16} {statistics.median(whole[way]):6.1f} s, tagging {took:6.1f} s, {pictures / took:5.0f} a second"
        )


if __name__ == "__main__":
    main()
