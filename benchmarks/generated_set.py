"""The nets of the demo on its pictures, over training seeds: label accuracy and loss of each split.

tagfit demo demo
python benchmarks/generated_set.py demo/pictures/tags.csv --seeds 5 --number-format bfloat16

``--number-format`` and ``--threads`` stand for other processors, whose products have other last bits.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from tagfit.curing.moves import SMALL
from tagfit.data.plan import Plan
from tagfit.evaluation.point_metrics import point_metrics
from tagfit.recipe import NAMED
from tagfit.training import memory
from tagfit.training.dense_step import DenseStep
from tagfit.training.machine import choose

RECIPES = {
    **{name: NAMED[name] for name in ("plain-dense", "regularised-dense", "regularised-conv")},
    **{f"small-{architecture}": recipe for architecture, recipe in SMALL.items()},
}
METRICS = ("label_accuracy", "loss")


def force(number_format: Literal["float32", "bfloat16"]) -> None:
    """Train every net in this number format; the written-out step of dense nets only knows float32."""
    memory.choose = lambda *options: replace(choose(*options), number_format=number_format)  # type: ignore[attr-defined]
    if number_format != "float32":
        DenseStep.suits = staticmethod(lambda *_: False)  # type: ignore[assignment,method-assign]


def main() -> None:
    """Print one row per recipe and seed, then the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--recipe", choices=RECIPES, action="append", help="only this one")
    parser.add_argument("--number-format", choices=("float32", "bfloat16"), help="also of dense nets, through autograd")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if options.number_format is not None:
        force(options.number_format)
    problem = Plan(data=str(options.pictures)).problem()
    print("recipe, seed, train label accuracy, train loss, validation label accuracy, validation loss")
    for name in options.recipe or RECIPES:
        recipe, rows = RECIPES[name], []
        for seed in range(options.seeds):
            fitted = memory.fit(problem, recipe, seed=seed, device="cpu", threads=options.threads)
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
