"""Five problems cured: before, after, and whether the goal was met or what limited it.

    python benchmarks/cure/five.py --miml MIML_SCENE --tables TABLES [--budget 600] [--only scene]

The painted set aims at the lesson's goal; miml_scene (fold 0 for validation) at a label accuracy of 0.89 with train
below 0.95; the tables at their starting run's macro F1 on validation plus 0.02 with a gap of at most 0.10.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import tagfit
from tagfit.data.generate import generate
from tagfit.data.plan import Plan
from tagfit.data.problem import Problem

TABLES = ("scene", "emotions", "yeast")
GAIN, GAP = 0.02, 0.10


def table(folder: Path) -> Problem:
    """The official train and test, a stratified part of train for validation."""
    name = folder.name
    plan = Plan(
        data=str(folder / f"{name}-train.arff"),
        test=str(folder / f"{name}-test.arff"),
        split={"validation_share": 0.2, "seed": 0},
    )
    return plan.problem()


def main() -> None:
    """Print a row for each problem as it ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--miml", type=Path)
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--budget", type=float, default=600.0)
    parser.add_argument("--only", action="append", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        problems: dict[str, tuple[Problem, list[str]]] = {}
        wanted = options.only or ["generated", "miml_scene", *TABLES]
        if "generated" in wanted:
            pictures = generate(Path(scratch) / "pictures")
            problems["generated"] = (Plan(data=str(pictures.directory)).problem(), ["lesson"])
        if "miml_scene" in wanted and options.miml:
            plan = Plan(data=str(options.miml), split={"validation_fold": 0, "test_share": 0})
            problems["miml_scene"] = (plan.problem(), ["validation.label_accuracy>=0.89", "train.label_accuracy<0.95"])
        for name in TABLES:
            if name in wanted and options.tables:
                problems[name] = (table(options.tables / name), [])
        for name, (problem, goal) in problems.items():
            began = time.perf_counter()
            run = tagfit.fit(problem, "plain-dense", out=Path(scratch) / name / "plain")
            gap = None
            if not goal:
                now = tagfit.evaluate(run)["validation"]["macro_f1"]
                goal, gap = [f"validation.macro_f1>={now + GAIN:.4f}"], GAP
            found = tagfit.cure(
                run, goal, problem=problem, gap_at_most=gap, budget=options.budget, out=Path(scratch) / name / "cure"
            )
            report(name, found, time.perf_counter() - began)


def report(name: str, found: tagfit.Certificate, seconds: float) -> None:
    """One problem: its figures on every split, the verdict and what limits it."""
    document = found.document
    metric = document["goal"]["metric"]
    print(f"{name}: {', '.join(bound['text'] for bound in document['bounds'])}")
    for side in ("before", "after"):
        told = []
        for split, judged in document[side]["splits"].items():
            value, f1 = (judged["metrics"][name]["value"] for name in (metric, "macro_f1"))
            told.append(f"{split} {metric} {value:.3f}" + (f" macro F1 {f1:.3f}" if metric != "macro_f1" else ""))
        print(f"  {side:>6}: {'; '.join(told)}")
    means = {figure: value for figure, value in document["means"].items() if figure.endswith(f".{metric}")}
    print(f"  means of the fresh seeds: {', '.join(f'{figure} {value:.3f}' for figure, value in means.items())}")
    trials = document["search"]["trials"]
    print(f"  {found.verdict} after {trials} trials and {seconds:.0f} s; exit code {found.exit_code}")
    if document["optimism"] is not None:
        one = document["optimism"]
        print(f"  optimism {one['value']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f}): {one['says']}")
    for limit in (document["limits"] or {"says": []})["says"]:
        print(f"  limited by {limit['what']}: {limit['says']}")
    print(flush=True)


if __name__ == "__main__":
    main()
