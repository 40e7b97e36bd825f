"""The pages end to end: each has a twin in JSON, numbers are the engine's, changes are logged and can be undone."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

import tagfit as tf
from studio.conftest import ORIGIN
from tagfit.evaluation.evaluate import evaluate
from tagfit.studio import jobs
from tagfit.studio.desk import Desk
from tagfit.studio.workspace import WaitingError

RUN = "/runs/runs~mine"
PAGES = (
    "/",
    "/train",
    "/cures",
    f"{RUN}/curves",
    f"{RUN}/corrections",
    f"{RUN}/try",
    f"{RUN}/data",
    f"{RUN}/validation/calibration?label=sea",
    f"{RUN}/train/pictures?show=untagged",
    f"{RUN}/validation/pictures",
    f"{RUN}/validation/pictures?show=missed",
    f"{RUN}/validation/pictures/1",
    f"{RUN}/validation/thresholds",
)


@pytest.fixture
def run(folder: Path) -> tf.Run:
    return tf.open_run(folder / "runs" / "mine")


def twin(path: str) -> str:
    base, mark, query = path.partition("?")
    return f"{'/index' if base == '/' else base}.json{mark}{query}"


@pytest.mark.parametrize("path", PAGES)
def test_every_page_begins_with_the_verdict_of_its_twin(client: TestClient, path: str) -> None:
    values, page = client.get(twin(path)).json(), client.get(path)  # the twin waits for what takes long
    assert page.status_code == 200
    assert 'class="verdict' in page.text
    assert page.text.index('class="verdict') < page.text.index("<footer")
    embedded = page.text.partition('id="data">')[2].partition("</script>")[0]
    assert json.loads(embedded) == values["data"]
    assert set(values) == {"title", "verdict", "command", "ways", "sections", "actions", "data", "result"}


@pytest.mark.parametrize("path", [RUN, f"{RUN}/findings"])
def test_what_takes_long_says_what_it_is_until_it_is_there(client: TestClient, path: str) -> None:
    values = client.get(twin(path)).json()
    assert values["verdict"]["sentence"]
    assert client.get(path).status_code == 200


def test_metrics_do_not_wait_for_the_diagnosis(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def waiting(_: Desk) -> None:
        raise WaitingError("diagnosing the run", 1.0)

    assert not client.get(twin(RUN)).json()["data"]["live"]
    monkeypatch.setattr(Desk, "findings", waiting)
    values = client.get(twin(RUN)).json()
    assert values["data"]["live"], "the page takes the finding in by itself"
    assert values["verdict"]["mark"] != "good"
    page = client.get(RUN)
    assert page.status_code == 200
    assert "The run is being diagnosed" in page.text
    assert "label_accuracy" in page.text


def test_an_empty_folder_shows_what_to_do(tmp_path: Path) -> None:
    from tagfit.studio.pages.runs import runs
    from tagfit.studio.workspace import Workspace

    commands = [row[0] for row in runs(Workspace(tmp_path))["sections"][0]["rows"]]
    assert len(commands) == 3
    assert "tagfit demo" in commands


def test_filters_show_the_rows_that_the_scores_say(client: TestClient, run: tf.Run) -> None:
    scores = run.scores("validation")
    label = scores.labels[0]
    for show in ("missed", "false"):
        for cut in (0.2, 0.5, 0.8):
            query = f"label={label}&show={show}&cut={cut}"
            found = client.get(f"{RUN}/validation/rows.json?{query}&count=500").json()["rows"]
            tagged, above = scores.truth[:, 0] == 1, scores.scores[:, 0] > cut
            wanted = tagged & ~above if show == "missed" else ~tagged & above
            assert sorted(one["row"] for one in found) == np.flatnonzero(wanted & scores.known[:, 0]).tolist()
            assert all(label in one[show] for one in found)


def test_the_counts_at_200_cuts_are_those_of_the_engine(client: TestClient, run: tf.Run) -> None:
    """What the browser does with the bytes: sorted scores, running sums, and a search for score > cut."""
    scores = run.scores("validation")
    for column, label in enumerate(scores.labels):
        body = client.get(f"{RUN}/validation/scores.bin", params={"label": label}).content
        n = int(scores.known[:, column].sum())
        values = np.frombuffer(body, "<f4", n).astype(np.float64)
        hits = np.append(0, np.cumsum(np.frombuffer(body, np.uint8, n, 4 * n)))
        exact = scores.scores[:20, column].astype(float)
        for cut in [*np.random.default_rng(column).random(200 - len(exact)), *exact]:
            place = int((values > cut).sum())
            tp, fp = int(hits[place]), place - int(hits[place])
            cuts = [cut if name == label else 0.5 for name in scores.labels]
            record = evaluate(scores, thresholds=cuts, intervals=None).labels[column]
            assert (record.tp, record.fp, record.fn, record.tn) == (tp, fp, hits[n] - tp, n - place - (hits[n] - tp))


def test_a_cut_is_saved_beside_the_others_and_evaluates_as_it_was_shown(
    client: TestClient, folder: Path, run: tf.Run
) -> None:
    one, other = run.labels[:2]
    for label, cut in ((one, 0.25), (other, 0.75)):
        form = {"split": "validation", "label": label, "cut": str(cut)}
        assert client.post(f"{RUN}/thresholds", data=form, headers=ORIGIN).status_code == 303
    saved = tf.Thresholds.load(folder / "studio" / "thresholds" / "runs~mine.json")
    assert dict(zip(saved.labels, saved.values.tolist(), strict=True))[one] == 0.25
    assert saved.chosen_on(run.scores("validation"))
    shown = client.get(f"{RUN}/validation/thresholds.json", params={"label": other}).json()["data"]
    record = evaluate(run.scores("validation"), thresholds=saved, intervals=None).labels[1]
    assert (shown["cut"], shown["figures"]["tp"], shown["figures"]["fn"]) == (0.75, record.tp, record.fn)
    form = {"split": "test", "label": one, "cut": "0.5"}
    assert client.post(f"{RUN}/thresholds", data=form, headers=ORIGIN).status_code == 400


def correct(client: TestClient, row: int, column: int, now: str) -> None:
    form = {"split": "validation", "row": str(row), "column": str(column), "now": now}
    assert client.post(f"{RUN}/corrections", data=form, headers=ORIGIN).status_code == 303


def shown(client: TestClient, row: int) -> list[str]:
    return [one["now"] for one in client.get(f"{RUN}/validation/pictures/{row}.json").json()["data"]["entries"]]


def test_a_corrected_tag_stands_until_it_is_undone_and_the_run_stays(client: TestClient, folder: Path) -> None:
    before = {path: path.read_bytes() for path in (folder / "runs").rglob("*") if path.is_file()}
    was = shown(client, 2)
    now = "absent" if was[0] == "present" else "present"
    correct(client, 2, 0, now)
    correct(client, 2, 1, "unknown")
    assert shown(client, 2)[:2] == [now, "unknown"]
    client.post(f"{RUN}/corrections/undo", headers=ORIGIN)
    assert shown(client, 2)[:2] == [now, was[1]]
    client.post(f"{RUN}/corrections/undo", headers=ORIGIN)
    assert shown(client, 2) == was
    client.post(f"{RUN}/corrections/undo", headers=ORIGIN)
    log = next((folder / "studio").glob("corrections-*.jsonl")).read_text().splitlines()
    assert len(log) == 4, "two corrections and two undos: nothing is removed"
    assert {path: path.read_bytes() for path in before} == before


def test_two_servers_on_one_folder_lose_no_correction(client: TestClient, folder: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from tagfit.studio.corrections import Corrections

    log = next(iter([Corrections.of_data(folder / "studio", "abc")]))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: Corrections(log.path).add(f"p{n}", "a", "absent", "present"), range(40)))
    assert len(log.standing()) == 40
    with log.path.open("a") as file:
        file.write('{"half a li')
    assert len(log.standing()) == 40


def test_corrections_are_exported_as_a_source_that_reads_back(client: TestClient, folder: Path, run: tf.Run) -> None:
    was = shown(client, 0)
    correct(client, 0, 0, "absent" if was[0] == "present" else "present")
    done = client.post(f"{RUN}/corrections/export", headers=ORIGIN)
    assert done.status_code == 303, done.text
    path = next((folder / "studio" / "exports").glob("tags-*.csv"))
    problem = tf.split(tf.read(path, allow_outside=True), size=8)
    changed = problem.part("validation").truth[0].tolist()
    assert changed == [1 - (was[0] == "present"), *(int(one == "present") for one in was[1:])]
    assert problem.part("train").truth.tolist() == run.scores("train").truth.tolist()


def test_the_test_split_is_asked_for_and_the_look_recorded_once(client: TestClient, folder: Path) -> None:
    looks = folder / "runs" / "mine" / "test_looks.jsonl"
    before = len(looks.read_text().splitlines()) if looks.exists() else 0
    for path in ("pictures", "pictures/0", "rows.json", "scores.bin", "sheets/0.jpg", "thresholds"):
        assert client.get(f"{RUN}/test/{path}").status_code == 403, path
    assert client.post(f"{RUN}/test", headers=ORIGIN).status_code == 303
    assert client.get(f"{RUN}/test/pictures").status_code == 200
    assert client.get(f"{RUN}/test/pictures/0").status_code == 200
    lines = looks.read_text().splitlines()
    assert len(lines) == before + 1
    assert json.loads(lines[-1])["why"] == "studio"


def test_sheets_hold_the_pictures_of_the_view_in_its_order(client: TestClient) -> None:
    import io

    from PIL import Image

    rows = client.get(f"{RUN}/validation/rows.json?sort=loss").json()["rows"]
    done = client.get(f"{RUN}/validation/sheets/0.jpg?sort=loss")
    sheet = np.asarray(Image.open(io.BytesIO(done.content)).convert("RGB"), dtype=float)
    one = client.get(f"{RUN}/validation/picture/{rows[1]['row']}.jpg").content
    picture = np.asarray(Image.open(io.BytesIO(one)).convert("RGB").resize((96, 96)), dtype=float)
    assert np.abs(sheet[:96, 96:192] - picture).mean() < 25
    assert client.get(f"{RUN}/validation/sheets/99.jpg").status_code == 404


def test_a_training_is_a_process_of_its_own_with_the_words_of_the_form(
    client: TestClient, folder: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(photos, folder / "photos")
    asked: list[list[str]] = []

    class Process:
        pid = 2**30

        def __init__(self, command: list[str], **options: object) -> None:
            assert options["start_new_session"] is True
            asked.append(command)

    monkeypatch.setattr(jobs.subprocess, "Popen", Process)
    form = {"source": "photos", "recipe": "plain-dense", "set": "epochs=2 ema=0.5", "name": "new"}
    done = client.post("/train", data=form, headers=ORIGIN)
    assert done.headers["location"] == "/starting/runs~new"
    assert asked[0][:5] == [sys.executable, "-m", "tagfit", "train", "photos"]
    assert asked[0][5:] == ["--recipe", "plain-dense", "--set", "epochs=2", "--set", "ema=0.5", "--out", "runs/new"]
    assert client.get("/starting/runs~new").status_code == 200
    form = {"goal": "lesson", "budget": "60s", "name": "cured"}
    assert client.post(f"{RUN}/cure", data=form, headers=ORIGIN).status_code == 303
    assert asked[1][3] == "cure"
    wrong = {"goal": "accuracy>0.9", "budget": "60s", "name": "other"}
    assert client.post(f"{RUN}/cure", data=wrong, headers=ORIGIN).status_code == 400
    assert client.post(f"{RUN}/stop", headers=ORIGIN).status_code == 400, "what was not started here is not killed"


def test_the_command_of_a_training_names_the_recipe_that_the_form_shows(client: TestClient) -> None:
    for query, expected in (("", "regularised-conv"), ("?recipe=plain-dense", "plain-dense"), ("?recipe=no", None)):
        page = client.get(f"/train.json{query}").json()
        (form,) = page["actions"]
        (shown,) = [one["value"] for one in form["fields"] if one["name"] == "recipe"]
        assert f"--recipe {shown}" in page["command"]
        assert expected in (shown, None)


def test_two_runs_are_compared(client: TestClient, folder: Path) -> None:
    shutil.copytree(folder / "runs" / "mine", folder / "runs" / "other")
    found = client.get("/compare.json?a=runs~mine&b=runs~other").json()
    assert "no difference" in found["verdict"]["sentence"]
    (form,) = found["actions"]
    assert {one["name"]: one["value"] for one in form["fields"]} == {"a": "runs/mine", "b": "runs/other"}
    assert all(set(one["choices"]) == {"runs/mine", "runs/other"} for one in form["fields"])
    turned = client.get("/compare.json?a=runs/other&b=runs/mine").json()
    assert turned["command"].endswith("runs/other runs/mine")


def test_the_events_of_a_finished_training_end_at_once(client: TestClient, run: tf.Run) -> None:
    text = client.get(f"{RUN}/curves/events").text
    assert f"id: {len(run.history)}" in text
    assert "event: end" in text
    again = client.get(f"{RUN}/curves/events", headers={"last-event-id": str(len(run.history))}).text
    assert "id:" not in again


def test_a_picture_that_is_dropped_is_tagged_as_by_the_command(client: TestClient, photos: Path, run: tf.Run) -> None:
    picture = next(Path(str(file)) for file in tf.read(photos).files or ())
    done = client.post(f"{RUN}/try", content=picture.read_bytes(), headers=ORIGIN).json()
    assert done["scores"] == pytest.approx(run.tag([picture])[0]["scores"])
    broken = client.post(f"{RUN}/try", content=b"no picture", headers=ORIGIN).json()
    assert broken["problem"]
