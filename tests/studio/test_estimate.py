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
from tagfit.data.plan import Plan
from tagfit.recipe import find
from tagfit.studio import estimate
from tagfit.studio.corrections import Corrections
from tagfit.studio.estimate import Once, Speed, once, read_source, said, speed
from tagfit.studio.pages.cures import cures
from tagfit.studio.workspace import Workspace


def test_runs_here_with_the_recipe_give_the_speed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tf.open_run(folder / "runs" / "mine")
    rows = sum(len(run.problem["ids"][split]) for split in ("train", "validation"))
    for epochs in (5, 7):
        shutil.copytree(run.folder, folder / "runs" / f"of {epochs}")
    found = speed(Workspace(folder), "plain-dense", run.recipe, (), (8, 8, 3))
    assert found is not None
    seconds = sorted(epoch.seconds for epoch in run.history)
    assert seconds[0] <= found.seconds * rows <= seconds[-1]
    assert found.origin == "as in 3 finished runs here"
    monkeypatch.setattr(estimate, "_measured", lambda *_: 7.0)
    for recipe, shape in ((run.recipe.changed(widths=(1024,)), (8, 8, 3)), (run.recipe, (64, 64, 3))):
        other = speed(Workspace(folder), "plain-dense", recipe, (), shape)
        assert other == Speed(7.0, "as measured just now on noise"), "runs of another net or size say nothing"


def test_without_a_run_a_short_training_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], *, cwd: Path, **_options: Any) -> None:
        asked.append(command)
        assert (cwd / "noise.npz").exists()
        (cwd / "run").mkdir()
        lines = [json.dumps({"seconds": value}) for value in (9.0, 0.512, 0.6)]
        (cwd / "run" / "history.jsonl").write_text("\n".join(lines))

    monkeypatch.setattr(estimate, "subprocess", SimpleNamespace(run=run, DEVNULL=None, SubprocessError=OSError))
    recipe = find("regularised-conv")
    found = speed(Workspace(tmp_path), "regularised-conv", recipe, ("depth=2",), (64, 64, 3))
    assert found == Speed(0.002, "as measured just now on noise"), "the first epoch warms up"
    assert asked[0][3:5] == ["train", "noise.npz"]
    assert asked[0].index("depth=2") < asked[0].index("epochs=3"), "what is changed counts, apart from how long"
    monkeypatch.setattr(estimate, "subprocess", SimpleNamespace(run=failing, DEVNULL=None, SubprocessError=OSError))
    assert speed(Workspace(tmp_path), "plain-dense", find("plain-dense"), (), (64, 64, 3)) is None


def failing(*_: object, **__: object) -> None:
    raise OSError


def test_the_estimate_names_rows_epochs_and_what_it_rests_on() -> None:
    recipe = find("plain-dense").changed(epochs=100, patience=0)
    assert said(40, recipe, Speed(0.01, "as said"), Once()) == (
        "An estimate: about 34 s for 100 epochs of 40 rows: 10 ms a row and epoch as said."
    )
    assert "about 6 minutes at most" in said(40, recipe.changed(patience=3), Speed(0.1, "as said"), Once())
    assert "did not end here" in said(40, recipe, None, Once())
    slow = said(40, recipe, Speed(0.01, "as said"), Once(decoding=0.25, extracting=0.5))
    assert slow.startswith("An estimate: about 64 s for"), "each picture is decoded and extracted once"
    assert "250 ms to decode a picture, 500 ms for its features" in slow


def test_a_pretrained_net_is_estimated_from_pictures_of_the_source(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tagfit.training.backbones import extract

    shapes: list[tuple[int, ...]] = []

    def extracted(_part: object, pixels: Any) -> None:
        shapes.append(pixels.shape)
        sum(range(20_000 * len(pixels)))

    monkeypatch.setattr(extract, "extract", extracted)
    monkeypatch.setattr(estimate, "_measured", lambda *_: 1e-6)
    recipe = find("pretrained")
    plan = Plan(str(photos), size=32)
    found = once(plan.rows(), plan, recipe)
    assert shapes == [(1, 32, 32, 3), (24, 32, 32, 3)], "the first call loads the weights"
    assert found.decoding > 0
    assert found.extracting > 0
    read = read_source(Workspace(tmp_path), plan, "pretrained", recipe, ())
    assert "for its features" in read.estimate
    assert any(text.startswith("separator of the tags") for _, text in read.said)
    refused = read_source(Workspace(tmp_path), Plan(str(tmp_path)), "pretrained", recipe, ())
    assert refused.error is not None


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
