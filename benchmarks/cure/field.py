"""Who meets the lesson's goal first: the cure, the lesson's Keras code by hand, Keras Tuner, Optuna around PyTorch.

    python benchmarks/cure/field.py PICTURES --peer-python KERAS_ENVIRONMENT/bin/python --seeds 3 --seconds 120

All get the same pixels, splits and tags of a source, standardised alike, the same two cores and the same time. The
clock starts when data and libraries are loaded; what loading them takes is told apart. Met is: a net whose label
accuracy on validation and on train, both in inference mode, hold both bounds. The peers' environment holds
tensorflow, keras-tuner, optuna and torch.
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

import numpy as np

HERE = Path(__file__).parent
PEERS = ("keras-by-hand", "keras-tuner", "optuna-torch")
BOUNDS = {"validation": 0.85, "train": 0.92}


def save_arrays(source: Path, path: Path) -> None:
    """What the peers get."""
    from tagfit.data.plan import Plan

    problem = Plan(data=str(source)).problem()
    mean, std = np.array(problem.preprocessing.mean), np.array(problem.preprocessing.std)
    arrays = {}
    for split in ("train", "validation"):
        part = problem.part(split)
        arrays[f"X_{split}"] = ((problem.inputs[part.rows] - mean) / std).astype(np.float32)
        arrays[f"Y_{split}"] = part.truth.astype(np.float32)
    np.savez(path, **arrays)


def tagfit_cure(source: Path, seed: int, seconds: float, scratch: Path) -> dict[str, object]:
    """In a process of its own, as the peers are; the starting run is there before the clock starts."""
    code = f"""
import json, time
began = time.perf_counter()
import torch
from tagfit.data.plan import Plan
from tagfit import workflow
from tagfit.curing.winner import Told
from tagfit.goal import Goal
problem = Plan(data={str(source)!r}).problem()
run = workflow.fit(problem, "plain-dense", seed={seed}, out={str(scratch / "plain")!r})
loaded = time.perf_counter()
tried = []
def seen(trial):
    tried.append((time.perf_counter() - loaded, dict(trial.values)))
out = {str(scratch / "cure")!r}
found = workflow.cure(
    run, Goal("lesson"), problem=problem, seed={seed}, budget={seconds}, out=out, told=Told(trial=seen)
)
goal = Goal("lesson")
met = next((at for at, values in tried if values and goal.met_by(values)), None)
print(json.dumps({{"met_after": met, "trials": len(tried), "loading": loaded - began,
    "train": found.document["means"]["train.label_accuracy"],
    "validation": found.document["means"]["validation.label_accuracy"],
    "certified_after": time.perf_counter() - loaded, "verdict": found.verdict}}))
"""
    return last_line(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False))


def last_line(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """The JSON document that a peer prints last."""
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    found: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main() -> None:
    """Print a row for each peer and seed, then the medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    found: dict[str, list[dict[str, object]]] = {"tagfit": [], **{peer: [] for peer in PEERS}}
    with tempfile.TemporaryDirectory() as folder:
        arrays = Path(folder) / "arrays.npz"
        save_arrays(options.source, arrays)
        print(f"{'':>14}  seed  met after  train  validation    gap  trials")
        for seed in range(options.seeds):
            for name in found:
                began = time.perf_counter()
                if name == "tagfit":
                    scratch = Path(folder) / f"tagfit-{seed}"
                    record = tagfit_cure(options.source.absolute(), seed, options.seconds, scratch)
                    shutil.rmtree(scratch)
                else:
                    words = [str(HERE / "peers.py"), name, str(arrays), str(seed), str(options.seconds)]
                    record = last_line(
                        subprocess.run([options.peer_python, *words], capture_output=True, text=True, check=False)
                    )
                found[name].append(record)
                met = "never" if record["met_after"] is None else f"{record['met_after']:.1f} s"
                train, validation = float(str(record["train"])), float(str(record["validation"]))
                print(
                    f"{name:>14}  {seed:>4}  {met:>9}  {train:.3f}  {validation:>10.3f}  {train - validation:>5.3f}"
                    f"  {record['trials']:>6}   (process {time.perf_counter() - began:.0f} s, "
                    f"loading {record['loading']:.1f} s)",
                    flush=True,
                )
    ours = np.median([record["met_after"] or np.inf for record in found["tagfit"]])  # type: ignore[misc]
    for peer in PEERS:
        theirs = np.median([record["met_after"] or np.inf for record in found[peer]])  # type: ignore[misc]
        print(f"{peer}: median {theirs:.1f} s, tagfit {ours:.1f} s, ratio {theirs / ours:.1f}")


if __name__ == "__main__":
    main()
