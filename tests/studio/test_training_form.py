"""The form of a new training: every option of reading a source is a field, and what the reader advises is shown."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from small_sets import write_photos
from studio.conftest import ORIGIN
from tagfit.cli.options import SourceOptions, SplitOptions
from tagfit.cli.training_form import LEFT_OUT, trainer
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.studio import estimate, jobs
from tagfit.studio.trainer import relative, words_of
from tagfit.studio.workspace import Workspace

ASKED = "source=doubtful.csv&recipe=plain-dense&name=new"


@pytest.fixture
def doubtful(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table in which two columns may hold the tags; nothing is measured."""
    photos = write_photos(folder / "photos")
    lines = (photos / "tags.csv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [f"photos/images/{line},{row % 3}x" for row, line in enumerate(lines)]
    (folder / "doubtful.csv").write_text("\n".join(["image,what,kind", *rows]) + "\n", encoding="utf-8")
    monkeypatch.setattr(estimate, "_measured", lambda *_: 0.001)
    return folder / "doubtful.csv"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were started, none of which runs."""
    found: list[list[str]] = []

    class Process:
        pid = 2**30

        def __init__(self, command: list[str], **_options: object) -> None:
            found.append(command[3:])

    monkeypatch.setattr(jobs.subprocess, "Popen", Process)
    return found


def form_of(page: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of the form by name: those that stand first, and all."""
    (form,) = [one for one in page["actions"] if one["to"] == "/train"]
    first = {one["name"]: one for one in form["fields"]}
    groups = [one for group in form["groups"] for part in group["parts"] for one in part["fields"]]
    return first, first | {one["name"]: one for one in groups}


def test_every_option_of_a_source_and_every_field_of_a_recipe_is_a_field(client: TestClient) -> None:
    first, every = form_of(client.get("/train.json").json())
    declared = {one.name for group in (SourceOptions, SplitOptions) for one in fields(group)} - set(LEFT_OUT)
    assert {name.replace("_", "-") for name in declared} <= set(every)
    assert {f"recipe.{name}" for name in Recipe.model_fields} <= set(every)
    assert list(first) == ["source", "recipe", "set", "name"]
    assert all(one["help"] for name, one in every.items() if name.replace("-", "_") in declared)
    assert every["minus-one"]["choices"] == ["", "absent", "unknown"]
    assert every["strict"]["choices"] == ["", "yes"]


def test_the_help_of_a_field_shows_its_value_in_the_recipe_as_it_is_written(client: TestClient) -> None:
    page = client.get("/train", params={"recipe": "fine-tuned"}).text
    assert "fine-tuned: <code>adamw</code>" in page
    assert "fine-tuned: <code>[]</code>" in page, "widths"
    assert "of a <code>pretrained</code> head" in page
    assert "`" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_a_refused_source_shows_the_whole_error_and_the_options_that_it_advises(
    client: TestClient, doubtful: Path
) -> None:
    page = client.get(f"/train.json?{ASKED}&ask=1").json()
    assert page["verdict"]["mark"] == "issue"
    (faults,) = [one for one in page["sections"] if one.get("id") == "faults"]
    assert faults["rows"][0][0].endswith("doubtful.csv, row 1")
    assert "several columns may hold the tags: 'what', 'kind'" in faults["rows"][0][1]
    assert "--tags-column what" in faults["rows"][0][2]
    first, _ = form_of(page)
    assert (first["tags-column"]["mark"], first["tags-column"]["suggested"]) == (True, ["what", "kind", "what,kind"])

    page = client.get(f"/train.json?{ASKED}&ask=1&tags-column=what").json()
    assert page["verdict"]["sentence"].startswith("An estimate: ")
    (read,) = [one for one in page["sections"] if one.get("id") == "read"]
    assert any("'what': tags (as asked)" in row[1] for row in read["rows"])
    assert form_of(page)[0]["tags-column"]["value"] == "what"
    assert page["command"] == "tagfit train doubtful.csv --recipe plain-dense --tags-column=what"


def test_all_that_is_wrong_with_a_form_is_said_at_once_and_the_form_stays_filled_in(
    client: TestClient, doubtful: Path, started: list[list[str]]
) -> None:
    form = {"source": "doubtful.csv", "recipe": "plain-dense", "name": "new", "set": "epoch=3", "size": "none"}
    done = client.post("/train", data=form, headers=ORIGIN | {"accept": "application/json"})
    assert (done.status_code, started) == (400, [])
    (faults,) = [one for one in done.json()["sections"] if one.get("id") == "faults"]
    assert len(faults["rows"]) == 2
    first, _ = form_of(done.json())
    assert (first["set"]["value"], first["size"]["value"], first["size"]["mark"]) == ("epoch=3", "none", True)


def test_a_training_that_is_refused_after_its_start_leads_back_to_its_form(
    client: TestClient, doubtful: Path, folder: Path, started: list[list[str]]
) -> None:
    form = {"source": "doubtful.csv", "recipe": "plain-dense", "name": "new", "recipe.epochs": "2", "separator": "-"}
    assert client.post("/train", data=form, headers=ORIGIN).status_code == 303
    assert started == [
        shlex.split("train doubtful.csv --recipe plain-dense --set epochs=2 --separator=- --out runs/new")
    ]
    (folder / "studio" / "jobs" / "runs~new.log").write_text("error: several columns\n", encoding="utf-8")
    (again,) = client.get("/starting/runs~new.json").json()["actions"]
    assert (again["method"], again["to"]) == ("get", "/train")
    assert {one["name"]: one["value"] for one in again["fields"]} == {**form, "ask": "1"}


@pytest.mark.parametrize(
    "more",
    [
        {"validation": "../outside.csv"},
        {"test": "/etc/passwd"},
        {"images": "https://evil.example/pictures"},
        {"labels": "/etc/passwd"},
        {"vocabulary": "../vocabulary.toml"},
        {"recipe": "../recipe.toml"},
        {"recipe.epochs": "-1"},
    ],
)
def test_no_field_leads_out_of_the_folder(
    client: TestClient, doubtful: Path, started: list[list[str]], more: dict[str, str]
) -> None:
    (doubtful.parent.parent / "outside.csv").write_text("image,tags\n", encoding="utf-8")
    form = {"source": "doubtful.csv", "recipe": "plain-dense", "name": "new", **more}
    assert client.post("/train", data=form, headers=ORIGIN).status_code == 400
    assert started == []


def test_the_words_of_a_form_are_read_by_the_command_as_they_were_meant(folder: Path, doubtful: Path) -> None:
    form = {
        "source": "doubtful.csv",
        "recipe": "plain-dense",
        "separator": "--",
        "tags-column": "-x y",
        "allow-outside": "yes",
        "exclude-labels": "'a b' c*",
        "labels": "--strict",
        "size": "12",
        "validation": "photos",
        "recipe.widths": "8,4",
    }
    workspace, found = Workspace(folder), trainer()
    plan = found.plan([*words_of(workspace, found, form, str)[1:], "--out", str(folder / "runs" / "new")])
    read = plan.read
    assert (read["separator"], read["tags_column"], read["allow_outside"], read["strict"]) == (
        "--",
        "-x y",
        True,
        False,
    )
    assert (read["exclude_labels"], read["labels"]) == (["a b", "c*"], ["--strict"])
    assert (plan.size, plan.validation, plan.data) == (12, str(folder / "photos"), str(doubtful))
    assert "--validation=photos" in words_of(workspace, found, form, relative(workspace))
    with pytest.raises(InputError, match="there is no"):
        words_of(workspace, found, {**form, "source": "--help"}, str)
