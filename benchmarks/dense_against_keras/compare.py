"""The same dense net in tagfit and in Keras on one table: the difference in mAP, and milliseconds per epoch.

    python benchmarks/dense_against_keras/compare.py TABLES/scene --keras-python KERAS_ENVIRONMENT/bin/python

Both get the same standardised features and the same rows; the two take turns, so that both meet the same machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from scipy import stats

from tagfit.data.plan import Plan
from tagfit.data.problem import Part, Problem
from tagfit.evaluation.point_metrics import point_metrics
from tagfit.recipe import find
from tagfit.training.loop import Training
from tagfit.training.machine import choose
from tagfit.training.score import probabilities

RECIPE = find("regularised-dense")


def prepared(table: Path) -> Problem:
    """The official train and test, a stratified part of train for validation."""
    name = table.name
    return Plan(
        data=str(table / f"{name}-train.arff"),
        test=str(table / f"{name}-test.arff"),
        split={"validation_share": 0.15, "seed": 0},
    ).problem()


def save_arrays(problem: Problem, path: Path) -> None:
    """What Keras gets: standardised features and truth of the three splits."""
    mean, std = np.array(problem.preprocessing.mean), np.array(problem.preprocessing.std)
    arrays = {}
    for split in problem.splits:
        part = problem.part(split)
        arrays[f"X_{split}"] = ((problem.inputs[part.rows] - mean) / std).astype(np.float32)
        arrays[f"Y_{split}"] = part.truth.astype(np.float32)
    np.savez(path, **arrays)


def _map(part: Part, scores: np.ndarray) -> float:
    return point_metrics(part.truth, scores, known=part.known, weights=None, metrics=("mAP",))["mAP"]


def train_tagfit(problem: Problem, seed: int) -> tuple[np.ndarray, list[float]]:
    """The probabilities of the test rows and the seconds of each epoch."""
    machine = choose(RECIPE)
    with machine.in_use():
        training = Training(problem, RECIPE, seed, machine)
        seconds = []
        while not training.over:
            seconds.append(training.run_epoch().seconds)
        training.net.load_state_dict(training.final_weights())
        return probabilities(training.net, training.batches_of("test")), seconds


def main() -> None:
    """Print a row a seed, then the interval of the paired difference and the ratio of the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--keras-python", required=True)
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    problem = prepared(options.table)
    test = problem.part("test")
    ours, theirs, our_ms, their_ms = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        arrays, out = Path(folder) / "arrays.npz", Path(folder) / "scores.npz"
        save_arrays(problem, arrays)
        peer = str(Path(__file__).parent / "peer.py")
        for seed in range(options.seeds):
            scores, seconds = train_tagfit(problem, seed)
            ours.append(_map(test, scores))
            our_ms.append(1000 * float(np.median(seconds[1:])))
            command = [options.keras_python, peer, str(arrays), str(seed), str(out)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            about = json.loads(done.stdout.splitlines()[-1])
            with np.load(out) as file:
                theirs.append(_map(test, file["scores"].clip(0, 1)))
            their_ms.append(1000 * float(np.median(about["seconds"][1:])))
            print(
                f"seed {seed}: mAP {ours[-1]:.4f} and {theirs[-1]:.4f}, {our_ms[-1]:.1f} ms and {their_ms[-1]:.1f} ms"
            )
    difference = np.array(ours) - np.array(theirs)
    low, high = stats.t.interval(0.95, len(difference) - 1, difference.mean(), stats.sem(difference))
    ratio = np.array(their_ms) / np.array(our_ms)
    versions = f"Keras {about['keras']} on {about['backend']}"
    print(f"tagfit and {versions}; times are medians of the epochs after the first")
    print(f"mAP: {np.mean(ours):.4f} and {np.mean(theirs):.4f}")
    print(f"difference: {difference.mean():+.4f}, 95 % interval {low:+.4f} to {high:+.4f}")
    print(f"an epoch: {np.median(our_ms):.1f} ms and {np.median(their_ms):.1f} ms")
    print(f"ratio: {np.median(ratio):.1f}, from {ratio.min():.1f} to {ratio.max():.1f}")


if __name__ == "__main__":
    main()
