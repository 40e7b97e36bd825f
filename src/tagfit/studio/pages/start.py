"""Start: what a started process says, and the comparison of two runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tagfit import workflow
from tagfit.curing.names import CERTIFICATE
from tagfit.evaluation.compare import Comparison
from tagfit.report import parts
from tagfit.report.page import number
from tagfit.report.parts import Part
from tagfit.runs.writing import is_being_written
from tagfit.scores import Scores
from tagfit.studio import jobs
from tagfit.studio.desk import Desk
from tagfit.studio.pages import frame
from tagfit.studio.workspace import MissingError, Workspace, address


def compare(one: Desk, other: Desk) -> Part:
    """Two runs on the same pictures: paired differences with intervals."""
    names = [desk.workspace.shown(desk.run.folder) for desk in (one, other)]

    first, second = one.scores("validation"), other.scores("validation")
    rejudged = judged_alike(first, _files(one), second, _files(other))

    def made() -> Comparison:
        return workflow.compare(rejudged or first, second, names=names)

    key = ("compare", *names, one.version("validation"), other.version("validation"))
    found = one.work.get(key, "comparing two runs", made, one.patience)
    shown = [each for each in (*found.overall, *found.labels) if each.label == "" or each.shown]
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
    better = [each for each in found.overall if each.shown]
    said = f"{names[1]} against {names[0]}: " + (
        "; ".join(f"{each.metric} is {each.verdict} by {number(abs(each.difference))}" for each in better[:3])
        if better
        else "no difference of the whole models is shown"
    )
    if rejudged is not None:
        said += f". Their tags differ; both are judged by those of {names[1]}"
    table = parts.table(columns, rows, words=2, id="differences", title="Paired differences")
    ways = [*frame.top(), {**parts.link("Compare", ""), "here": "page"}]
    return frame.page(
        "Compare", parts.verdict("good" if better else "hint", f"{said}."),
        command=("tagfit", "compare", *names), result=found.to_dict, sections=[table], ways=ways,
        actions=[_compare_others(one.workspace, names)],
    )  # fmt: skip


def _compare_others(workspace: Workspace, names: Sequence[str]) -> dict[str, Any]:
    """The form that compares two runs, with those of the page chosen."""
    known = [workspace.shown(run.folder) for run in workspace.runs().values() if "validation" in run.scored_splits]
    fields = [
        frame.field("b", "Run", names[1], choices=known),
        frame.field("a", "Against", names[0], choices=known),
    ]
    return frame.action("Compare other runs", "/compare", "Compare", fields, method="get")


def _files(desk: Desk) -> list[Path] | None:
    """The picture files of the rows of validation; None where they have none, or are on another machine."""
    problem = desk.problem()
    if problem is None or problem.data.files is None:
        return None
    files = [problem.data.files[row] for row in problem.part("validation").rows]
    return [file.resolve() for file in files if isinstance(file, Path)]


def judged_alike(first: Scores, files: list[Path] | None, second: Scores, others: list[Path] | None) -> Scores | None:
    """The first scores in the rows and by the tags of the second, where both are of the same picture files.

    A run on exported corrections names the same pictures in another way and has other tags. None where the scores can
    be compared as they are, or where they are of other pictures.
    """
    same = first.labels == second.labels and np.array_equal(first.ids, second.ids)
    if same and np.array_equal(first.truth, second.truth) and np.array_equal(first.known, second.known):
        return None
    if files is None or others is None or (len(files), len(others)) != (len(first), len(second)):
        return None
    if sorted(files) != sorted(others) or len(set(files)) < len(files) or set(first.labels) != set(second.labels):
        return None
    place = {file: row for row, file in enumerate(files)}
    rows = [place[file] for file in others]
    columns = [first.labels.index(label) for label in second.labels]
    return replace(second, scores=first.scores[rows][:, columns])


def starting(workspace: Workspace, key: str) -> Part:
    """A training or a cure that was started or resumed: what it says until it writes, and where it then is."""
    said, ended = jobs.said(workspace, key)
    words = jobs.words_of(workspace, key)
    command = ("tagfit", *words) if words else ()
    found = _begun(workspace, key, ended)
    if found is None and not words:
        raise MissingError(f"nothing was started as {key!r}", instead="one of the list of runs or of cures")
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
    again = _again(jobs.form_of(workspace, key)) if over and found is None else []
    return frame.page(
        title, parts.verdict(*verdict), command=command, sections=shown, ways=ways, data=data, actions=again
    )


def _again(form: Mapping[str, str]) -> list[dict[str, Any]]:
    """A way back to the form that a job was started with, which then says what is wrong; none where there was none."""
    if not form:
        return []
    fields = [frame.field(name, "", value) for name, value in {**form, "ask": "1"}.items()]
    return [frame.action("", "/train", "Change it and try again", fields, method="get")]


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
