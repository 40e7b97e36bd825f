"""The course in the studio: every station opens, answers are judged and recorded, questions come one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from studio.conftest import HOST, ORIGIN, PORT
from tagfit.cli.training_form import trainer
from tagfit.lesson import bank, content, exam, progress
from tagfit.studio.guard import Guard, Session

if TYPE_CHECKING:
    from starlette.testclient import TestClient

JSON = {**ORIGIN, "accept": "application/json"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "learn.jsonl"


@pytest.fixture
def client(tmp_path: Path, file: Path) -> Iterator[TestClient]:
    from starlette.testclient import TestClient

    from tagfit.studio.routes import application

    (tmp_path / "work").mkdir()
    session = Session(PORT, first="/learn")
    guarded = Guard(application(tmp_path / "work", trainer, file), session)
    with TestClient(guarded, base_url=f"http://{HOST}", follow_redirects=False) as found:
        assert found.get(session.link()).headers["location"] == "/learn"
        yield found


def form_of(page: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = page["form"]
    return found


@pytest.mark.parametrize("name", content.course().stations)
def test_every_station_opens_with_a_form_that_fits_its_first_step(client: TestClient, name: str) -> None:
    page = client.get(f"/learn/{name}.json").json()
    step = content.station(name).steps[0]
    assert form_of(page)["kind"] == step.kind
    assert form_of(page)["to"] == f"/learn/{name}/{step.id}"
    assert client.get(f"/learn/{name}").status_code == 200


def test_an_answer_is_judged_and_recorded_and_the_station_goes_on(client: TestClient, file: Path) -> None:
    fields = {f"answer{row}": ["beach"] for row in range(8)}
    done = client.post("/learn/tag/tags", data=fields, headers=JSON).json()
    assert done["to"] == "/learn/tag?after=tags"
    event = progress.read(file)[-1]
    assert event["answer"] == [["beach"]] * 8
    page = client.get("/learn/tag.json?after=tags").json()
    assert page["form"] is None
    said = next(one for one in page["sections"] if one["id"] == "outcome")
    assert any("gave no picture more than one tag" in line for line in said["paragraphs"])
    assert form_of(client.get("/learn/tag.json").json())["to"] == "/learn/tag/lost"


def test_a_wrong_answer_is_explained_and_asked_again_with_its_hints(client: TestClient, file: Path) -> None:
    client.post("/learn/tag/tags/skip", headers=ORIGIN)
    assert client.post("/learn/tag/lost", data={"answer": "48", "sure": "yes"}, headers=ORIGIN).status_code == 303
    page = client.get("/learn/tag.json?after=lost").json()
    assert form_of(page)["to"] == "/learn/tag/lost"
    assert "You were sure" in " ".join(page["sections"][0]["paragraphs"])
    client.post("/learn/tag/lost/hint", headers=ORIGIN)
    client.post("/learn/tag/lost/solution", headers=ORIGIN)
    helped = next(one for one in client.get("/learn/tag.json").json()["sections"] if one["id"] == "hints")
    assert len(helped["paragraphs"]) == 2
    assert [one["kind"] for one in progress.read(file)] == ["skip", "answer", "hint", "solution"]


@pytest.mark.parametrize("answer", ["", "a lot", "1e9", "nan"])
def test_an_answer_of_another_form_is_refused_and_not_recorded(client: TestClient, file: Path, answer: str) -> None:
    client.post("/learn/tag/tags/skip", headers=ORIGIN)
    done = client.post("/learn/tag/lost", data={"answer": answer}, headers=JSON)
    assert done.status_code == 400
    assert len(progress.read(file)) == 1


def test_the_pictures_of_a_step_are_sent_and_described(client: TestClient) -> None:
    rows = form_of(client.get("/learn/tag.json").json())["rows"]
    assert len(rows) == 8
    for row in rows:
        assert client.get(row["src"]).headers["content-type"] == "image/jpeg"
        assert row["description"]
    assert client.get("/learn/tag/tags/8.jpg").status_code == 404
    assert client.get("/learn/tag/nothing/0.jpg").status_code == 404
    assert client.get("/learn/nowhere").status_code == 404


def test_a_test_on_pages_ends_with_the_verdict_of_the_engine(client: TestClient, file: Path) -> None:
    client.post("/learn/test/begin", headers=ORIGIN)
    for _ in range(10):
        now = exam.latest(progress.read(file))
        assert now is not None
        assert now.current is not None
        fields = {"answer": str(now.current.key), "sure": "no"}
        assert client.post("/learn/test", data=fields, headers=ORIGIN).headers["location"] == "/learn/test?answered=1"
        page = client.get("/learn/test.json?answered=1").json()
        assert page["verdict"]["mark"] == "good"
        assert len(page["sections"][1]["rows"]) == len(now.current.options), "every option is explained"
    page = client.get("/learn/test.json").json()
    assert "10 of 10 right: strong" in page["verdict"]["sentence"]
    assert client.get("/learn/test").status_code == 200
    assert len(client.get("/learn.json").json()["sections"]) == 2


def test_practice_on_pages_asks_until_right_then_its_check(client: TestClient, file: Path) -> None:
    item = bank.practice()[0]
    key = bank.asked_item(item, 0).key
    client.post("/learn/practice", data={"answer": str((key + 1) % 3)}, headers=ORIGIN)
    wrong = client.get("/learn/practice.json?answered=1").json()
    assert [one["id"] for one in wrong["sections"]] == ["outcome"], "the right option is not given away"
    client.post("/learn/practice", data={"answer": str(key)}, headers=ORIGIN)
    solved = client.get("/learn/practice.json?answered=1").json()
    assert any(item.steps[0] in line for line in solved["sections"][0]["paragraphs"])
    check = bank.asked_check(item, 0)
    assert form_of(client.get("/learn/practice.json").json())["options"][0]["text"] == check.options[0].text
    client.post("/learn/practice", data={"answer": str(check.key)}, headers=ORIGIN)
    assert bank.practice()[1].title in client.get("/learn/practice").text
    assert [one["kind"] for one in progress.read(file)] == ["practice", "practice", "practice_check"]


def test_progress_is_exported_and_erased_only_with_its_word(client: TestClient, file: Path) -> None:
    client.post("/learn/tag/tags/skip", headers=ORIGIN)
    assert client.get("/learn/progress.jsonl").text == file.read_text(encoding="utf-8")
    assert client.post("/learn/erase", data={"word": ""}, headers=ORIGIN).status_code == 400
    assert file.exists()
    assert client.post("/learn/erase", data={"word": "erase"}, headers=ORIGIN).status_code == 303
    assert not file.exists()


def test_a_change_from_another_origin_is_refused_here_as_well(client: TestClient, file: Path) -> None:
    for path in ("/learn/tag/tags", "/learn/tag/restart", "/learn/test/begin", "/learn/erase"):
        assert client.post(path, data={"word": "erase"}, headers={"origin": "http://evil.example"}).status_code == 403
    assert not file.exists()


def test_code_in_an_option_is_shown_as_code(client: TestClient) -> None:
    assert "<code>accuracy</code>" in client.get("/learn/worth").text
