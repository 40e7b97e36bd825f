"""The noise rate by linear models on a backbone's features, with wrong tags planted in pictures whose tags are right.

python benchmarks/diagnosis/noise_features.py [SOURCE] [--backbone efficientnet-lite2] [--size 64] [--draws 3]

Without SOURCE, on generated sets: each draw is a set painted with a seed of its own. On photographs of a source each
draw is one of the wrong tags; the photographs may have some wrong tags of their own, which 0 % shows.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagfit.backbones import find
from tagfit.data.plan import Plan
from tagfit.data.problem import Problem
from tagfit.data.scenes.generate import generate
from tagfit.data.scenes.scene import flipped
from tagfit.diagnosis.material import Side
from tagfit.diagnosis.noise import Noise
from tagfit.diagnosis.out_of_fold import held_out
from tagfit.recipe import Recipe
from tagfit.training.backbones.features import inputs_of

RATES = (0.0, 0.05, 0.11, 0.2)
SUSPECTS = 50


def draws(source: str | None, recipe: Recipe, size: int, count: int) -> Iterator[tuple[Problem, NDArray[np.float32]]]:
    """The Problem of each draw, with right tags, and its features."""
    if source is not None:
        problem = Plan(source, size=size).problem()
        features = inputs_of(problem, recipe)[0].astype(np.float32)
        for _ in range(count):
            yield problem, features
        return
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(count):
            made = generate(Path(folder) / str(seed), seed=seed, noise=0.0)
            problem = Plan(str(made.directory / "tags.csv"), size=size).problem()
            yield problem, inputs_of(problem, recipe)[0].astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?")
    parser.add_argument("--backbone", default="efficientnet-lite2")
    parser.add_argument(
        "--size", type=int, help="side to which pictures are decoded; that of the backbone if not given"
    )
    parser.add_argument("--draws", type=int, default=3)
    chosen = parser.parse_args()
    recipe = Recipe(architecture="pretrained", backbone=chosen.backbone)
    size = chosen.size or find(recipe.backbone).size
    found: dict[float, list[tuple[float, bool, float]]] = {rate: [] for rate in RATES}
    started = time.process_time()
    for draw, (problem, features) in enumerate(draws(chosen.source, recipe, size, chosen.draws)):
        judged = problem.split != "test"
        for rate in RATES:
            tags = flipped(problem.data.truth, rate, np.random.default_rng([draw, round(100 * rate)]))
            wrong = tags != problem.data.truth
            sides = held_out(replace(problem, data=replace(problem.data, truth=tags)), features)
            noise = Noise(tuple(Side.of(one.split, one.fields) for one in sides))
            share = float(wrong[judged].mean())
            at = {label: place for place, label in enumerate(problem.labels)}
            rows = {one.split: problem.part(one.split).rows for one in sides}
            right = [wrong[rows[one["split"]][one["row"]], at[one["label"]]] for one in noise.suspects(SUSPECTS)]
            covered = noise.rate.low <= share <= noise.rate.high
            found[rate].append((noise.rate.value - share, covered, float(np.mean(right)) if right else 0.0))
    print(f"{size} x {size}, {chosen.draws} draws, {time.process_time() - started:.0f} s of processor time")
    print(f"| wrong tags | estimate minus truth, points | farthest | interval covers | of {SUSPECTS} suspects wrong |")
    print("|---|---|---|---|---|")
    for rate, results in found.items():
        off = [100 * one[0] for one in results]
        shown = ", ".join(f"{value:+.1f}" for value in off)
        covers = f"{sum(one[1] for one in results)} of {len(results)}"
        right_share = f"{np.mean([one[2] for one in results]):.0%}" if rate else ""
        print(f"| {rate:.0%} | {shown} | {np.abs(off).max():.1f} | {covers} | {right_share} |")


if __name__ == "__main__":
    main()
