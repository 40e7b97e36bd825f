"""Which threshold strategy gives the best macro F1 on rows it has not seen: yeast, emotions, corel5k.

Extra trees are trained on the official train split; the thresholds are chosen on its cross-fitted scores; judged on the
official test split, over the labels that have a positive there. Differences are paired over the test rows, each
resample averaged over the seeds, so the interval holds for new pictures and an average training.

Run: python benchmarks/evaluation/strategies.py TABLES [--seeds 10] [--sets emotions yeast corel5k]
where TABLES holds the folders of those names with MULAN's ARFF and XML files.
"""

from __future__ import annotations

import argparse
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import KFold

from tagfit.evaluation.cases import Cases
from tagfit.evaluation.cut_curves import Ladder
from tagfit.evaluation.intervals import bootstrap, difference_interval
from tagfit.evaluation.metrics import find
from tagfit.evaluation.strategies import BestF, Fixed, OneForAll
from tagfit.evaluation.totals import Observed

FOLDS = 5
RESAMPLES = 500
FILES = {
    "emotions": ("emotions-{}.arff", "emotions.xml"),
    "yeast": ("yeast-{}.arff", "yeast.xml"),
    "corel5k": ("Corel5k-{}-sparse.arff", "Corel5k.xml"),
}
STRATEGIES = {
    "0.5": Fixed(0.5),
    "single threshold": OneForAll(1.0),
    "one per label": BestF(1.0),
    "shrunk 5": BestF(1.0, 5.0),
    "shrunk 25": BestF(1.0, 25.0),
    "shrunk 100": BestF(1.0, 100.0),
}
PAIRS = (
    ("single threshold", "0.5"),
    ("one per label", "single threshold"),
    ("shrunk 5", "one per label"),
    ("shrunk 25", "one per label"),
    ("shrunk 100", "one per label"),
    ("shrunk 25", "single threshold"),
)

Table = tuple[NDArray[np.float32], NDArray[np.uint8]]


def read(arff: Path, xml: Path) -> Table:
    """Features and labels of a dense or sparse ARFF whose labels are named in the XML."""
    text = arff.read_text(encoding="utf-8", errors="replace")
    head, _, body = re.split(r"(?im)^(@data)\s*$", text, maxsplit=1)
    names = [name.strip("'\"") for name in re.findall(r"(?im)^@attribute\s+('[^']*'|\"[^\"]*\"|\S+)", head)]
    labels = {node.get("name") for node in ET.parse(xml).iter() if node.tag.endswith("label")}
    rows = [line.strip() for line in body.splitlines() if line.strip() and not line.startswith("%")]
    table = np.zeros((len(rows), len(names)), dtype=np.float32)
    for number, row in enumerate(rows):
        if row.startswith("{"):
            for cell in filter(None, row.strip("{}").split(",")):
                column, value = cell.split()
                table[number, int(column)] = float(value)
        else:
            table[number] = [float(cell) for cell in row.split(",")]
    is_label = np.array([name in labels for name in names])
    return table[:, ~is_label], table[:, is_label].astype(np.uint8)


def scored(train: Table, inputs: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Probabilities of extra trees for some rows, (N, L)."""
    trees = ExtraTreesClassifier(n_estimators=60, min_samples_leaf=2, random_state=seed, n_jobs=1)
    given = trees.fit(*train).predict_proba(inputs)
    columns = [
        p[:, 1] if p.shape[1] == 2 else np.full(len(p), float(c[0])) for p, c in zip(given, trees.classes_, strict=True)
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def judged(train: Table, test: Table, seed: int) -> dict[str, tuple[float, NDArray[np.float64]]]:
    """Macro F1 on test of each strategy, and the same in each resample."""
    inputs, truth = train
    crossed = np.empty(truth.shape, dtype=np.float32)
    for rest, out in KFold(FOLDS, shuffle=True, random_state=seed).split(inputs):
        crossed[out] = scored((inputs[rest], truth[rest]), inputs[out], seed)
    scores = scored(train, test[0], seed)
    half = np.full(truth.shape[1], 0.5)
    chosen_on = Cases(truth, None, crossed, half, None)
    curves = [Ladder.of(chosen_on, label).curve() for label in range(truth.shape[1])]
    present = test[1].any(axis=0)
    metric = find("macro_f1")
    found = {}
    for name, strategy in STRATEGIES.items():
        cuts = np.array([choice.cut for choice in strategy.choose(curves)])[present]
        observed = Observed(Cases(np.ascontiguousarray(test[1][:, present]), None, scores[:, present], cuts, None))
        values = bootstrap([metric], observed, RESAMPLES)[metric.name].values
        found[name] = (float(metric.value(observed)), values)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--sets", nargs="+", default=list(FILES), choices=list(FILES))
    options = parser.parse_args()
    for name in options.sets:
        arff, xml = FILES[name]
        folder = options.tables / name
        train, test = (read(folder / arff.format(split), folder / xml) for split in ("train", "test"))
        runs = [judged(train, test, seed) for seed in range(options.seeds)]
        shape = f"{len(train[1])} train, {len(test[1])} test, {test[1].any(axis=0).sum()} of {test[1].shape[1]} labels"
        print(f"\n{name} ({shape}, {options.seeds} seeds)\n\n| strategy | macro F1 on test |\n|---|---|")
        for strategy in STRATEGIES:
            print(f"| {strategy} | {np.mean([run[strategy][0] for run in runs]):.4f} |")
        print("\n| difference | macro F1 | 95 % interval |\n|---|---|---|")
        for one, other in PAIRS:
            difference = float(np.mean([run[one][0] - run[other][0] for run in runs]))
            moved = np.mean([run[one][1] - run[other][1] for run in runs], axis=0)
            low, high, _ = difference_interval(difference, moved, widening=1.0) or (np.nan, np.nan, np.nan)
            print(f"| {one} minus {other} | {difference:+.4f} | {low:+.4f} to {high:+.4f} |", flush=True)


if __name__ == "__main__":
    main()
