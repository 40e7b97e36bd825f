"""Runs: the list of all runs and cures in the folder, broken ones included."""

from __future__ import annotations

from typing import Any

from tagfit.curing.certificate import CERTIFICATE
from tagfit.curing.certificate import load as load_certificate
from tagfit.curing.request import read as read_request
from tagfit.curing.search import TRIALS
from tagfit.errors import InputError
from tagfit.report import parts
from tagfit.report.page import number
from tagfit.report.parts import Part
from tagfit.report.report import OF_VERDICT
from tagfit.runs.writing import is_being_written
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
        return frame.page("Runs", verdict, command=("tagfit", "runs"), sections=[starting], ways=frame.top("Runs"))
    live = f", {running} running now" if running else ""
    bad = f", {len(broken)} that cannot be read" if broken else ""
    verdict = parts.verdict("issue" if broken else "good", f"{_counted(len(rows), 'run')}{live}{bad}.")
    compared = [key for key, run in workspace.runs().items() if "validation" in run.scored_splits][:2]
    links = (
        [parts.link("Compare the two newest", address("compare", a=compared[1], b=compared[0]))]
        if len(compared) > 1
        else []
    )
    return frame.page(
        "Runs",
        verdict,
        command=("tagfit", "runs"),
        sections=[shown if rows else None, damaged if broken else None],
        ways=[*frame.top("Runs"), *({**link, "here": ""} for link in links)],
    )


def cures(workspace: Workspace) -> Part:
    """The cures, the newest first."""
    rows = [_cure(workspace, key) for key in workspace.cures()]
    columns = ["cure", "state", "goal", "trials"]
    shown = parts.table(columns, rows, words=3, id="cures", title="Cures", sentence="The newest first.")
    none = "There is no cure yet: the page of a run starts one."
    verdict = parts.verdict("good" if rows else "hint", f"{_counted(len(rows), 'cure')}." if rows else none)
    return frame.page("Cures", verdict, sections=[shown if rows else None], ways=frame.top("Cures"))


def cure(workspace: Workspace, key: str) -> Part:
    """One cure: its certificate, or its trials so far."""
    folder = workspace.cure(key)
    shown = workspace.shown(folder)
    trials = _trials(folder)
    log = parts.table(["trial", "why", "validation", "epochs", "seconds"], trials, words=2, id="trials", title="Trials")
    ways = [*frame.top(), {**parts.link(shown, address("cures", key)), "here": "page"}]
    if not (folder / CERTIFICATE).is_file():
        live = is_being_written(folder)
        state = "is running" if live else "was interrupted and can be resumed"
        verdict = parts.verdict("hint", f"The cure {state}: {_counted(len(trials), 'trial')} so far.")
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
    check = ("tagfit", "verify", shown)
    return frame.page(shown, verdict, command=check, sections=[table, log], ways=ways, data={"live": False})


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


def _trials(folder: Any) -> list[list[str]]:
    from tagfit.curing import trial

    try:
        found = trial.load(folder / TRIALS)
    except InputError:
        return []
    rows = []
    for one in found:
        figures = [f"{name.partition('.')[2]} {number(value)}" for name, value in one.values.items() if "valid" in name]
        rows.append([one.name, one.stopped or one.why, ", ".join(figures), str(one.epochs), number(one.seconds, ".1f")])
    return rows


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
