"""What calibration a label gains where the true probabilities are known, and how often its intervals hold the truth.

Run: python benchmarks/evaluation/calibration.py [--repeats 200]
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray
from populations import Population

from tagfit.evaluation.calibration import calibrate
from tagfit.evaluation.calibration_error import calibration_errors
from tagfit.scores import Scores

PREVALENCES = (0.03, 0.1, 0.3, 0.5)
RESAMPLES = 300
Floats = NDArray[np.float64]


def logit(values: Floats) -> Floats:
    held = np.clip(values, 1e-9, 1 - 1e-9)
    return np.log(held / (1 - held))


def true_error(population: Population) -> Floats:
    """The calibration error of each label (in as many bins), as exactly as a million draws tell."""
    return calibration_errors(population.draw(1_000_000, np.random.default_rng(0)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=200)
    options = parser.parse_args()
    print(
        "| sharpness | n | prevalence | method | true error | estimate before | interval covers | estimate after "
        "| mean distance to the true probability, before and after |\n|---|---|---|---|---|---|---|---|---|"
    )
    for sharpness in (1.0, 2.5):
        population = Population(PREVALENCES, skill=1.5, sharpness=sharpness)
        truth = true_error(population)
        for n in (500, 2000):
            rng = np.random.default_rng(n)
            rows, methods = [], []
            for repeat in range(options.repeats):
                cases = population.draw(n, rng)
                scores = Scores.of(cases.truth, cases.scores)
                found = calibrate(scores, repeats=RESAMPLES, seed=repeat)
                given = cases.scores.astype(np.float64)
                known = 1 / (1 + np.exp(-logit(given) / sharpness))
                held = [
                    record.before_interval is not None
                    and record.before_interval[0] <= true <= record.before_interval[1]
                    for record, true in zip(found.labels, truth, strict=True)
                ]
                rows.append(
                    [
                        [record.before for record in found.labels],
                        held,
                        [record.after for record in found.labels],
                        np.abs(given - known).mean(axis=0),
                        np.abs(found.scores.scores - known).mean(axis=0),
                    ]
                )
                methods.append([record.method for record in found.labels])
            mean = np.mean(rows, axis=0)
            for label, prevalence in enumerate(PREVALENCES):
                names = [row[label] for row in methods]
                method = max(set(names), key=names.count)
                before, share, after, far, near = mean[:, label]
                print(
                    f"| {sharpness} | {n} | {prevalence} | {method} | {truth[label]:.3f} | {before:.3f} | {share:.0%} "
                    f"| {after:.3f} | {far:.3f}, {near:.3f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
