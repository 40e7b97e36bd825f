"""What hidden tags cost: all known, a share unknown, and the same share taken as absent.

    python benchmarks/unknown_labels.py TABLES

Official train and test of each table; of the train tags a share is hidden at random. Judged on the whole test.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from tagfit.data.read import read
from tagfit.data.splits.split import split
from tagfit.data.tagged import TaggedSet
from tagfit.evaluation.point_metrics import point_metrics
from tagfit.recipe import find
from tagfit.training import memory

TABLES = ("scene", "emotions", "yeast")
RECIPE = find("regularised-dense")


def hidden(data: TaggedSet, share: float, seed: int) -> TaggedSet:
    """``data`` with a share of all entries unknown."""
    known = np.random.default_rng(seed).random(data.truth.shape) >= share
    return replace(data, truth=data.truth * known, known=known)


def macro_f1(train: TaggedSet, test: TaggedSet, seed: int) -> float:
    """Of ``RECIPE`` trained on ``train``, on all of ``test``."""
    problem = split(train, test=test, validation_share=0.15, seed=seed)
    fitted = memory.fit(problem, RECIPE, seed=seed, device="cpu", threads=1)
    part = problem.part("test")
    inputs = problem.inputs[part.rows]
    scores = memory.score(RECIPE, fitted.weights, problem.preprocessing, inputs, len(problem.labels), device="cpu")
    return point_metrics(part.truth, scores, known=None, weights=None, metrics=("macro_f1",))["macro_f1"]


def main() -> None:
    """Print a row a table: mean macro F1 over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", type=Path)
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    print(f"| table | all known | {options.share:.0%} unknown | the same as absent |\n|---|---|---|---|")
    for name in TABLES:
        folder = options.tables / name
        train, test = (read(folder / f"{name}-{part}.arff") for part in ("train", "test"))
        rows = []
        for seed in range(options.seeds):
            partly = hidden(train, options.share, seed)
            absent = replace(partly, known=np.ones_like(partly.known))
            rows.append([macro_f1(some, test, seed) for some in (train, partly, absent)])
        print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in np.mean(rows, axis=0)) + " |", flush=True)


if __name__ == "__main__":
    main()
