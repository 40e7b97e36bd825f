"""The command on every page runs, and prints with ``--json`` what the twin of the page has as its result."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import tagfit as tf
from commands import Command
from studio.conftest import ORIGIN
from tagfit.data.plan import Plan
from tagfit.recipe import Recipe

RUN = "/runs/runs~mine"
# Pages whose command prints the same, and pages whose command does what the page is for.
SAME = (
    "/index", RUN, f"{RUN}/curves", f"{RUN}/findings", f"{RUN}/data", f"{RUN}/corrections",
    f"{RUN}/validation/pictures", f"{RUN}/train/pictures/1", f"{RUN}/validation/pictures/0/similar",
    f"{RUN}/train/thresholds", "/compare?a=runs~mine&b=runs~other", "/runs/runs~conv/validation/pictures/0/regions",
)  # fmt: skip
OTHERS = ("/train", "/cures", f"{RUN}/validation/calibration", f"{RUN}/try", "/learn", "/learn/tag")
PLACEHOLDERS = {
    "PICTURE": "photos/images/00.jpg",
    "SOURCE": "photos",
    "RUN": "runs/mine",
    "lesson": "validation.mAP>=0.99",
}


@pytest.fixture
def everything(folder: Path, photos: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a source that is read with options, runs on it, and a correction."""
    shutil.copytree(photos, folder / "photos")
    shutil.rmtree(folder / "runs")
    read = {"separator": ";", "exclude_labels": ["x *"], "allow_outside": True}
    problem = Plan(str(folder / "photos"), size=16, read=read, cache_dir=str(cache_dir)).problem()
    run = tf.fit(problem, Recipe(widths=(16,), epochs=3), out=folder / "runs" / "mine", threads=1)
    shutil.copytree(run.folder, folder / "runs" / "other")
    conv = Recipe(architecture="conv", widths=(4, 8), norm="batch", epochs=1, batch_size=8)
    tf.fit(problem, conv, out=folder / "runs" / "conv", threads=1)
    monkeypatch.chdir(folder)
    return folder


def json_of(tagfit: Command, command: str) -> Any:
    words = shlex.split(command)
    assert words[0] == "tagfit"
    done = tagfit(*words[1:], "--json")
    assert done.code in (0, 1), done.err
    return json.loads(done.out)


def test_twins_have_what_the_commands_print(tagfit: Command, client: TestClient, everything: Path) -> None:
    form = {"split": "validation", "row": "0", "column": "0", "now": "unknown"}
    assert client.post(f"{RUN}/corrections", data=form, headers=ORIGIN).status_code == 303
    for path in SAME:
        base, mark, query = path.partition("?")
        page = client.get(f"{base}.json{mark}{query}").json()
        assert page["result"] is not None, path
        assert json_of(tagfit, page["command"]) == page["result"], (path, page["command"])


def test_the_options_that_a_source_was_read_with_are_in_its_commands(client: TestClient, everything: Path) -> None:
    assert client.get(f"{RUN}/data.json").json()["command"] == (
        "tagfit data check photos '--separator=;' --allow-outside '--exclude-labels=x *'"
    )


def test_the_commands_of_the_other_pages_run(tagfit: Command, client: TestClient, everything: Path) -> None:
    for path in OTHERS:
        command = client.get(f"{path}.json").json()["command"]
        words = [PLACEHOLDERS.get(word, word) for word in shlex.split(command)][1:]
        if words[0] == "learn":
            words = [*words, "--help"]  # asks questions
        elif words[0] == "train":
            words += ["--set", "epochs=1", "--size", "16", "--out", "runs/of-command"]
        elif words[0] == "cure":
            words += ["--trials", "1", "--seeds", "1", "--out", "cures/of-command"]
        elif words[0] == "pack":
            words += ["packed"]
        done = tagfit(*words)
        assert done.code in (0, 4), (path, words, done.err)  # 4: a goal that is out of reach
