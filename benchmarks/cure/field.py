"""Time until a goal is met: tagfit cure, a regularised net by hand in Keras, Keras Tuner, Optuna with PyTorch.

    python benchmarks/cure/field.py --peer-python KERAS_ENVIRONMENT/bin/python --miml MIML_SCENE --tables TABLES \\
        [--only generated] [--seeds 3] [--first-seed 0] [--split-seed 0] [--seconds 60] [--peer keras-by-hand]

The problems and goals are those of five.py; another split seed gives other pictures and other splits of the tables, and
--only takes any table of the folder. A starting run (plain-dense) exists before the clock starts. All tools get equal
rows, splits, tags and standardisation, the same two cores and the same time, in turn. The clock starts when libraries
and data are loaded; loading time is reported separately. A goal is met by one net that meets all bounds on validation
and train, both in inference mode. tagfit continues until fresh seeds meet the goal too, reported separately.
The peers' environment needs tensorflow, keras-tuner[bayesian], optuna and torch.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from five import aims, problems

import tagfit
from tagfit.data.problem import Problem

HERE = Path(__file__).parent
PEERS = ("keras-by-hand", "keras-tuner", "optuna-torch")


def save_arrays(problem: Problem, path: Path) -> None:
    """What the peers get."""
    mean, std = np.array(problem.preprocessing.mean), np.array(problem.preprocessing.std)
    arrays = {}
    for split in ("train", "validation"):
        part = problem.part(split)
        arrays[f"X_{split}"] = ((problem.inputs[part.rows] - mean) / std).astype(np.float32)
        arrays[f"Y_{split}"] = part.truth.astype(np.float32)
    np.savez(path, **arrays)


def described(bounds: list[str], gap: float | None) -> dict[str, Any]:
    """A goal in plain numbers, for those who do not know tagfit."""
    goal = tagfit.Goal(*bounds, gap_at_most=gap)
    (at_least,) = [bound.value for bound in goal.bounds if bound.split == "validation"]
    below = [bound.value for bound in goal.bounds if bound.split == "train"]
    numbers = {"at_least": at_least, "train_below": below[0] if below else None, "gap": gap}
    return {"bounds": [bound.text for bound in goal.bounds], "metric": goal.metric, **numbers}


def ran(words: list[str]) -> dict[str, Any]:
    """The JSON document that a contestant prints last, and how long its process took."""
    began = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return {**found, "process": time.perf_counter() - began}


def row(problem: str, seed: int, name: str, record: dict[str, Any]) -> str:
    """One contestant, one seed."""
    train, validation = record["train"], record["validation"]
    held = record.get("held_after")
    return (
        f"{problem:>10}  {seed:>4}  {name:>13}  {told(record['met_after']):>9}  {train:.3f}  {validation:>10.3f}  "
        f"{train - validation:>5.3f}  {record['trials']:>6}  {record['loading']:>7.1f}  {record['process']:>7.0f}"
        + ("" if held is None else f"  held by fresh seeds after {held:.1f} s")
    )


def told(seconds: float | None) -> str:
    """A time, or that there is none."""
    return "never" if seconds is None or np.isinf(seconds) else f"{seconds:.1f} s"


def main() -> None:
    """Print a row for each problem, seed and contestant, then the medians and ratios of each problem."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--miml", type=Path)
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--peer", action="append", choices=PEERS, default=[])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--split-seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    peers = options.peer or PEERS
    with tempfile.TemporaryDirectory() as scratch:
        print("   problem  seed           name  met after  train  validation    gap  trials  loading  process")
        raced = problems(Path(scratch), options.miml, options.tables, options.only, options.split_seed)
        for problem_name, problem, goal in raced:
            arrays = Path(scratch) / "arrays.npz"
            save_arrays(problem, arrays)
            times: dict[str, list[float]] = {"tagfit": [], **{peer: [] for peer in peers}}
            for seed in range(options.first_seed, options.first_seed + options.seeds):
                folder = Path(scratch) / f"{problem_name}-{seed}"
                start = tagfit.fit(problem, "plain-dense", seed=seed, out=folder / "plain")
                wanted = json.dumps(described(*aims(start, goal)))
                for name in times:
                    words = [wanted, str(seed), str(options.seconds)]
                    if name == "tagfit":
                        words = [sys.executable, str(HERE / "ours.py"), str(start.folder), *words, str(folder / "cure")]
                    else:
                        words = [options.peer_python, str(HERE / "peers.py"), name, str(arrays), *words]
                    record = ran(words)
                    times[name].append(np.inf if record["met_after"] is None else record["met_after"])
                    print(row(problem_name, seed, name, record), flush=True)
                shutil.rmtree(folder)
            ours = float(np.median(times["tagfit"]))
            for peer in peers:
                theirs = float(np.median(times[peer]))
                ratio = "-" if np.isinf(theirs) or np.isinf(ours) else f"{theirs / ours:.1f}"
                print(
                    f"{problem_name}: {peer} {told(theirs)}, tagfit {told(ours)} (medians); ratio {ratio}", flush=True
                )


if __name__ == "__main__":
    main()
