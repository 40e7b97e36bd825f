"""tagfit runs: the runs in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagfit.cli.output import AsJson, number, print_json, progress_bar, say, table
from tagfit.cli.track import Track, send, tracked
from tagfit.errors import InputError

if TYPE_CHECKING:
    from tagfit.runs.run import Run

RUNS = Path("runs")


def runs(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder that contains the run folders, or one of them.")
    ] = RUNS,
    track: Track = None,
    as_json: AsJson = False,
) -> None:
    """List the runs in a folder, oldest first, and send them to a tracker."""
    from tagfit.runs.run import list_runs

    if folder != RUNS and not folder.is_dir():
        raise InputError(f"there is no folder {folder}", instead="the folder that contains the run folders")
    found: list[dict[str, Any]] = []
    damaged: list[dict[str, str]] = []
    ended: list[Run] = []
    for run in list_runs(folder):
        try:
            found.append(run.summary())
            if found[-1]["state"] != "running":
                ended.append(run)
        except InputError as error:
            damaged.append({"run": str(run.folder), "problem": str(error)})
    with progress_bar(quiet=as_json) as bar, tracked(track, bar) as tracking:
        if tracking is not None:
            send(ended, tracking)
    if as_json:
        print_json({"runs": found, "damaged": damaged})
        return
    if found:
        say(_table(found))
    for one in damaged:
        say(f"{one['run']} is damaged: {one['problem']}")
    if not found and not damaged:
        say(f"no runs in {folder}; `tagfit train SOURCE` creates one")
    if any(run["state"] in ("killed", "interrupted", "failed") for run in found):
        say("\n`tagfit train --resume RUN` continues one that was killed, interrupted or failed")


def _table(found: list[dict[str, Any]]) -> str:
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
    return table(columns, rows, left=3)
