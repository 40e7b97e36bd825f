"""Real photos: copies across a random split, an overfitted net and a regularised one, each diagnosed."""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from tagfit import workflow
from tagfit.data.plan import Plan
from tagfit.data.problem import Problem
from tagfit.diagnosis.diagnose import CHECKS, diagnose
from tagfit.diagnosis.finding import Findings

CODE = "near-duplicates-across-splits"
RECIPES = ("plain-dense", "regularised-conv")


def told(name: str, found: Findings) -> None:
    fit = [f"{one.code} ({one.severity})" for one in found.fired if one.family == "fit"]
    others = [f"{one.code} ({one.severity})" for one in found.fired if one.family != "fit"]
    print(f"{name}: fit: {', '.join(fit) or 'nothing'}; others: {', '.join(others) or 'nothing'}", flush=True)
    for finding in found.fired:
        print(f"    {finding.code}: {finding.verdict.says}")


def looked_for_copies(problem: Problem) -> Findings:
    """The check for copies alone; no model is needed for it."""
    sides = {}
    for split in ("train", "validation"):
        part = problem.part(split)
        scores = np.full(part.truth.shape, 0.5)
        sides[split] = {"truth": part.truth, "scores": scores, "ids": part.ids, "inputs": problem.inputs[part.rows]}
    return diagnose(**sides, mute=[check.code for check in CHECKS if check.code != CODE])


def copies_across(found: Findings, groups: dict[str, str]) -> str:
    """How many of the copies confirmed by eye stand across the split, and how many of these were found."""
    train, validation = found.material.train, found.material.validation
    assert train is not None
    assert validation is not None
    pairs = found[CODE].evidence["pairs"]
    seen = {frozenset(Path(name).name for name in pair) for pair in pairs}
    names = {side: [Path(str(name)).name for name in side.scores.ids] for side in (train, validation)}
    there = {
        frozenset((one, other))
        for one in names[train]
        for other in names[validation]
        if one in groups and groups[one] == groups.get(other)
    }
    return f"{len(there & seen)} of {len(there)} pairs confirmed by eye, {len(seen - there)} others"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="a folder with tags.csv (a fold column) and near_duplicates.csv")
    parser.add_argument("--seeds", type=int, default=3, help="of the random split")
    chosen = parser.parse_args()
    with (chosen.photos / "near_duplicates.csv").open(encoding="utf-8") as file:
        groups = {row["image"]: row["group"] for row in csv.DictReader(file)}
    plan = Plan(data=str(chosen.photos), size=64)
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(chosen.seeds):
            problem = replace(plan, split={"method": "random", "seed": seed}).problem()
            print(f"random split, seed {seed}: {copies_across(looked_for_copies(problem), groups)}", flush=True)
        problem = replace(plan, split={"validation_fold": 0, "test_share": 0.0}).problem()
        for recipe in RECIPES:
            run = workflow.fit(problem, recipe, out=Path(folder) / recipe)
            started = time.perf_counter()
            found = workflow.diagnose(run)
            told(f"{recipe} on fold 0, diagnosed in {time.perf_counter() - started:.1f} s", found)


if __name__ == "__main__":
    main()
