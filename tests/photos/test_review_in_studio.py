"""Suggestions reviewed in the studio come back as keywords and as truth for the next training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from photo_files import write, xmp
from PIL import Image
from test_keyword_writing import states

from commands import Command
from tagfit.cli.training_form import trainer
from tagfit.data.pictures.accepted import SUFFIXES
from tagfit.data.read import read
from tagfit.photos.library import read_library
from tagfit.runs.run import open_run

if TYPE_CHECKING:
    from starlette.testclient import TestClient

PORT = 4243
LABELS = ("people", "sea", "sun")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """40 photographs of three colours, 8 of them without keywords."""
    folder, generator = tmp_path / "Pictures", np.random.default_rng(0)
    folder.mkdir()
    for number in range(40):
        on = generator.random(3) < 0.5
        pixels = generator.integers(40, 80, size=(12, 12, 3)) + 120 * on
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number:02}.jpg")
        if number % 5:
            words = [label for label, there in zip(LABELS, on, strict=True) if there]
            write(folder / f"{number:02}.jpg.xmp", xmp({"dc:subject": words}))
    return folder


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    pytest.importorskip("starlette")
    from starlette.testclient import TestClient

    from tagfit.studio.guard import Guard, Session
    from tagfit.studio.routes import application

    session, host = Session(PORT), f"http://127.0.0.1:{PORT}"
    with TestClient(Guard(application(tmp_path, trainer), session), base_url=host, follow_redirects=False) as client:
        client.cookies.set(session.name, session.cookie)
        client.headers["origin"] = host
        yield client


def test_untagged_photographs_can_be_kept_with_nothing_known(folder: Path) -> None:
    assert len(read(folder)) == 32
    data = read(folder, untagged="keep")
    assert len(data) == 40
    assert (~data.known).all(axis=1).nonzero()[0].tolist() == [*range(0, 40, 5)]
    assert "kept with every label unknown: 8" in "\n".join(data.notes)


def test_a_review_becomes_keywords_without_a_mark(tagfit: Command, client: TestClient, folder: Path) -> None:
    old = states(folder)
    train = ("train", folder, "--untagged", "keep", "--size", 8, "--set", "epochs=20")
    assert tagfit(*train, "--out", "runs/first").code == 0
    tag = ("tag", "runs/first", folder, "--write-keywords", "--apply", "--json")
    written = tagfit(*tag).json
    assert written["written"]
    guesses = {photo.name: {path[-1] for path in photo.own()} for photo in read_library(folder, SUFFIXES).photos}
    run = open_run("runs/first")
    split = next(name for name in ("train", "validation") if "00.jpg" in run.problem["ids"][name])
    row = run.problem["ids"][split].index("00.jpg")
    decided = {"people": "present", "sea": "absent", "sun": "present"}
    for column, label in enumerate(run.labels):
        form = {"split": split, "row": row, "column": column, "now": decided[label]}
        answer = client.post("/runs/runs~first/corrections", data=form)
        assert answer.status_code == 303, answer.text
    assert client.post("/runs/runs~first/corrections/export", data={}).status_code == 303
    (table,) = Path("studio/exports").glob("tags-*.csv")

    removed = tagfit("untag", folder, "--reviewed", table, "--apply", "--json").json
    assert {one["photograph"] for one in removed["photographs"]} <= {"00.jpg", *guesses}
    accepted = tagfit("accept", folder, "--reviewed", table, "--apply", "--json").json
    assert accepted["skipped"] == removed["skipped"] == {}
    added = tagfit("tag", table, folder, "--write-keywords", "--apply", "--json").json
    assert added["skipped"] == {}
    photo = read_library(folder, SUFFIXES).photos[0]
    assert {path[-1] for path in photo.paths()} == {"people", "sun"}
    assert photo.own() == []
    assert read(folder, labels=list(LABELS)).tags(0) == ("people", "sun")
    assert tagfit("tag", table, folder, "--write-keywords", "--json").json["files"] == []
    assert tagfit("train", table, "--allow-outside", "--size", 8, "--set", "epochs=2", "--out", "runs/second").code == 0
    for name in reversed(tagfit("undo", "--list", "--json").json["runs"]):
        assert tagfit("undo", name).code == 0
    assert states(folder) == old


def test_a_table_of_tags_is_only_written_and_has_to_name_pictures_of_the_folder(
    tagfit: Command, photos: Path, folder: Path
) -> None:
    table = photos / "tags.csv"
    assert "holds tags already (--write-keywords" in tagfit.refused("tag", table, folder)
    assert "none of the pictures" in tagfit.refused("tag", table, folder, "--write-keywords")
    assert "--top: no effect" in tagfit.refused("tag", table, photos, "--write-keywords", "--top", 3)
    assert tagfit("tag", table, photos, "--write-keywords", "--json").json["files"]
