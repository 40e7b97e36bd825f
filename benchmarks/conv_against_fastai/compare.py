"""The recipe regularised-conv and fastai's xresnet18, trained from scratch in the same time: validation mAP by fold.

    python benchmarks/conv_against_fastai/compare.py PHOTOS --fastai-python FASTAI_ENVIRONMENT/bin/python

Both get the same pixels in memory, the same number of threads, and as many epochs as fit into each of the times
allowed; their schedules end there. The two take turns. Measured with fastai 2.8.12, torch 2.14.1 and torchvision
0.29.1; fastai allows no torch as new as that and is installed with `--no-deps`, then what it imports.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tagfit.data.plan import Plan
from tagfit.data.problem import Part, Problem
from tagfit.evaluation.point_metrics import point_metrics
from tagfit.recipe import Recipe, assign, find
from tagfit.training import memory

RECIPE = "regularised-conv"
SPLITS = ("train", "validation")


def measured(part: Part, scores: np.ndarray) -> dict[str, float]:
    """Metrics of validation."""
    metrics = ("mAP", "label_accuracy")
    return point_metrics(part.truth, scores, known=part.known, weights=None, metrics=metrics)


def trained(problem: Problem, recipe: Recipe, seed: int, threads: int) -> tuple[np.ndarray, float]:
    """The probabilities of validation and the seconds that they took."""
    started = time.perf_counter()
    fitted = memory.fit(problem, recipe, seed=seed, threads=threads, scored=("validation",))
    return fitted.scores["validation"], time.perf_counter() - started


def seconds_an_epoch(problem: Problem, recipe: Recipe, threads: int) -> float:
    """Of the second and third epoch; the first allocates."""
    times: list[float] = []
    memory.fit(problem, recipe, threads=threads, on_epoch=lambda epoch: times.append(epoch.seconds) or len(times) == 3)
    return float(np.mean(times[1:]))


def peer_scores(problem: Problem, seed: int, options: argparse.Namespace) -> tuple[list[np.ndarray], dict[str, Any]]:
    """fastai's probabilities of validation for each time allowed, and what it says of its runs."""
    peer = Path(__file__).parent / "peer.py"
    with tempfile.TemporaryDirectory() as folder:
        arrays, out = Path(folder) / "arrays.npz", Path(folder) / "scores.npz"
        parts = {split: problem.part(split) for split in SPLITS}
        kept = {f"X_{split}": problem.inputs[part.rows] for split, part in parts.items()}
        kept |= {f"Y_{split}": part.truth.astype(np.float32) for split, part in parts.items()}
        np.savez(arrays, **kept)
        command = [options.fastai_python, str(peer), str(arrays), str(out), *(f"{each:g}" for each in options.seconds)]
        command += ["--rate", options.rate, "--seed", str(seed), "--threads", str(options.threads)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise SystemExit(done.stderr)
        with np.load(out) as file:
            return [file[f"{each:g}"] for each in options.seconds], json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print a row a fold and a time allowed, then the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--fastai-python", required=True)
    parser.add_argument("--only", type=int, nargs="+", default=[0, 1, 2, 3, 4], metavar="FOLD")
    parser.add_argument("--seconds", type=float, nargs="+", default=[40, 80, 160])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rate", default="1e-2", help="largest learning rate of fastai")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="as of `tagfit train`")
    options = parser.parse_args()
    recipe = assign(find(RECIPE), options.set)
    rows: dict[float, list[tuple[float, float]]] = {allowed: [] for allowed in options.seconds}
    for fold in options.only:
        split = {"validation_fold": fold, "test_share": 0.0}
        problem = Plan(options.source, split=split, size=64, fit="squash").problem()
        validation = problem.part("validation")
        an_epoch = seconds_an_epoch(problem, recipe, options.threads)
        ours = []
        for allowed in options.seconds:
            epochs = max(1, int(allowed / an_epoch))
            ours.append((epochs, *trained(problem, recipe.changed(epochs=epochs), fold, options.threads)))
        theirs, about = peer_scores(problem, fold, options)
        for allowed, (epochs, scores, seconds), other_scores, run in zip(
            options.seconds, ours, theirs, about["runs"], strict=True
        ):
            one, other = measured(validation, scores), measured(validation, other_scores)
            rows[allowed].append((one["mAP"], other["mAP"]))
            accuracies = f"label accuracy {one['label_accuracy']:.4f} and {other['label_accuracy']:.4f}"
            costs = f"{epochs} and {run['epochs']} epochs in {seconds:.1f} and {run['seconds']:.1f} s"
            figures = f"mAP {one['mAP']:.4f} and {other['mAP']:.4f}, {accuracies}, {costs}"
            print(f"fold {fold}, {allowed:g} s: {figures}", flush=True)
    print(f"tagfit and fastai {about['fastai']} with torch {about['torch']}; load {os.getloadavg()[0]:.1f}")
    for allowed, pairs in rows.items():
        one, other = np.mean(pairs, axis=0)
        print(f"{allowed:g} s: mAP {one:.4f} and {other:.4f}")


if __name__ == "__main__":
    main()
