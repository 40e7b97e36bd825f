"""Bulk tagging killed at random moments and started again each time, against an uninterrupted one: the same rows?

python benchmarks/tagging/kills.py TAGGER PICTURES --kills 30 --seed 0
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TAGFIT = [sys.executable, "-m", "tagfit"]


def main() -> None:
    """Print each kill, then whether the rows are the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tagger", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        uninterrupted, killed = Path(scratch) / "uninterrupted.jsonl", Path(scratch) / "killed.jsonl"
        words = [*TAGFIT, "tag", str(options.tagger), str(options.pictures), "--out"]
        began = time.perf_counter()
        subprocess.run([*words, str(uninterrupted)], capture_output=True, check=True)
        took = time.perf_counter() - began
        journal, hits, in_the_middle = Path(f"{killed}.part"), 0, 0
        while hits < options.kills:
            process = subprocess.Popen([*words, str(killed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            before = journal.stat().st_size if journal.exists() else 0
            try:
                process.wait(draw.uniform(0.2, 1.0) * took * 0.7)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                hits += 1
                after = journal.stat().st_size if journal.exists() else 0
                in_the_middle += after > before
                print(f"kill {hits}: {after} bytes in the journal", flush=True)
            if killed.exists():  # it came to its end: from the beginning again
                if killed.read_bytes() != uninterrupted.read_bytes():
                    sys.exit("the rows DIFFER")
                killed.unlink()
        subprocess.run([*words, str(killed)], capture_output=True, check=True)
        same = killed.read_bytes() == uninterrupted.read_bytes()
        print(f"{hits} kills, {in_the_middle} after new rows were written; rows {'the same' if same else 'DIFFER'}")
        print(f"uninterrupted: {took:.1f} s")
    sys.exit(not same)


if __name__ == "__main__":
    main()
