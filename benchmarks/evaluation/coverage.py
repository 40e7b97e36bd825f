"""How often the 95 % intervals hold the true value, where the truth is known: the table behind the choice of method.

Run: python benchmarks/evaluation/coverage.py [--repeats 2000] [--resamples 1000]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from populations import Population

from tagfit.evaluation.intervals import bootstrap, independent_positives, metric_interval
from tagfit.evaluation.metrics import find
from tagfit.evaluation.totals import Observed

METRICS = tuple(find(name) for name in ("label_accuracy", "macro_f1", "mAP"))
TRUTH_ROWS = 1_000_000
LABELS = 10


def regimes() -> list[tuple[str, int, Population]]:
    """Frequent: every label has at least 25 expected positives, the rarest just so; rare: 1 to 5 %."""
    found = []
    for n in (500, 2000):
        for model, skill, threshold in (("good model", 2.5, 0.5), ("weak model", 1.5, 0.25)):
            frequent = tuple(np.geomspace(26 / n, 0.5, LABELS))
            rare = tuple(np.linspace(0.01, 0.05, LABELS))
            for name, prevalences in (("frequent", frequent), ("rare", rare)):
                found.append((f"{name}, {model}", n, Population(prevalences, skill=skill, threshold=threshold)))
    return found


def covered(population: Population, n: int, repeats: int, resamples: int, seed: int) -> dict[str, list[float]]:
    """For each metric: its true value, then the shares covered, too high and too low, the width, the share that plain
    percentiles cover, and the share of intervals marked as resting on too few positives."""
    rng = np.random.default_rng(seed)
    whole = Observed(population.draw(TRUTH_ROWS, rng))
    truth = {metric.name: float(metric.value(whole)) for metric in METRICS}
    tally = {metric.name: np.zeros(6) for metric in METRICS}
    for repeat in range(repeats):
        observed = Observed(population.draw(n, rng))
        replicates = bootstrap(METRICS, observed, resamples, seed=repeat)
        positives = independent_positives(observed, None)
        for metric in METRICS:
            found, note = metric_interval(metric, observed, replicates[metric.name], positives)
            low, high = found or (np.nan, np.nan)
            true = truth[metric.name]
            plain = np.nanquantile(replicates[metric.name].values, [0.025, 0.975])
            tally[metric.name] += (
                low <= true <= high,
                true < low,
                true > high,
                high - low,
                plain[0] <= true <= plain[1],
                bool(note),
            )
    return {name: [truth[name], *(row / repeats)] for name, row in tally.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20)
    options = parser.parse_args()
    print("| regime | n | metric | true value | covered | low / high | mean width | percentile covers | marked |")
    print("|---|---|---|---|---|---|---|---|---|")
    start = time.perf_counter()
    for name, n, population in regimes():
        for metric, row in covered(population, n, options.repeats, options.resamples, options.seed).items():
            true, share, below, above, width, percentile, marked = row
            print(
                f"| {name} | {n} | {metric} | {true:.3f} | {share:.1%} | {above:.1%} / {below:.1%} | {width:.3f} "
                f"| {percentile:.1%} | {marked:.0%} |",
                flush=True,
            )
    print(f"\n{options.repeats} repeats, {options.resamples} resamples each; {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
