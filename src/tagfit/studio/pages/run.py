"""Run: how one model stands, its curves, and what the diagnosis found, each linked to the pictures behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tagfit.diagnosis.finding import Finding, Findings
from tagfit.errors import InputError
from tagfit.report import parts, sections
from tagfit.report.page import number
from tagfit.report.parts import Part
from tagfit.report.report import with_findings
from tagfit.studio import results
from tagfit.studio.desk import Desk
from tagfit.studio.pages import frame
from tagfit.studio.pages.runs import listed
from tagfit.studio.trainer import Trainer, form_of
from tagfit.studio.workspace import WaitingError, address

WRONG = 8  # pictures of a kind
INTERVALS = "Intervals are 95 %."
DIAGNOSING = "The run is being diagnosed; what is found will be shown here."
# Findings that another recipe can resolve.
CURABLE = ("overfitting", "memorising", "underfitting", "stopped-too-early", "unstable-curve")
# What shows the pictures behind a finding.
SHOWS = {
    "suspect-tags": {"show": "suspect"},
    "missing-tags": {"show": "suspect"},
    "near-duplicates-across-splits": {"show": "duplicate"},
    "threshold-costs-f1": {"show": "missed"},
    "label-never-predicted": {"show": "missed"},
}


def overview(desk: Desk, trainer: Trainer) -> Part:
    """Metrics with baselines, labels by need, the strongest finding, the most confident mistakes."""
    run = desk.run
    if not run.scored_splits:
        return curves(desk)
    splits: list[str] = [split for split in run.scored_splits if split != "test"]
    judged = sections.judged_split(splits)
    evaluations = {split: desk.evaluation(split) for split in splits}
    evaluation, scores, findings = evaluations[judged], desk.scores(judged), _found_by_now(desk)
    mark, said = sections.mark_of(evaluation), sections.sentence(evaluation)
    if findings is None:  # before the diagnosis no run is marked good
        mark = "issue" if mark == "issue" else "hint"
    else:
        said, mark = with_findings(said, mark, findings)
    shown = [
        _strongest(desk, trainer, findings),
        sections.metrics(evaluations),
        sections.labels(evaluation, lambda label: desk.address(judged, "thresholds", label=label)),
        sections.precision_recall(scores, evaluation),
        sections.reliability(scores),
        sections.co_occurrence(scores),
        *sections.wrong(scores, WRONG, lambda row: desk.address(judged, "pictures", row)),
    ]
    return frame.page(
        desk.workspace.shown(run.folder),
        parts.verdict(mark, said),
        command=("tagfit", "evaluate", desk.workspace.shown(run.folder)),
        result=results.of_evaluation(desk, [split for split in ("train", "validation") if split in splits]),
        sections=[with_sources(desk, one) for one in shown],
        ways=frame.ways(desk, "Overview"),
        actions=[cure_form(desk)],
        data={"live": findings is None},
    )


def _found_by_now(desk: Desk) -> Findings | None:
    """The diagnosis, which metrics do not wait for; None while it is being computed."""
    try:
        return desk.findings()
    except WaitingError:
        return None


def findings(desk: Desk, trainer: Trainer, query: Mapping[str, str]) -> Part:
    """Every check that fired, linked to its pictures and to a cure."""
    found = desk.findings()
    cards = [parts.finding(one, _links(desk, trainer, one)) for one in found.fired]
    rest = [[one.code, one.outcome, one.verdict.says] for one in found.all if one.outcome != "fired"]
    others = parts.table(["check", "outcome", "why"], rest, words=3, id="others", title="The other checks")
    worst = "issue" if found.issues else "hint" if found.fired else "good"
    return frame.page(
        f"Findings on {desk.workspace.shown(desk.run.folder)}",
        parts.verdict(worst, f"{found.summary()}."),
        command=("tagfit", "diagnose", desk.workspace.shown(desk.run.folder)),
        result=found.to_dict,
        sections=[
            parts.findings("findings", "What is wrong, and what to do", INTERVALS, cards) if cards else None,
            others,
        ],
        ways=frame.ways(desk, "Findings"),
        actions=[cure_form(desk, query.get("goal", ""))],
    )


def curves(desk: Desk) -> Part:
    """The curves of the training, live while it runs."""
    run = desk.run
    state, history, info = run.state, run.history, run.info
    shown = desk.workspace.shown(run.folder)
    words = ("tagfit", "train", "--resume", shown) if state not in ("done", "running") else ("tagfit", "runs", shown)
    last = history[-1] if history else None
    losses = "" if last is None else f" Validation loss {number(last.validation_loss)} after epoch {last.epoch}."
    of = f" of {run.recipe.epochs}" if state == "running" else ""
    said = {"running": f"Training: epoch {len(history)}{of} is done.", "done": f"Trained for {len(history)} epochs."}
    problem = f" {info['problem']}" if info.get("problem") else ""
    sentence = (
        said.get(state, f"The training is {state} after {len(history)} epochs and can be resumed.{problem}") + losses
    )
    after = frame.action(
        "Stop", desk.address("stop-after-epoch"), "Stop after this epoch", note="The run can be resumed from there."
    )
    stop = frame.action(
        "Stop at once",
        desk.address("stop"),
        "Stop now",
        note="It resumes from its last checkpoint, with the same result.",
    )
    resume = frame.action(
        "Resume", desk.address("resume"), "Resume", note="It ends with the same weights, bit for bit."
    )
    actions = [after, stop] if state == "running" else [] if state == "done" else [resume]
    return frame.page(
        f"Training of {shown}",
        parts.verdict("good" if state == "done" else "hint", sentence),
        command=words,
        result=listed(desk.workspace, run.folder) if words[1] == "runs" else None,
        sections=[sections.training(history, info.get("kept_epoch"))],
        ways=frame.ways(desk, "Curves"),
        actions=actions,
        data={"live": state == "running", "events": desk.address("curves", "events"), "epochs": len(history)},
    )


def with_sources(desk: Desk, section: Part | None) -> Part | None:
    """A section whose pictures have the addresses of their files."""
    if section is None or section["kind"] != "pictures":
        return section
    shown = desk.problem() is not None
    for one in section["pictures"]:
        one["src"] = desk.address(one["split"], "picture", f"{one['row']}.jpg") if shown else ""
    return section


def cure_form(desk: Desk, goal: str = "") -> dict[str, Any]:
    """The form that starts a cure of the run, with a goal to begin with."""
    name = desk.workspace.shown(desk.run.folder).rpartition("/")[2]
    return frame.action(
        "Cure this run",
        desk.address("cure"),
        "Start the cure",
        [
            frame.field("goal", "Goal", goal or "lesson", help="such as validation.label_accuracy>=0.85, or lesson"),
            frame.field("budget", "Time", "10m", help="for the whole cure, such as 90s or 10m"),
            frame.field("name", "Name", f"{name}-cured", help="of the folder in cures/"),
        ],
        "A search that changes only the recipe, in a process of its own: it goes on when this page is closed.",
        id="cure",
    )


def _strongest(desk: Desk, trainer: Trainer, findings: Findings | None) -> Part | None:
    """The first finding; None where no check fired."""
    if findings is None:
        return parts.findings("strongest", "The strongest finding", DIAGNOSING, [])
    if not findings.fired:
        return None
    found = findings.fired[0]
    card = parts.finding(found, [*_links(desk, trainer, found), parts.link("all findings", desk.address("findings"))])
    return parts.findings("strongest", "The strongest finding", "", [card])


def _links(desk: Desk, trainer: Trainer, finding: Finding) -> list[dict[str, str]]:
    """What can be done about a finding: see its pictures, train with the changes it names, cure the run."""
    found = _pictures_of(desk, finding)
    remedy = finding.remedy
    if remedy is not None and remedy.recipe:
        changes = " ".join(
            f"{name}={json.dumps(value, separators=(',', ':'))}" for name, value in remedy.recipe.items()
        )
        run = desk.run
        given = {**form_of(desk.workspace, trainer, desk.record["source"]), "recipe": run.info["recipe"]}
        to = address("train", **given, set=changes, name=f"{run.name}-changed")
        found.append(parts.link("train with these changes", to))
    if finding.code in CURABLE:
        goal = _goal(desk)
        found.append(parts.link("cure it", f"{desk.address('findings', goal=goal)}#cure"))
    return found


def _goal(desk: Desk) -> str:
    """Half of the way from validation to train, in the metric that pages begin with; empty without both splits."""
    if not {"train", "validation"} <= set(desk.run.scored_splits):
        return ""
    train, validation = (desk.evaluation(split)[sections.LEADING] for split in ("train", "validation"))
    return f"validation.{sections.LEADING}>={(train + validation) / 2:.2f}" if train > validation else ""


def _pictures_of(desk: Desk, finding: Finding) -> list[dict[str, str]]:
    query = SHOWS.get(finding.code)
    try:
        split = sections.judged_split(desk.run.scored_splits)
    except (IndexError, InputError):
        return []
    return [] if query is None else [parts.link("see the pictures", desk.address(split, "pictures", **query))]


def try_it(desk: Desk) -> Part:
    """Where a picture is dropped, to see its tags and scores."""
    return frame.page(
        f"Try {desk.workspace.shown(desk.run.folder)}",
        parts.verdict("good", "Drop, paste or choose a picture: it is tagged here and stored nowhere."),
        command=("tagfit", "tag", desk.workspace.shown(desk.run.folder), "PICTURE"),
        ways=frame.ways(desk, "Try it"),
        data={"to": desk.address("try"), "cut": 0.5},
    )
