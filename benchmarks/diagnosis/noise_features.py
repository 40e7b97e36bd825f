"""The noise rate by linear models on a backbone's features, with wrong tags planted in a source whose tags are right.

python benchmarks/diagnosis/noise_features.py SOURCE [--backbone efficientnet-lite2] [--draws 3]
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from tagfit.backbones import find
from tagfit.data.plan import Plan
from tagfit.data.scenes.scene import flipped
from tagfit.diagnosis.material import Side
from tagfit.diagnosis.noise import Noise
from tagfit.diagnosis.out_of_fold import held_out
from tagfit.recipe import Recipe
from tagfit.training.backbones.features import inputs_of

RATES = (0.0, 0.05, 0.1, 0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--backbone", default="efficientnet-lite2")
    parser.add_argument("--draws", type=int, default=3)
    chosen = parser.parse_args()
    recipe = Recipe(architecture="pretrained", backbone=chosen.backbone)
    problem = Plan(chosen.source, size=find(recipe.backbone).size).problem()
    features, _ = inputs_of(problem, recipe)
    print("| wrong tags | estimates | farthest off |\n|---|---|---|")
    for rate in RATES:
        estimates = []
        for draw in range(chosen.draws if rate else 1):
            rng = np.random.default_rng([draw, round(100 * rate)])
            tags = flipped(problem.data.truth, rate, rng) if rate else problem.data.truth
            sides = held_out(replace(problem, data=replace(problem.data, truth=tags)), features.astype(np.float32))
            estimates.append(Noise(tuple(Side.of(one.split, one.fields) for one in sides)).rate.value)
        shown = ", ".join(f"{value:.1%}" for value in estimates)
        print(f"| {rate:.0%} | {shown} | {np.abs(np.array(estimates) - rate).max():.1%} |", flush=True)


if __name__ == "__main__":
    main()
