"""How long a training will take, from runs here or measured; and the corrections and cures as commands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tagfit as tf
from commands import Command
from tagfit.curing.names import CERTIFICATE, REQUEST
from tagfit.recipe import find
from tagfit.studio import estimate
from tagfit.studio.corrections import Corrections
from tagfit.studio.estimate import Speed, said, speed
from tagfit.studio.pages.cures import cures
from tagfit.studio.workspace import Workspace


def test_runs_here_with_the_recipe_give_the_speed(folder: Path) -> None:
    run = tf.open_run(folder / "runs" / "mine")
    rows = sum(len(run.problem["ids"][split]) for split in ("train", "validation"))
    for epochs in (5, 7):
        shutil.copytree(run.folder, folder / "runs" / f"of {epochs}")
    found = speed(Workspace(folder), "plain-dense", find("plain-dense"))
    assert found is not None
    seconds = sorted(epoch.seconds for epoch in run.history)
    assert seconds[0] <= found.seconds * rows <= seconds[-1]
    assert found.origin == "as in 3 finished runs here"


def test_without_a_run_a_short_training_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], *, cwd: Path, **_options: Any) -> None:
        asked.append(command)
        assert (cwd / "noise.npz").exists()
        (cwd / "run").mkdir()
        lines = [json.dumps({"seconds": value}) for value in (9.0, 0.512, 0.6)]
        (cwd / "run" / "history.jsonl").write_text("\n".join(lines))

    monkeypatch.setattr(estimate, "subprocess", SimpleNamespace(run=run, DEVNULL=None, SubprocessError=OSError))
    found = speed(Workspace(tmp_path), "regularised-conv", find("regularised-conv"))
    assert found == Speed(0.002, "as measured just now on noise"), "the first epoch warms up"
    assert asked[0][3:5] == ["train", "noise.npz"]
    assert speed(Workspace(tmp_path), "pretrained", find("pretrained")) is None, "most of its time is not in epochs"
    monkeypatch.setattr(estimate, "subprocess", SimpleNamespace(run=failing, DEVNULL=None, SubprocessError=OSError))
    assert speed(Workspace(tmp_path), "plain-dense", find("plain-dense")) is None


def failing(*_: object, **__: object) -> None:
    raise OSError


def test_the_estimate_names_rows_epochs_and_what_it_rests_on(photos: Path, tmp_path: Path) -> None:
    recipe = find("plain-dense").changed(epochs=100, patience=0)
    assert said(photos, recipe, Speed(0.01, "as said")) == (
        "An estimate: about 34 s for 100 epochs of 40 rows, 10 ms a row and epoch as said; decoding comes before."
    )
    assert "about 6 minutes at most" in said(photos, recipe.changed(patience=3), Speed(0.1, "as said"))
    assert "no run with this recipe" in said(photos, recipe, None)
    assert said(tmp_path, recipe, None).startswith("No estimate: ")


def test_what_was_corrected_is_listed_and_written_by_a_command(
    tagfit: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    run = tf.open_run("runs/mine")
    name = run.problem["ids"]["validation"][0]
    log = Corrections.of_data(folder / "studio", run.problem["fingerprint"]["data"])
    assert "no tag was corrected" in tagfit("data", "corrected", "runs/mine").out
    label = run.labels[0]
    was = "present" if run.scores("validation").truth[0, 0] else "absent"
    now = "absent" if was == "present" else "present"
    log.add(name, label, was, now)
    assert name in tagfit("data", "corrected", "runs/mine").out
    found = tagfit("data", "corrected", "runs/mine", "-o", "new/tags.csv", "--json").json
    assert [(one["picture"], one["label"], one["now"]) for one in found["corrections"]] == [(name, label, now)]
    data = tf.read("new/tags.csv", allow_outside=True)
    row = [Path(one).name for one in data.ids.tolist()].index(name)
    assert (label in data.tags(row)) == (now == "present")
    assert tagfit("data", "corrected", "runs/mine", "--in", "runs", "--json").json["corrections"] == []


def test_the_cures_name_the_command_that_reports_or_resumes_them(tmp_path: Path) -> None:
    assert cures(Workspace(tmp_path))["command"] == "tagfit cure RUN --goal lesson"
    (tmp_path / "cures" / "one").mkdir(parents=True)
    (tmp_path / "cures" / "one" / REQUEST).write_text("{}")
    assert cures(Workspace(tmp_path))["command"] == "tagfit cure --resume cures/one"
    (tmp_path / "cures" / "one" / CERTIFICATE).write_text("{}")
    assert cures(Workspace(tmp_path))["command"] == "tagfit report cures/one"
