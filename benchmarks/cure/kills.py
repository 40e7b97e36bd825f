"""A search killed at random moments and resumed each time, against an undisturbed one: the same winner?

python benchmarks/cure/kills.py RUN --goal GOAL [--goal GOAL] --trials 12 --kills 20 --seed 0
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TAGFIT = [sys.executable, "-m", "tagfit"]


def winner(folder: Path) -> Any:
    """What must not differ."""
    document = json.loads((folder / "certificate.json").read_text())
    trials = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    log = [(one["number"], one["recipe"], one["values"]) for one in trials]
    return document["search"]["winner"], document["after"]["recipe"], document["means"], document["verdict"], log


def main() -> None:
    """Print each kill, then whether the winner is the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--goal", action="append", required=True)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--between", type=float, nargs=2, default=(3.0, 6.0), help="seconds until a kill, drawn anew")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    goals = [word for goal in options.goal for word in ("--goal", goal)]
    words = ["cure", str(options.run), *goals, "--trials", str(options.trials), "--seeds", "2"]
    with tempfile.TemporaryDirectory() as scratch:
        undisturbed, killed = Path(scratch) / "undisturbed", Path(scratch) / "killed"
        began = time.perf_counter()
        subprocess.run([*TAGFIT, *words, "--out", str(undisturbed)], capture_output=True, check=False)
        took = time.perf_counter() - began
        hits = 0
        command = [*TAGFIT, *words, "--out", str(killed)]
        while hits < options.kills:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait = draw.uniform(*options.between)
            try:
                process.wait(wait)
                print(f"ended by itself with {process.returncode} before kill {hits + 1}")
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            hits += 1
            trials = (killed / "trials.jsonl").read_text().count("\n") if (killed / "trials.jsonl").exists() else 0
            print(f"kill {hits} after {wait:.1f} s, {trials} trials written down", flush=True)
            if (killed / "cure.json").exists():
                command = [*TAGFIT, "cure", "--resume", str(killed)]
        subprocess.run(command, capture_output=True, check=False)
        same = winner(killed) == winner(undisturbed)
        print(f"{hits} kills; winner, recipe, means, verdict and all trials {'the same' if same else 'DIFFER'}")
        print(f"undisturbed: trial {winner(undisturbed)[0]}, {winner(undisturbed)[3]}, {took:.0f} s")
    sys.exit(not same)


if __name__ == "__main__":
    main()
