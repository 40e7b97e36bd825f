"""What the losses for imbalance bring on corel5k: 374 labels, most of them on fewer than 1 picture in 100.

python benchmarks/losses.py TABLES [--seeds 5] [--epochs 30]

TABLES holds corel5k/Corel5k-train-sparse.arff and its test file. One recipe, one net; only the loss changes. A seed
draws the validation split, the weights and the order. The epoch with the best validation mAP is kept, and judged on
the official test split. Printed as a Markdown table.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path

import numpy as np
from scipy import stats

from tagfit.data.problem import Problem
from tagfit.data.read import read
from tagfit.data.splits.split import split
from tagfit.evaluation.point_metrics import point_metrics
from tagfit.recipe import Recipe
from tagfit.runs.run import Run
from tagfit.scores import Scores
from tagfit.training import fit as training
from tagfit.training.machine import choose

RECIPE = Recipe(
    widths=(512,),
    norm="batch",
    dropout=(0.5,),
    optimiser="adamw",
    learning_rate=2e-3,
    schedule="cosine",
    batch_size=128,
    weight_decay=0.05,
    monitor="mAP",
    restore_best=True,
)
LOSSES: dict[str, dict[str, object]] = {
    "bce": {},
    "bce, positive weights": {"positive_weights": "balanced"},
    "focal, gamma 2": {"loss": "focal"},
    "focal, gamma 2, alpha 0.25": {"loss": "focal", "focal_alpha": 0.25},
    "asymmetric 0 / 4 / 0.05": {"loss": "asymmetric"},
    "asymmetric, positive weights": {"loss": "asymmetric", "positive_weights": "balanced"},
}
CUTS = tuple(np.arange(0.01, 1, 0.02).tolist())
FIGURES = ("mAP", "macro F1 at 0.5", "macro F1 at one chosen threshold", "tags a picture at 0.5")


def judged(scores: Scores, cut: float) -> dict[str, float]:
    """mAP and macro F1 over the labels that have a positive here; others would count only where they are predicted."""
    there = scores.truth.any(axis=0)
    return point_metrics(
        scores.truth[:, there],
        scores.scores[:, there],
        known=None,
        weights=None,
        metrics=("mAP", "macro_f1"),
        threshold=cut,
    )


def figures(problem: Problem, recipe: Recipe, seed: int) -> dict[str, float]:
    """One training, judged on test; the chosen threshold is chosen on validation."""
    with tempfile.TemporaryDirectory() as folder:
        run: Run = training.fit(problem, recipe, seed=seed, out=Path(folder) / "run", device="cpu", threads=1)
        machine = choose(recipe, "cpu", 1)
        with machine.in_use():
            net = training.load_net(run, problem.inputs.shape[1:])
            test = training.score(net, problem, "test", recipe, machine)
        validation = run.scores("validation")
    cut = max(CUTS, key=lambda tried: judged(validation, tried)["macro_f1"])
    half, chosen = judged(test, 0.5), judged(test, cut)
    tags = float((test.scores > 0.5).sum(axis=1).mean())
    return dict(zip(FIGURES, (half["mAP"], half["macro_f1"], chosen["macro_f1"], tags), strict=True))


def printed(values: np.ndarray, base: np.ndarray) -> str:
    """Mean, and over the seeds' paired differences from ``base`` their mean with a 95 % t interval."""
    difference = values - base
    if not difference.any():
        return f"{values.mean():.3f}"
    half = stats.t.ppf(0.975, len(values) - 1) * difference.std(ddof=1) / math.sqrt(len(values))
    return f"{values.mean():.3f} ({difference.mean():+.3f} ± {half:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", type=Path)
    parser.add_argument("--seeds", type=int, default=5, help="at least 2")
    parser.add_argument("--epochs", type=int, default=30)
    asked = parser.parse_args()
    folder = asked.tables / "corel5k"
    train = read(folder / "Corel5k-train-sparse.arff")
    test = read(folder / "Corel5k-test-sparse.arff", learnable=False)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in LOSSES}
    for seed in range(asked.seeds):
        problem = split(train, test=test, validation_share=0.15, seed=seed)
        for name, changes in LOSSES.items():
            recipe = RECIPE.changed(epochs=asked.epochs, **changes)
            found[name].append(figures(problem, recipe, seed))
            print(f"seed {seed}, {name}: {found[name][-1]}", flush=True)
    judgeable = int(test.truth.any(axis=0).sum())
    print(f"\n{len(train)} rows of train, {len(test)} of test; {judgeable} of {len(test.labels)} labels judged\n")
    print(f"| loss | {' | '.join(FIGURES)} |")
    print(f"|---|{'---|' * len(FIGURES)}")
    columns = {name: np.array([[one[figure] for figure in FIGURES] for one in ones]) for name, ones in found.items()}
    for name, column in columns.items():
        cells = [printed(column[:, index], columns["bce"][:, index]) for index in range(len(FIGURES))]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
