"""Heads on frozen features, and fine-tuned backbones, on photographs with folds: metrics of each fold, and its cost.

python benchmarks/pretrained.py FOLDER-WITH-A-FOLD-COLUMN [--recipe pretrained|fine-tuned] [--seeds 1] [--only 0 1]
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np

from tagfit.data.plan import Plan
from tagfit.evaluation.choose import choose_thresholds
from tagfit.evaluation.evaluate import evaluate
from tagfit.recipe import NAMED, assign
from tagfit.scores import Scores
from tagfit.training import memory
from tagfit.training.backbones.features import feed
from tagfit.training.backbones.parts import backbone_of

METRICS = ("mAP", "subset_accuracy", "label_accuracy", "macro_f1")
FIGURES = (*METRICS, "subset_accuracy with at-least-one")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("--recipe", default="pretrained")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="as of `tagfit train`")
    parser.add_argument("--only", type=int, nargs="+", default=[0, 1, 2, 3, 4], metavar="FOLD")
    parser.add_argument("--threads", type=int, help="of training; default: as the recipe takes them")
    parser.add_argument("--seeds", type=int, default=1)
    chosen = parser.parse_args()
    recipe = assign(NAMED[chosen.recipe], chosen.set)
    size = backbone_of(recipe).size
    rows = []
    for fold in chosen.only:
        wall, processor = time.perf_counter(), time.process_time()
        problem = Plan(chosen.source, split={"validation_fold": fold, "test_share": 0.0}, size=size).problem()
        decoded, wall = time.perf_counter() - wall, time.perf_counter()
        feed(problem, recipe)
        extracted = time.perf_counter() - wall
        part = problem.part("validation")
        for seed in range(chosen.seeds):
            wall = time.perf_counter()
            fitted = memory.fit(problem, recipe, seed=seed, threads=chosen.threads, scored=("validation",))
            trained = time.perf_counter() - wall
            scores = Scores.of(part.truth, fitted.scores["validation"], known=part.known)
            judged = evaluate(scores, intervals=None, metrics=list(METRICS))
            one_each = choose_thresholds(scores, "at-least-one", resamples=0)
            with_one = evaluate(scores, thresholds=one_each, intervals=None, metrics=["subset_accuracy"])
            rows.append([*(judged[name] for name in METRICS), with_one["subset_accuracy"]])
            figures = "  ".join(f"{name} {value:.4f}" for name, value in zip(FIGURES, rows[-1], strict=True))
            print(f"fold {fold} seed {seed}: {figures}  training {trained:.1f} s", flush=True)
        used = time.process_time() - processor
        costs = f"decoding {decoded:.1f} s, features {extracted:.1f} s, processor {used:.1f} s in all"
        print(f"fold {fold}: {costs}, load {os.getloadavg()[0]:.1f}", flush=True)
    means = dict(zip(FIGURES, np.mean(rows, axis=0), strict=True))
    print("mean:   " + "  ".join(f"{name} {value:.4f}" for name, value in means.items()))


if __name__ == "__main__":
    main()
