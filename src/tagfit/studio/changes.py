"""Changes: what the forms of the pages do; each returns the address of the page to go to."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request

from tagfit.errors import InputError
from tagfit.files import disk_faults
from tagfit.goal import Goal
from tagfit.studio import jobs
from tagfit.studio.context import PATIENCE_OF_DATA, Studio
from tagfit.studio.estimate import Read
from tagfit.studio.export import export, free
from tagfit.studio.pages import picture, thresholds
from tagfit.studio.pages.train import training
from tagfit.studio.trainer import out_of, relative, words_of
from tagfit.studio.views import number_in
from tagfit.studio.workspace import FormError, MissingError, address


def correct(studio: Studio, request: Request, form: dict[str, str]) -> str:
    """Correct one tag of one picture."""
    desk = studio.desk(request, patience=PATIENCE_OF_DATA)
    split = desk.split(form.get("split", ""))
    scores = desk.scores(split)
    row, column = (_number(form.get(name, "")) for name in ("row", "column"))
    if not (0 <= row < len(scores) and 0 <= column < len(scores.labels)):
        raise MissingError("there is no such picture or label")
    name, label = str(scores.ids[row]), scores.labels[column]
    was = desk.corrections.values().get((name, label), picture.given(scores, row, column))
    desk.corrections.add(name, label, was, form.get("now", ""))
    return _back(form, desk.address("corrections"))


def answer(studio: Studio, request: Request, pairs: list[tuple[str, str]]) -> str:
    """Give several tags of one picture at once: what was suggested for it, accepted or rejected."""
    form = dict(pairs)
    desk = studio.desk(request, patience=PATIENCE_OF_DATA)
    split = desk.split(form.get("split", ""))
    scores, row = desk.scores(split), _number(form.get("row", ""))
    given = [value.partition(":")[::2] for name, value in pairs if name == "tag"]
    columns = [_number(column) for column, _ in given]
    if not (0 <= row < len(scores) and all(0 <= column < len(scores.labels) for column in columns)):
        raise MissingError("there is no such picture or label")
    name, log = str(scores.ids[row]), desk.corrections
    values, labels = log.values(), [scores.labels[column] for column in columns]
    was = [
        values.get((name, label), picture.given(scores, row, column))
        for label, column in zip(labels, columns, strict=True)
    ]
    log.add_together(name, list(zip(labels, was, (now for _, now in given), strict=True)))
    return _back(form, desk.address("corrections"))


def undo(studio: Studio, request: Request, form: dict[str, str]) -> str:
    """Take a correction back."""
    desk = studio.desk(request)
    desk.corrections.undo(form.get("entry", ""))
    return _back(form, desk.address("corrections"))


def export_tags(studio: Studio, request: Request, _form: dict[str, str]) -> str:
    """Write the corrected tags as a new table, and go to its training."""
    desk = studio.desk(request, patience=PATIENCE_OF_DATA)
    problem = desk.problem()
    if problem is None:
        raise InputError("the sources of the run cannot be read", instead="the sources, as they were")
    path = free(studio.workspace.own / "exports")
    export(problem, desk.corrections, path)
    return address("train", source=studio.workspace.shown(path))


def save_cut(studio: Studio, request: Request, form: dict[str, str]) -> str:
    """Keep the threshold of one label."""
    desk = studio.desk(request, patience=PATIENCE_OF_DATA)
    split, label, cut = form.get("split", ""), form.get("label", ""), number_in(form.get("cut", ""))
    thresholds.save(desk, split, label, cut)
    return desk.address(split, "thresholds", label=label)


def look_at_test(studio: Studio, request: Request, _form: dict[str, str]) -> str:
    """Agree to look at the test split, which is recorded."""
    desk = studio.desk(request)
    desk.look_at_test()
    return desk.address("test", "pictures")


def train(studio: Studio, _request: Request, form: dict[str, str]) -> str:
    """Start a training in a process of its own."""
    workspace, trainer = studio.workspace, studio.train()
    try:
        out = out_of(workspace, form)
        trainer.plan([*words_of(workspace, trainer, form, str)[1:], "--out", str(out)])
    except InputError as error:
        raise FormError(training(workspace, trainer, form, Read(error=error))) from None
    words = words_of(workspace, trainer, form, relative(workspace))
    jobs.start(workspace, [*words, "--out", workspace.shown(out)], out, form)
    return address("starting", workspace.key(out))


def cure(studio: Studio, request: Request, form: dict[str, str]) -> str:
    """Start a cure in a process of its own."""
    desk, workspace = studio.desk(request), studio.workspace
    out = workspace.folder / "cures" / jobs.checked_name(form.get("name", ""))
    if out.exists():
        raise InputError(f"cures/{out.name} exists", instead="another name")
    goal, budget = (jobs.checked_word(form.get(name, ""), name) for name in ("goal", "budget"))
    Goal(goal)
    words = ["cure", str(desk.run.folder), "--goal", goal, "--budget", budget, "--out", str(out)]
    jobs.start(workspace, words, out)
    return address("starting", workspace.key(out))


def stop(studio: Studio, folder: Path, kind: str, request: Request) -> str:
    """Stop a process that was started here."""
    if not jobs.stop(studio.workspace, folder):
        raise InputError("the process was not started here, or has ended", instead="Ctrl-C where it was started")
    return address(kind, request.path_params["key"], *(["curves"] if kind == "runs" else []))


def stop_after_epoch(studio: Studio, request: Request, _form: dict[str, str]) -> str:
    """Ask a training to stop after the present epoch, wherever it was started."""
    desk = studio.desk(request)
    if desk.run.state != "running":
        raise InputError("the training has ended", instead="Resume, where it is not done")
    with disk_faults(desk.run.folder):
        desk.run.stop_request.touch()
    return desk.address("curves")


def resume_run(studio: Studio, request: Request, _form: dict[str, str]) -> str:
    """Continue an interrupted training."""
    desk = studio.desk(request)
    jobs.start(studio.workspace, ["train", "--resume", str(desk.run.folder)], desk.run.folder)
    return address("starting", desk.key)


def resume_cure(studio: Studio, request: Request, _form: dict[str, str]) -> str:
    """Continue an interrupted cure."""
    folder = studio.workspace.cure(request.path_params["key"])
    jobs.start(studio.workspace, ["cure", "--resume", str(folder)], folder)
    return address("starting", request.path_params["key"])


def _number(text: str) -> int:
    """A row or a column; -1 where the text is none."""
    return int(text) if text.isdecimal() and len(text) < 10 else -1


def _back(form: dict[str, str], otherwise: str) -> str:
    """The page that a form was on; only a path of this server."""
    to = form.get("back", "")
    return to if to.startswith("/runs/") else otherwise
