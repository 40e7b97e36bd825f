"""Start: a new training, what a started process says, and the comparison of two runs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from tagfit import workflow
from tagfit.curing.names import CERTIFICATE
from tagfit.errors import InputError
from tagfit.recipe import FOR_PICTURES, NAMED
from tagfit.report import parts
from tagfit.report.page import number
from tagfit.report.parts import Part
from tagfit.runs.writing import is_being_written
from tagfit.studio import jobs
from tagfit.studio.desk import Desk
from tagfit.studio.pages import frame
from tagfit.studio.workspace import Workspace, address

TABLES = ("*.csv", "*/tags.csv", "studio/exports/*.csv", "*/pictures/tags.csv")


def training(workspace: Workspace, query: Mapping[str, str], estimated: str = "") -> Part:
    """The form of a new training, filled in by an address, and how long each recipe took here.

    Args:
        workspace: the folder.
        query: of the address.
        estimated: how long it will take, where that was asked for.
    """
    sources = [workspace.shown(path) for path in _sources(workspace)]
    given = workspace.folder / query.get("source", "")
    asked = workspace.shown(given)
    if asked not in sources and query.get("source") and _is_inside(workspace, given):
        sources.append(asked)
    sources.sort(key=lambda name: name != asked)
    named = query.get("recipe", "")
    recipe = named if named in NAMED else FOR_PICTURES
    count = "1 source is" if len(sources) == 1 else f"{len(sources)} sources are"
    said = f"{count} in the folder." if sources else "No table of tags is in the folder."
    fields = [
        frame.field(
            "source", "Source", sources[0] if sources else "", choices=sources, help="a table of tags in the folder"
        )
        if sources
        else frame.field("source", "Source", "", help="a table, folder or file in the folder"),
        frame.field("recipe", "Recipe", recipe, choices=list(NAMED), help="see tagfit recipes"),
        frame.field(
            "set", "Changes", query.get("set", ""), help="such as epochs=20, separated by spaces; empty for none"
        ),
        frame.field("name", "Name", query.get("name", "") or "mine", help="of the folder in runs/"),
    ]
    note = "It runs in a process of its own and goes on when this page is closed."
    form = frame.action("New training", "/train", "Start the training", fields, note, ask="Estimate the time")
    took = _times(workspace)
    recipes = parts.table(
        ["recipe", "architecture", "epochs", "took here, per epoch"],
        [[name, one.architecture, str(one.epochs), took.get(name, "")] for name, one in NAMED.items()],
        words=2,
        id="recipes",
        title="Recipes",
        sentence="Times are of finished runs in this folder, on their own sources.",
    )
    settings = [word for setting in query.get("set", "").split() for word in ("--set", setting)]
    words = ("tagfit", "train", sources[0] if sources else "SOURCE", "--recipe", recipe, *settings)
    verdict = parts.verdict("good" if sources else "hint", estimated or said)
    return frame.page(
        "New training", verdict, command=words, actions=[form], sections=[recipes], ways=frame.top("frame_train")
    )


def _times(workspace: Workspace) -> dict[str, str]:
    """Seconds an epoch took, by recipe: the median of the runs in the folder that are done."""
    seconds: dict[str, list[float]] = {}
    for run in workspace.runs().values():
        with suppress(InputError):
            one = run.summary()
            if one["state"] == "done" and one["epochs"]:
                seconds.setdefault(str(one["recipe"]), []).append(float(one["seconds"]) / int(one["epochs"]))
    return {recipe: f"{number(float(np.median(values)), '.2g')} s" for recipe, values in seconds.items()}


def _is_inside(workspace: Workspace, path: Path) -> bool:
    return path.exists() and path.resolve().is_relative_to(workspace.folder)


def compare(one: Desk, other: Desk) -> Part:
    """Two runs on the same pictures: paired differences with intervals."""
    names = [desk.workspace.shown(desk.run.folder) for desk in (one, other)]

    def made() -> object:
        return workflow.compare(one.scores("validation"), other.scores("validation"), names=names)

    key = ("compare", *names, one.version("validation"), other.version("validation"))
    found = one.work.get(key, "comparing two runs", made, one.patience)
    shown = [each for each in (*found.overall, *found.labels) if each.label == "" or each.shown]  # type: ignore[attr-defined]
    rows = [
        [
            each.label or "all labels",
            each.metric,
            number(each.first),
            number(each.second),
            number(each.difference, "+.3f"),
            "" if each.low is None else f"{number(each.low, '+.3f')} to {number(each.high, '+.3f')}",
            each.verdict,
        ]
        for each in shown
    ]
    columns = ["label", "metric", *names, "difference", "95 % interval", "verdict"]
    better = [each for each in found.overall if each.shown]  # type: ignore[attr-defined]
    said = f"{names[1]} against {names[0]}: " + (
        "; ".join(f"{each.metric} is {each.verdict} by {number(abs(each.difference))}" for each in better[:3])
        if better
        else "no difference of the whole models is shown"
    )
    table = parts.table(columns, rows, words=2, id="differences", title="Paired differences")
    ways = [*frame.top(), {**parts.link("Compare", ""), "here": "page"}]
    return frame.page(
        "Compare", parts.verdict("good" if better else "hint", f"{said}."),
        command=("tagfit", "compare", *names), sections=[table], ways=ways,
    )  # fmt: skip


def starting(workspace: Workspace, key: str) -> Part:
    """A training or a cure that was started or resumed: what it says until it writes, and where it then is."""
    said, ended = jobs.said(workspace, key)
    words = jobs.words_of(workspace, key)
    command = ("tagfit", *words) if words else ()
    found = _begun(workspace, key, ended)
    lines = parts.table(["what it says"], [[line] for line in said.splitlines()[-20:]], id="log", title="")
    if found is None:
        verdict = ("issue", "It ended before it began.") if ended else ("hint", "It is starting.")
        title, shown, ways, to, over = "Starting", [lines] if said else [], frame.top(), "", ended
    elif found[1]:
        title, verdict, shown, to, over = "It has begun", ("good", "It has begun."), [], found[0], False
        ways = [*frame.top(), {**parts.link("Where it is", to), "here": ""}]
    else:
        title, verdict, shown, to, over = "Ended", ("issue", "It ended before it was done."), [lines], "", True
        ways = [*frame.top(), {**parts.link("Where it is", found[0]), "here": ""}]
    data = {"over": over, "to": to}
    return frame.page(title, parts.verdict(*verdict), command=command, sections=shown, ways=ways, data=data)


def _begun(workspace: Workspace, key: str, ended: bool) -> tuple[str, bool] | None:
    """The address of a job's page, and whether to go there: it is at work, or was finished; None before that."""
    runs, cures = workspace.runs(), workspace.cures()
    if key in runs:
        folder, to, done = runs[key].folder, address("runs", key, "curves"), runs[key].state == "done"
    elif key in cures:
        folder, to, done = cures[key], address("cures", key), (cures[key] / CERTIFICATE).is_file()
    else:
        return None
    if is_being_written(folder) or (ended and done):
        return to, True
    return (to, False) if ended else None


def chosen(workspace: Workspace, form: Mapping[str, str]) -> tuple[str, Path]:
    """The source that a form names, and the file or folder behind it."""
    path = workspace.inside(form.get("source", ""))
    return workspace.shown(path), path


def _sources(workspace: Workspace) -> list[Path]:
    found = [path for pattern in TABLES for path in sorted(workspace.folder.glob(pattern)) if path.is_file()]
    inside = [path for path in found if path.resolve().is_relative_to(workspace.folder)]
    return list(dict.fromkeys(inside))
