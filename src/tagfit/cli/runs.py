"""tagfit runs: the runs in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tagfit.cli.output import AsJson, number, print_json, say, table


def runs(
    folder: Annotated[Path, typer.Argument(help="Where the run folders are.")] = Path("runs"), as_json: AsJson = False
) -> None:
    """List the runs below a folder, oldest first."""
    from tagfit.runs.run import list_runs

    found = [run.summary() for run in list_runs(folder)]
    if as_json:
        print_json({"runs": found})
        return
    if not found:
        say(f"no runs in {folder}; `tagfit train SOURCE` makes one")
        return
    rows = [
        [
            run["run"],
            run["state"],
            run["recipe"],
            run["seed"],
            run["epochs"],
            number(run["train_loss"]),
            number(run["validation_loss"]),
            number(run["seconds"], 1),
        ]
        for run in found
    ]
    columns = ["run", "state", "recipe", "seed", "epochs", "train loss", "validation loss", "seconds"]
    say(table(columns, rows, left=3))
