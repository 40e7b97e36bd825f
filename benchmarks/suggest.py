"""Tagging what `tagfit suggest` proposes against tagging at random: mAP after each round, and the paired difference.

python benchmarks/suggest.py FOLDER-WITH-A-FOLD-COLUMN [--recipe pretrained] [--start 200] [--each 50] [--rounds 6]

Seed s is judged on fold s; the other folds are the pool, of which the same random pictures are tagged at first.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from tagfit.backbones import find
from tagfit.data.plan import Plan
from tagfit.data.problem import Problem
from tagfit.evaluation.point_metrics import point_metrics
from tagfit.pool.acquisition import acquire
from tagfit.recipe import NAMED, Recipe
from tagfit.training import memory
from tagfit.training.represent import represent

SIDE = 64


def curve(problem: Problem, recipe: Recipe, seed: int, chosen: argparse.Namespace, suggested: bool) -> list[float]:
    """The mAP on validation after each round."""
    rng = np.random.default_rng(seed)
    pool = rng.permutation(np.flatnonzero(problem.split == "train"))
    held = np.flatnonzero(problem.split == "validation")
    tagged, found = pool[: chosen.start], []
    for turn in range(chosen.rounds + 1):
        split = np.full(len(problem.split), "", dtype=problem.split.dtype)
        split[tagged], split[held] = "train", "validation"
        fitted = memory.fit(replace(problem, split=split), recipe, seed=seed, threads=1, scored=("validation",))
        part = problem.part("validation")
        measured = point_metrics(
            part.truth, fitted.scores["validation"], known=part.known, weights=None, metrics=("mAP",)
        )
        found.append(measured["mAP"])
        left = np.setdiff1d(pool, tagged)
        if turn == chosen.rounds or not len(left):
            break
        if suggested:
            seen = _seen(problem, recipe, fitted.weights)
            positives = problem.data.truth[tagged].sum(axis=0)
            rows, _ = acquire(seen[0][left], seen[1][left], positives, chosen.each)
            tagged = np.concatenate([tagged, left[rows]])
        else:
            tagged = pool[: len(tagged) + chosen.each]
    return found


def _seen(problem: Problem, recipe: Recipe, weights: memory.Weights) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    settings = (recipe, weights, problem.preprocessing, problem.inputs, len(problem.labels))
    seen = represent(*settings, digests=problem.digests)
    return seen.scores, seen.features


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--recipe", default="pretrained", choices=NAMED)
    parser.add_argument("--start", type=int, default=200)
    parser.add_argument("--each", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    recipe = NAMED[chosen.recipe]
    size = find(recipe.backbone).size if recipe.frozen else SIDE
    curves: dict[bool, list[list[float]]] = {False: [], True: []}
    for seed in range(chosen.seeds):
        problem = Plan(chosen.source, split={"validation_fold": seed % 5, "test_share": 0.0}, size=size).problem()
        for suggested in curves:
            curves[suggested].append(curve(problem, recipe, seed, chosen, suggested))
            print(f"seed {seed} {'suggested' if suggested else 'random'}:", end=" ")
            print(*(f"{value:.4f}" for value in curves[suggested][-1]), flush=True)
    random, suggested = (np.array(curves[name]) for name in (False, True))
    counts = chosen.start + chosen.each * np.arange(random.shape[1])
    print("| tagged | random | suggested | difference (95 % interval over seeds) |\n|---|---|---|---|")
    for at, count in enumerate(counts):
        _row(str(count), random[:, at], suggested[:, at])
    _row("mean of the rounds", random[:, 1:].mean(axis=1), suggested[:, 1:].mean(axis=1))


def _row(name: str, random: NDArray[np.float64], suggested: NDArray[np.float64]) -> None:
    difference = suggested - random
    half = t.ppf(0.975, len(difference) - 1) * difference.std(ddof=1) / np.sqrt(len(difference))
    low, high = difference.mean() - half, difference.mean() + half
    means = f"{random.mean():.4f} | {suggested.mean():.4f} | {difference.mean():+.4f}"
    print(f"| {name} | {means} ({low:+.4f} to {high:+.4f}) |")


if __name__ == "__main__":
    main()
