"""Five problems cured: before, after, and whether the goal was met or what limited it.

    python benchmarks/cure/five.py --miml MIML_SCENE --tables TABLES [--budget 600] [--only scene]

The generated set has the preset goal ``lesson``; miml_scene (fold 0 as validation) a label accuracy of 0.89 with train
below 0.95; the tables their starting run's macro F1 on validation plus 0.02 with a gap of at most 0.10.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import tagfit
from tagfit.data.plan import Plan
from tagfit.data.problem import Problem
from tagfit.data.scenes.generate import generate

TABLES = ("scene", "emotions", "yeast")
GAIN, GAP = 0.02, 0.10


def table(folder: Path, seed: int = 0) -> Problem:
    """The official train and test, a stratified part of train for validation, drawn by a seed."""
    name = folder.name
    plan = Plan(
        data=str(folder / f"{name}-train.arff"),
        test=str(folder / f"{name}-test.arff"),
        split={"validation_share": 0.2, "seed": seed},
    )
    return plan.problem()


def problems(
    scratch: Path, miml: Path | None, tables: Path | None, only: Sequence[str], seed: int = 0
) -> Iterator[tuple[str, Problem, list[str]]]:
    """Name, Problem and bounds of each that is wanted and there; no bounds where they hang on the starting run.

    ``seed`` is of what is painted, and of the validation split of tables. Any table of the folder may be wanted.
    """
    wanted = only or ["generated", "miml_scene", *TABLES]
    if "generated" in wanted:
        pictures = generate(scratch / "pictures", seed=seed)
        yield "generated", Plan(data=str(pictures.directory)).problem(), ["lesson"]
    if "miml_scene" in wanted and miml:
        plan = Plan(data=str(miml), split={"validation_fold": 0, "test_share": 0})
        yield "miml_scene", plan.problem(), ["validation.label_accuracy>=0.89", "train.label_accuracy<0.95"]
    for name in wanted:
        if name not in ("generated", "miml_scene") and tables:
            yield name, table(tables / name, seed), []


def aims(run: tagfit.Run, goal: list[str]) -> tuple[list[str], float | None]:
    """The bounds and the largest gap for a starting run."""
    if goal:
        return goal, None
    now = tagfit.evaluate(run)["validation"]["macro_f1"]
    return [f"validation.macro_f1>={now + GAIN:.4f}"], GAP


def main() -> None:
    """Print a row for each problem as it ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--miml", type=Path)
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--budget", type=float, default=600.0)
    parser.add_argument("--only", action="append", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for name, problem, goal in problems(Path(scratch), options.miml, options.tables, options.only):
            began = time.perf_counter()
            run = tagfit.fit(problem, "plain-dense", out=Path(scratch) / name / "plain")
            bounds, gap = aims(run, goal)
            found = tagfit.cure(
                run, bounds, problem=problem, gap_at_most=gap, budget=options.budget, out=Path(scratch) / name / "cure"
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
