"""Reviewing in the studio: what to tag next and why, suggestions accepted and rejected, similar pictures."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import tagfit as tf
from studio.conftest import HOST, ORIGIN, PORT
from tagfit.cli.training_form import trainer
from tagfit.data.plan import Plan
from tagfit.pool.acquisition import acquire
from tagfit.scores import Scores
from tagfit.studio.desk import Desk
from tagfit.studio.guard import Guard, Session
from tagfit.studio.pages.similar import similar
from tagfit.studio.routes import application
from tagfit.studio.seen import SCORES, Seen, asked, neighbours, next_best, seen, unsure_of
from tagfit.studio.work import Work
from tagfit.studio.workspace import Workspace

RUN = "/runs/runs~mine"


@pytest.fixture
def half_known(folder: Path) -> Scores:
    """Scores of the run's validation rows in which the tags of every other row are unknown, stored in the run."""
    run = tf.open_run(folder / "runs" / "mine")
    scores = run.scores("validation")
    known = scores.known.copy()
    known[::2] = False
    made = Scores.of(
        np.where(known, scores.truth, 0), scores.scores, known=known, labels=scores.labels, ids=scores.ids,
        split="validation",
    )  # fmt: skip
    run.save_scores(made)
    return made


def values(client: TestClient, path: str) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def log_of(folder: Path) -> list[dict[str, Any]]:
    files = (folder / "studio").glob("corrections-*.jsonl")
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def test_unknown_rows_come_in_the_order_in_which_suggest_takes_them(
    client: TestClient, half_known: Scores, folder: Path
) -> None:
    query = "show=unknown&sort=next"
    rows = values(client, f"{RUN}/validation/rows.json?{query}&count=500")["rows"]
    run = tf.open_run(folder / "runs" / "mine")
    unknown = np.arange(0, len(half_known), 2)
    problem = tf.split(tf.read(run.problem["source"]["data"]), size=8)
    features = tf.Tagger.of_run(run).represent(problem.inputs).features[np.flatnonzero(problem.split == "validation")]
    positives = run.prevalence * len(run.problem["ids"]["train"])
    order, _ = acquire(half_known.scores[unknown], features[unknown], positives, len(unknown))
    assert [one["row"] for one in rows] == unknown[order].tolist()
    least_sure = half_known.labels[int(np.abs(half_known.scores[rows[0]["row"]] - 0.5).argmin())]
    assert rows[0]["reason"].startswith(least_sure)
    said = values(client, f"{RUN}/validation/pictures.json?{query}")["verdict"]["sentence"]
    assert f"{len(unknown)} of {len(half_known)}" in said
    assert "0 of them have a correction" in said
    one = values(client, f"{RUN}/validation/pictures/{rows[0]['row']}.json?{query}")
    assert f"unsure of {rows[0]['reason']}" in one["verdict"]["sentence"]
    assert "No tag of this picture is known." in one["verdict"]["sentence"]


def test_known_entries_count_as_sure_unless_nothing_is_unknown() -> None:
    known = np.array([[True, True], [True, False], [False, False]])
    assert asked(known).tolist() == [[True, True], [False, True], [True, True]]
    scores = Scores.of([[1, 0], [1, -1], [-1, -1]], [[0.9, 0.8], [0.5, 0.9], [0.4, 0.1]], labels=["a", "b"])
    assert [unsure_of(scores, row) for row in range(3)] == [[1, 0], [1], [0, 1]]
    order = next_best(np.array([1, 2]), scores, np.zeros((2, 3), np.float32), np.ones(2))
    assert order.tolist() == [2, 1], "a is known of row 1, however unsure the model is"
    assert next_best(np.array([], int), scores, np.zeros((0, 3), np.float32), np.ones(2)).tolist() == []


def answer(client: TestClient, page: dict[str, Any], which: str) -> None:
    data = page["data"]
    form = next(one for one in data["answers"] if one["id"] == which)
    body = {"split": data["split"], "row": str(data["row"]), "tag": form["tags"]}
    assert client.post(data["answer"], data=body, headers=ORIGIN).status_code == 303


def test_suggestions_are_accepted_rejected_and_taken_back_together(
    client: TestClient, half_known: Scores, folder: Path
) -> None:
    row = next(int(row) for row in range(0, len(half_known), 2) if 0 < (half_known.scores[row] > 0.5).sum() < 3)
    at = f"{RUN}/validation/pictures/{row}.json"
    page = values(client, at)
    predicted = half_known.scores[row] > 0.5
    assert "Suggested: " in page["verdict"]["sentence"]
    answer(client, page, "accept")
    now = [one["now"] for one in values(client, at)["data"]["entries"]]
    assert now == ["present" if one else "unknown" for one in predicted]
    answer(client, values(client, at), "nothing-else")
    now = [one["now"] for one in values(client, at)["data"]["entries"]]
    assert now == ["present" if one else "absent" for one in predicted]
    assert all(not one["tags"] for one in values(client, at)["data"]["answers"])
    for _ in range(2):
        client.post(f"{RUN}/corrections/undo", headers=ORIGIN)
    assert {one["now"] for one in values(client, at)["data"]["entries"]} == {"unknown"}
    answer(client, page, "reject")
    now = [one["now"] for one in values(client, at)["data"]["entries"]]
    assert now == ["absent" if one else "unknown" for one in predicted]
    assert len({one["batch"] for one in log_of(folder)}) > 2


def test_a_suspect_tag_that_is_kept_is_not_suggested_again(client: TestClient, folder: Path) -> None:
    run = tf.open_run(folder / "runs" / "mine")
    scores = run.scores("validation")
    L = len(scores.labels)
    truth = np.random.default_rng(0).random((200, L)) < 0.5
    wrong = truth.astype(np.uint8)
    wrong[3, 0] ^= 1
    run.save_scores(Scores.of(wrong, 0.02 + 0.96 * truth, labels=scores.labels, split="validation"))
    shown = values(client, f"{RUN}/validation/rows.json?show=suspect")["rows"]
    assert [one["row"] for one in shown] == [3]
    at = f"{RUN}/validation/pictures/3.json?show=suspect"
    page = values(client, at)
    assert page["data"]["answers"][0]["tags"] == [f"0:{'present' if truth[3, 0] else 'absent'}"]
    answer(client, page, "reject")
    assert not any(one["tags"] for one in values(client, at)["data"]["answers"])
    (entry,) = log_of(folder)
    assert entry["was"] == entry["now"]


@pytest.mark.parametrize("tag", ["99:present", "-1:present", "x:present", "0:perhaps", "0", ""])
def test_an_answer_that_names_no_tag_changes_nothing(client: TestClient, folder: Path, tag: str) -> None:
    body = {"split": "validation", "row": "0", "tag": ["1:present", tag]}
    assert client.post(f"{RUN}/corrections/answer", data=body, headers=ORIGIN).status_code in (400, 404)
    assert log_of(folder) == []


def test_similar_pictures_are_those_of_the_command(client: TestClient, folder: Path) -> None:
    run = tf.open_run(folder / "runs" / "mine")
    page = values(client, f"{RUN}/validation/pictures/1/similar.json")
    _, name, _, picture, option, count = shlex.split(page["command"])
    assert (name, option) == ("similar", "--count")
    wanted = tf.similar(run, picture, count=int(count))
    found = page["sections"][0]["pictures"]
    assert [Path(one["picture"]).name for one in wanted.pictures] == [Path(one["id"]).name for one in found]
    assert found[0]["lines"][0]["text"].startswith(f"{wanted.pictures[0]['similarity']:.3f} in ")
    assert client.get(f"{RUN}/validation/pictures/99/similar").status_code == 404
    assert client.get(f"{RUN}/test/pictures/0/similar").status_code == 403


def test_copies_of_a_picture_are_named(folder: Path, photos: Path, tmp_path: Path, cache_dir: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(photos, copied)
    lines = (photos / "tags.csv").read_text(encoding="utf-8").splitlines()
    name, tags = lines[1].split(",", 1)
    for number in range(2):
        shutil.copy(copied / "images" / name, copied / "images" / f"copy{number}.jpg")
    lines += [f"copy{number}.jpg,{tags}" for number in range(2)]
    sides = ["split", *("validation" if row % 4 == 3 else "train" for row in range(len(lines) - 3)), "train", "train"]
    table = "".join(f"{line},{side}\n" for line, side in zip(lines, sides, strict=True))
    (copied / "tags.csv").write_text(table, encoding="utf-8")
    problem = Plan(str(copied), size=8, cache_dir=str(cache_dir)).problem()
    run = tf.fit(problem, tf.Recipe(widths=(8,), epochs=1), out=folder / "runs" / "copied", threads=1)
    desk = Desk(Workspace(folder), Work(), "runs~copied", 60.0, set())
    page = similar(desk, "train", run.problem["ids"]["train"].index("copy0.jpg"))
    assert "2 of these are near copies of it." in page["verdict"]["sentence"]
    marked = [one["id"] for one in page["sections"][0]["pictures"] if one["lines"][0]["mark_text"] == "near copy"]
    assert sorted(marked) == sorted([name, "copy1.jpg"])


def test_without_the_model_rows_are_compared_by_their_scores(folder: Path) -> None:
    run = tf.open_run(folder / "runs" / "mine")
    scores = run.scores("validation")
    found = seen(run, None, {"validation": scores})
    assert found.by == SCORES
    nearest = neighbours(found, "validation", 0, 3)
    assert [one.split for one in nearest] == ["validation"] * 3
    assert nearest[0].similarity >= nearest[-1].similarity
    assert 0 not in [one.row for one in nearest]


def test_a_test_row_is_compared_with_train_and_validation_only() -> None:
    features = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    split = np.array(["train", "test", "validation", "test", "train", "test"])
    found = Seen(features, split, np.array([0, 0, 0, 1, 1, 2]), SCORES)
    assert {(one.split, one.row) for one in neighbours(found, "test", 1)} == {
        ("train", 0),
        ("train", 1),
        ("validation", 0),
    }


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    session = Session(PORT)
    with TestClient(
        Guard(application(folder, trainer), session), base_url=f"http://{HOST}", follow_redirects=False
    ) as found:
        found.cookies.set(session.name, session.cookie)
        yield found
