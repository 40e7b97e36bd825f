"""tagfit's part of field.py, in a process of its own: ``ours.py RUN GOAL SEED SECONDS OUT`` prints one JSON line."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path

# What a cure says next, where fresh seeds hold the goal, and where they do not.
EXPLAINED, NOT_MET = "adding one change at a time", "measuring what limits it"


class Over(Exception):  # noqa: N818
    """A winner was kept: what comes then explains it, for the certificate."""


def main() -> None:
    """Load, cure, print when the first trial met the goal and when fresh seeds held it."""
    folder, goal, seed, seconds, out = (
        Path(sys.argv[1]),
        json.loads(sys.argv[2]),
        *map(float, sys.argv[3:5]),
        sys.argv[5],
    )
    began = time.perf_counter()
    import torch  # noqa: F401

    from tagfit import workflow
    from tagfit.curing.progress import Progress
    from tagfit.curing.trial import Trial
    from tagfit.goal import Goal
    from tagfit.runs.run import open_run
    from tagfit.scoring import reopen

    run = open_run(folder)
    problem = reopen(run)
    loaded = time.perf_counter()
    wanted = Goal(*goal["bounds"], gap_at_most=goal["gap"])
    seen: list[tuple[float, Trial]] = []
    kept, held = 0.0, None

    def report(line: str) -> None:
        nonlocal kept, held
        if line.startswith("kept"):
            kept = time.perf_counter() - loaded
        elif line in (EXPLAINED, NOT_MET):
            held = kept if line == EXPLAINED else None
            raise Over

    progress = Progress(report=report, on_trial=lambda trial: seen.append((time.perf_counter() - loaded, trial)))
    with contextlib.suppress(Over):
        workflow.cure(run, wanted, problem=problem, seed=int(seed), budget=seconds, out=out, progress=progress)
    judged = [(at, trial) for at, trial in seen if trial.completed]
    met = next((at for at, trial in judged if wanted.met_by(trial.values)), None)
    best = next(
        (trial for _, trial in judged if wanted.met_by(trial.values)),
        max((trial for _, trial in judged), key=lambda trial: wanted.merit(trial.values)),
    )
    metric = wanted.metric
    document = {
        "met_after": met,
        "held_after": held,
        "trials": len(seen),
        "train": best.values[f"train.{metric}"],
        "validation": best.values[f"validation.{metric}"],
        "loading": loaded - began,
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
