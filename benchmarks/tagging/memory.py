"""Peak memory of bulk tagging by the number of pictures: hard links to the files of a folder, tagged in processes.

python benchmarks/tagging/memory.py TAGGER PICTURES --counts 1000 10000
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import tagfit


def main() -> None:
    """Print one line for each count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tagger", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000])
    options = parser.parse_args()
    files = sorted(options.pictures.rglob("*.jpg"))
    preprocessing = tagfit.Tagger.load(options.tagger).preprocessing
    ours = [sys.executable, str(Path(__file__).parent / "ours.py"), str(options.tagger)]
    for count in options.counts:
        with tempfile.TemporaryDirectory() as scratch:
            for number in range(count):
                os.symlink(files[number % len(files)].resolve(), Path(scratch) / f"{number:07}.jpg")
            words = [*ours, scratch, str(preprocessing.size), preprocessing.fit]
            done = subprocess.run(words, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        rate = found["pictures"] / found["seconds"]
        print(f"{count} pictures: peak {found['peak_mb']:.0f} MB, {rate:.0f} pictures a second", flush=True)


if __name__ == "__main__":
    main()
