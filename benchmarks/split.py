"""How alike the parts of a split are: tagfit, iterative-stratification and a random split, over a folder of tables.

pip install iterative-stratification==0.1.9
python benchmarks/split.py TABLES [--seeds 10] [--large]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from iterstrat.ml_stratifiers import MultilabelStratifiedKFold, MultilabelStratifiedShuffleSplit
from numpy.typing import NDArray

from tagfit.data.read import read
from tagfit.data.scenes.generate import generate
from tagfit.data.splits.stratify import assign, assign_at_random

HOLDOUT = (0.7, 0.15, 0.15)
FOLDS = (0.2,) * 5


@dataclass(frozen=True)
class Distance:
    """How far the parts are from the whole; 0 is best everywhere.

    Attributes:
        labels: mean over parts and labels of |share of the label in the part - in all rows|, in percent points.
        pairs: the same over the pairs of labels that are ever on together.
        missing: how many (part, label) lack the label although it has at least as many positives as there are parts.
        sizes: the largest deviation of a part from its requested size, in rows.
    """

    labels: float
    pairs: float
    missing: float
    sizes: float


def distance(truth: NDArray[np.uint8], part: NDArray[np.int64], shares: tuple[float, ...]) -> Distance:
    y = truth.astype(np.float32)
    together = y.T @ y
    left, right = np.nonzero(np.triu(together, 1))
    counts = y.sum(axis=0)
    labels, pairs, missing, sizes = [], [], 0, []
    for number, share in enumerate(shares):
        mine = y[part == number]
        rows = max(len(mine), 1)
        labels.append(np.abs(mine.sum(axis=0) / rows - counts / len(y)).mean())
        pairs.append(np.abs((mine.T @ mine)[left, right] / rows - together[left, right] / len(y)).mean())
        missing += int(((mine.sum(axis=0) == 0) & (counts >= len(shares))).sum())
        sizes.append(abs(len(mine) - share * len(y)))
    return Distance(100 * float(np.mean(labels)), 100 * float(np.mean(pairs)), missing, float(max(sizes)))


def by_tagfit(truth: NDArray[np.uint8], shares: tuple[float, ...], seed: int) -> NDArray[np.int64]:
    keys = [str(row) for row in range(len(truth))]
    return assign(truth, np.ones(truth.shape, dtype=bool), shares, keys=keys, seed=seed)


def by_iterative_stratification(truth: NDArray[np.uint8], shares: tuple[float, ...], seed: int) -> NDArray[np.int64]:
    """Its k folds, or its hold-out split: the last part first, then the next out of the rest."""
    part = np.zeros(len(truth), dtype=np.int64)
    if len(set(shares)) == 1:
        folds = MultilabelStratifiedKFold(len(shares), shuffle=True, random_state=seed).split(truth, truth)
        for number, (_, rows) in enumerate(folds):
            part[rows] = number
        return part
    left, room = np.arange(len(truth)), 1.0
    for number in range(len(shares) - 1, 0, -1):
        cut = MultilabelStratifiedShuffleSplit(1, test_size=shares[number] / room, random_state=seed)
        keep, out = next(cut.split(truth[left], truth[left]))
        part[left[out]] = number
        left, room = left[keep], room - shares[number]
    return part


def by_chance(truth: NDArray[np.uint8], shares: tuple[float, ...], seed: int) -> NDArray[np.int64]:
    return assign_at_random(len(truth), shares, keys=[str(row) for row in range(len(truth))], seed=seed)


METHODS: dict[str, Callable[[NDArray[np.uint8], tuple[float, ...], int], NDArray[np.int64]]] = {
    "tagfit": by_tagfit,
    "iterative-stratification": by_iterative_stratification,
    "random": by_chance,
}


def read_truth(folder: Path) -> NDArray[np.uint8]:
    """The truth of a MULAN table: of its whole file, or where there is none, of train and test together."""
    files = sorted(folder.glob("*.arff"))
    whole = [path for path in files if "train" not in path.stem and "test" not in path.stem]
    return np.concatenate([read(path, learnable=False).truth for path in whole or files])


def generated(rows: int, labels: int, seed: int = 0) -> NDArray[np.uint8]:
    """Labels of falling prevalence that hang on four shared factors."""
    random = np.random.default_rng(seed)
    factors = random.normal(size=(rows, 4)).astype(np.float32)
    loads = random.normal(size=(4, labels)).astype(np.float32)
    score = factors @ loads + random.normal(size=(rows, labels)).astype(np.float32)
    limit = np.array([np.quantile(score[:, at], 1 - 0.3 / (1 + at)) for at in range(labels)])
    return (score > limit).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path, help="a folder that holds MULAN tables, one folder each")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="time 100,000 rows x 80 labels instead")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    chosen = parser.parse_args()
    if chosen.large:
        return time_large()

    sets = {folder.name: read_truth(folder) for folder in sorted(chosen.tables.iterdir())}
    sets["generated"] = generated(2000, 20)
    with tempfile.TemporaryDirectory() as folder:  # the tags of `tagfit data generate`
        sets["painted"] = read(generate(Path(folder) / "pictures").directory).truth
    records = []
    print(f"mean of {chosen.seeds} seeds; shares in percent points, missing in (part, label), sizes in rows\n")
    print(
        f"{'set':<10} {'split':<9} {'method':<25} {'labels':>8} {'pairs':>8} {'missing':>8} {'sizes':>7} {'seconds':>8}"
    )
    for name, truth in sets.items():
        for split, shares in (("70/15/15", HOLDOUT), ("5 folds", FOLDS)):
            for method, cut in METHODS.items():
                start = time.perf_counter()
                runs = [asdict(distance(truth, cut(truth, shares, seed), shares)) for seed in range(chosen.seeds)]
                seconds = (time.perf_counter() - start) / chosen.seeds
                mean = {field: float(np.mean([run[field] for run in runs])) for field in runs[0]}
                records.append({"set": name, "split": split, "method": method, "seconds": seconds, **mean})
                print(
                    f"{name:<10} {split:<9} {method:<25} {mean['labels']:8.4f} {mean['pairs']:8.4f} "
                    f"{mean['missing']:8.1f} {mean['sizes']:7.2f} {seconds:8.3f}"
                )
    print(f"\nwhere tagfit is worse than another method: {worse(records) or 'nowhere'}")
    if chosen.json:
        chosen.json.write_text(json.dumps(records, indent=2), encoding="utf-8")
    return None


def worse(records: list[dict[str, Any]]) -> list[str]:
    """Each figure of tagfit that another method beats on the same set and split."""
    mine = {(record["set"], record["split"]): record for record in records if record["method"] == "tagfit"}
    return [
        f"{record['set']} {record['split']} {field}: {mine[record['set'], record['split']][field]} > {record[field]}"
        for record in records
        for field in Distance.__dataclass_fields__
        if mine[record["set"], record["split"]][field] > record[field] * (1 + 1e-6) + 1e-6
    ]


def time_large() -> None:
    truth = generated(100_000, 80)
    print(f"100,000 rows x 80 labels, {truth.sum(axis=1).mean():.1f} labels a row")
    for method, cut in METHODS.items():
        start = time.perf_counter()
        part = cut(truth, HOLDOUT, 0)
        print(f"{method:<25} {time.perf_counter() - start:8.1f} s  {distance(truth, part, HOLDOUT)}")


if __name__ == "__main__":
    main()
