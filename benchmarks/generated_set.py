"""The three recipes of the demo on the generated set, over training seeds: label accuracy and loss of each split.

tagfit data generate pictures
python benchmarks/generated_set.py pictures --seeds 5
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from tagfit import recipe as recipes
from tagfit.data.plan import Plan
from tagfit.demo import RECIPES
from tagfit.evaluation.point_metrics import point_metrics
from tagfit.training import memory

METRICS = ("label_accuracy", "loss")


def main() -> None:
    """Print a row a recipe and seed, then the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--recipe", choices=RECIPES, action="append", help="only this one")
    options = parser.parse_args()
    problem = Plan(data=str(options.pictures)).problem()
    print("recipe, seed, train label accuracy, train loss, validation label accuracy, validation loss")
    for name in options.recipe or RECIPES:
        recipe, rows = recipes.find(name), []
        for seed in range(options.seeds):
            fitted = memory.fit(problem, recipe, seed=seed, device="cpu", threads=None)
            row = []
            for split in ("train", "validation"):
                part = problem.part(split)
                inputs = problem.inputs[part.rows]
                scores = memory.score(
                    recipe, fitted.weights, problem.preprocessing, inputs, len(problem.labels), device="cpu"
                )
                row += point_metrics(part.truth, scores, known=None, weights=None, metrics=METRICS).values()
            rows.append(row)
            print(name, seed, *(f"{value:.4f}" for value in row), flush=True)
        print(name, "median", *(f"{value:.4f}" for value in np.median(rows, axis=0)), flush=True)


if __name__ == "__main__":
    main()
