"""The noise rate and the suspect tags on the generated set, whose wrong tags are known; scores are cross-fitted."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from tagfit.data.plan import Plan
from tagfit.data.scenes.generate import generate
from tagfit.data.scenes.scene import flipped
from tagfit.data.splits.stratify import assign
from tagfit.diagnosis.material import Side
from tagfit.diagnosis.noise import Noise

FOLDS, FEATURES_SIDE, MOST_SUSPECT = 5, 16, 100
RATES = (0.05, 0.1, 0.2)


def clean_set(folder: Path, pictures: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Small pictures as features, and their true tags."""
    made = generate(folder / "set", train=pictures, validation=2, test=0, noise=0.0)
    problem = Plan(data=str(made.directory / "tags.csv"), size=64).problem()
    part = problem.part("train")
    pixels = problem.inputs[part.rows].astype(np.float32)
    cells = 64 // FEATURES_SIDE
    shape = (len(pixels), FEATURES_SIDE, cells, FEATURES_SIDE, cells, 3)
    return pixels.reshape(shape).mean(axis=(2, 4)).reshape(len(pixels), -1), part.truth


def cross_fitted(features: NDArray[Any], tags: NDArray[np.uint8], seed: int) -> NDArray[np.float64]:
    """Probabilities of each row under a model that has not seen it."""
    keys = [str(row) for row in range(len(tags))]
    fold = assign(tags, np.ones(tags.shape, dtype=bool), [1 / FOLDS] * FOLDS, keys=keys, seed=seed)
    scores = np.empty(tags.shape)
    for held in range(FOLDS):
        rows = fold != held
        for label in range(tags.shape[1]):
            machine = make_pipeline(StandardScaler(), SVC(C=1.0, gamma="scale"))
            model = CalibratedClassifierCV(machine, ensemble=False, cv=3).fit(features[rows], tags[rows, label])
            scores[~rows, label] = model.predict_proba(features[~rows])[:, 1]
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--pictures", type=int, default=800)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        features, truth = clean_set(Path(folder), chosen.pictures)
    print(f"{len(truth)} pictures, {truth.shape[1]} labels, {chosen.draws} draws of the wrong tags a rate")
    print("| wrong tags | estimate (mean) | farthest off | within 2 points | interval covers | of 100 suspects wrong |")
    print("|---|---|---|---|---|---|")
    for rate in RATES:
        estimates, covered, right = [], 0, []
        for draw in range(chosen.draws):
            tags = flipped(truth, rate, np.random.default_rng([draw, round(100 * rate)]))
            wrong = tags != truth
            noise = Noise((Side.of("cross-fit", (tags, cross_fitted(features, tags, draw))),))
            share = float(wrong.mean())
            estimates.append(noise.rate.value - share)
            covered += noise.rate.low <= share <= noise.rate.high
            columns = {label: at for at, label in enumerate(noise.sides[0].labels)}
            right.append(sum(wrong[one["row"], columns[one["label"]]] for one in noise.suspects(MOST_SUSPECT)))
        off = np.abs(estimates)
        print(
            f"| {rate:.0%} | {rate + np.mean(estimates):.1%} | {off.max():.1%} | {(off <= 0.02).sum()} of {len(off)} | "
            f"{covered} of {len(off)} | at least {min(right)}, {np.mean(right):.1f} on average |",
            flush=True,
        )


if __name__ == "__main__":
    main()
