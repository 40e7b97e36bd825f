"""Cures: the list of all cures in the folder, and one of them: its certificate, or its trials so far."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tagfit.curing import trial
from tagfit.curing.certificate import load as load_certificate
from tagfit.curing.names import CERTIFICATE, TRIALS
from tagfit.curing.request import read as read_request
from tagfit.errors import InputError
from tagfit.report import parts
from tagfit.report.page import number
from tagfit.report.parts import Part
from tagfit.report.report import OF_VERDICT
from tagfit.runs.writing import is_being_written
from tagfit.studio import results
from tagfit.studio.pages import frame
from tagfit.studio.work import Work
from tagfit.studio.workspace import Workspace, address


def cures(workspace: Workspace) -> Part:
    """The cures, the newest first."""
    rows = [_cure(workspace, key) for key in workspace.cures()]
    columns = ["cure", "state", "goal", "trials"]
    shown = parts.table(columns, rows, words=3, id="cures", title="Cures", sentence="The newest first.")
    none = "There is no cure yet: the page of a run starts one."
    verdict = parts.verdict("good" if rows else "hint", f"{frame.counted(len(rows), 'cure')}." if rows else none)
    return frame.page(
        "Cures", verdict, command=_command(workspace), sections=[shown if rows else None], ways=frame.top("frame_cures")
    )


def _command(workspace: Workspace) -> tuple[str, ...]:
    """What shows the finished cures in one report; without one, what resumes the newest, or begins the first."""
    folders = list(workspace.cures().values())
    done = [workspace.shown(folder) for folder in folders if (folder / CERTIFICATE).is_file()]
    if done:
        return ("tagfit", "report", *done)
    return ("tagfit", "cure", *(["--resume", workspace.shown(folders[0])] if folders else ["RUN", "--goal", "lesson"]))


def cure(workspace: Workspace, work: Work, key: str, patience: float) -> Part:
    """One cure: its certificate, or its trials so far."""
    folder = workspace.cure(key)
    shown = workspace.shown(folder)
    trials = _trials(folder)
    log = parts.table(["trial", "why", "validation", "epochs", "seconds"], trials, words=2, id="trials", title="Trials")
    ways = [*frame.top(), {**parts.link(shown, address("cures", key)), "here": "page"}]
    if not (folder / CERTIFICATE).is_file():
        live = is_being_written(folder)
        state = "is running" if live else "was interrupted and can be resumed"
        verdict = parts.verdict("hint", f"The cure {state}: {frame.counted(len(trials), 'trial')} so far.")
        words = ("tagfit", "cure", "--resume", shown)
        stop = frame.action("Stop", address("cures", key, "stop"), "Stop now", note="It can be resumed later.")
        resume = frame.action("Resume", address("cures", key, "resume"), "Resume", note="It goes on where it stopped.")
        actions = [stop if live else resume]
        data = {"live": live}
        return frame.page(shown, verdict, command=words, sections=[log], ways=ways, actions=actions, data=data)
    certificate = load_certificate(folder)
    document = certificate.document
    verdict = parts.verdict(OF_VERDICT[document.verdict], document.sentence)
    figures: list[list[str]] = []
    for split in document.after.splits:
        if split in document.before.splits:
            values = [certificate.value(side, split, document.metric) for side in ("before", "after")]
            figures.append([split, *map(number, values)])
    table = parts.table(
        ["split", "before", "after"], figures, id="figures", title=f"{document.metric}, before and after"
    )
    ways.append({**parts.link("The certificate", address("cures", key, "certificate")), "here": ""})
    return frame.page(
        shown, verdict, command=("tagfit", "verify", shown), result=results.of_verification(work, folder, patience),
        sections=[table, log], ways=ways, data={"live": False},
    )  # fmt: skip


def _cure(workspace: Workspace, key: str) -> list[Any]:
    folder = workspace.cure(key)
    name = parts.link(workspace.shown(folder), address("cures", key))
    trials = str(len(_trials(folder)))
    try:
        goal = ", ".join(map(str, read_request(folder)["asked"]["goal"].get("bounds") or ["as good as it gets"]))
        if (folder / CERTIFICATE).is_file():
            return [name, load_certificate(folder).verdict, goal, trials]
    except (InputError, KeyError, AttributeError, TypeError) as error:
        return [name, "cannot be read", str(error), trials]
    return [name, "running now" if is_being_written(folder) else "interrupted", goal, trials]


def _trials(folder: Path) -> list[list[str]]:
    try:
        found = trial.load(folder / TRIALS)
    except InputError:
        return []
    rows = []
    for one in found:
        figures = [f"{name.partition('.')[2]} {number(value)}" for name, value in one.values.items() if "valid" in name]
        rows.append([one.name, one.stopped or one.why, ", ".join(figures), str(one.epochs), number(one.seconds, ".1f")])
    return rows
