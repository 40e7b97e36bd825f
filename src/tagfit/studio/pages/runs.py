"""Runs: the list of all runs in the folder, broken ones included; the first page, so nothing slow is imported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tagfit.errors import InputError
from tagfit.report import parts
from tagfit.report.page import number
from tagfit.report.parts import Part
from tagfit.runs.run import list_runs
from tagfit.studio.pages import frame
from tagfit.studio.workspace import Workspace, address

EMPTY = (
    ("tagfit demo", "the whole workflow on generated pictures, in about three minutes"),
    ("tagfit train SOURCE", "train on your own pictures and tags; then load this page again"),
    ("tagfit data check SOURCE", "what is in a source, before anything is trained"),
)
STATES = {"running": "running now", "killed": "was killed and can be resumed", "interrupted": "can be resumed"}


def runs(workspace: Workspace) -> Part:
    """The runs, the newest first."""
    rows, broken = [], []
    running = 0
    for key, run in workspace.runs().items():
        try:
            one = run.summary()
        except InputError as error:
            broken.append([workspace.shown(run.folder), error.faults[0].what])
            continue
        running += one["state"] == "running"
        where = "curves" if one["state"] == "running" or not run.scored_splits else ""
        rows.append(
            [
                parts.link(workspace.shown(run.folder), address("runs", key, *([where] if where else []))),
                one["state"],
                one["recipe"],
                str(one["seed"]),
                str(one["epochs"]),
                number(one["train_loss"]),
                number(one["validation_loss"]),
                number(one["seconds"], ".1f"),
            ]
        )
    columns = ["run", "state", "recipe", "seed", "epochs", "train loss", "validation loss", "seconds"]
    shown = parts.table(columns, rows, words=3, id="runs", title="Runs", sentence="The newest first.")
    damaged = parts.table(["run", "reason"], broken, words=2, id="broken", title="Broken runs", sentence="")
    if not rows and not broken:
        starting = parts.table(["command", "what it does"], EMPTY, words=2, id="start", title="Start here", sentence="")
        verdict = parts.verdict("hint", f"There is no run in {workspace.folder} yet.")
        ways = frame.top("frame_runs")
        return frame.page(
            "Runs",
            verdict,
            command=("tagfit", "runs"),
            sections=[starting],
            ways=ways,
            result=listed(workspace, workspace.folder / "runs"),
        )
    newest = next(iter(workspace.runs().values())).folder.parent
    place = workspace.shown(newest)
    live = f", {running} running now" if running else ""
    bad = f", {len(broken)} that cannot be read" if broken else ""
    verdict = parts.verdict("issue" if broken else "good", f"{frame.counted(len(rows), 'run')}{live}{bad}.")
    compared = [key for key, run in workspace.runs().items() if "validation" in run.scored_splits][:2]
    links = (
        [parts.link("Compare the two newest", address("compare", a=compared[1], b=compared[0]))]
        if len(compared) > 1
        else []
    )
    return frame.page(
        "Runs",
        verdict,
        command=("tagfit", "runs", *([] if place == "runs" else [place])),
        result=listed(workspace, newest),
        sections=[shown if rows else None, damaged if broken else None],
        ways=[*frame.top("frame_runs"), *({**link, "here": ""} for link in links)],
    )


def listed(workspace: Workspace, folder: Path) -> Callable[[], dict[str, Any]]:
    """What ``tagfit runs DIR --json`` prints; the folder may be one run."""

    def made() -> dict[str, Any]:
        found, damaged = [], []
        for run in list_runs(folder):
            shown = {"run": workspace.shown(run.folder)}
            try:
                found.append({**run.summary(), **shown})
            except InputError as error:
                damaged.append({**shown, "problem": str(error).replace(str(run.folder), shown["run"])})
        return {"runs": found, "damaged": damaged}

    return made
