"""The whole way of a score file: start Python, read it, print the default metrics; by tagfit and by scikit-learn.

Run: OMP_NUM_THREADS=1 python benchmarks/evaluation/whole_process.py [--rows 100000] [--labels 80]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scale import by_scikit_learn, made

TAGFIT = """
import sys
from pathlib import Path
from tagfit.evaluation.evaluate import evaluate
from tagfit.evaluation.score_files import read_scores
from tagfit.files import to_json
print(to_json(evaluate(read_scores(Path(sys.argv[1])), intervals={intervals}).to_dict()))
"""


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--labels", type=int, default=80)
    parser.add_argument("--by-scikit-learn", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.by_scikit_learn:
        import numpy as np

        from tagfit.evaluation.metrics import DEFAULT

        with np.load(options.by_scikit_learn) as file:
            print(by_scikit_learn(file["truth"], file["scores"], DEFAULT))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.npz"
        made(options.rows, options.labels).save(path)
        theirs = seconds([sys.executable, __file__, "--by-scikit-learn", str(path)])
        for intervals in ("None", "'auto'"):
            ours = min(seconds([sys.executable, "-c", TAGFIT.format(intervals=intervals), str(path)]) for _ in range(2))
            print(f"intervals={intervals}: scikit-learn {theirs:.2f} s, tagfit {ours:.2f} s, ratio {theirs / ours:.1f}")


if __name__ == "__main__":
    main()
