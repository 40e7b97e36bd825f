"""Who may ask what: one machine, one link, changes from the studio's own pages, nothing outside the folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from page_tags import EVIL
from studio.conftest import HOST, ORIGIN, PORT
from tagfit.studio import guard
from tagfit.studio.guard import Session

RUN = "/runs/runs~mine"
CHANGES = (
    f"{RUN}/corrections",
    f"{RUN}/corrections/undo",
    f"{RUN}/corrections/export",
    f"{RUN}/thresholds",
    f"{RUN}/test",
    f"{RUN}/stop",
    f"{RUN}/resume",
    f"{RUN}/cure",
    f"{RUN}/try",
    "/train",
)


def test_a_link_works_once(stranger: TestClient, session: Session) -> None:
    link = session.link()
    first = stranger.get(link)
    assert (first.status_code, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", f"tagfit-{PORT}="))
    assert stranger.get("/").status_code == 200
    stranger.cookies.clear()
    assert stranger.get(link).status_code == 401


def test_without_a_session_nothing_is_shown_and_one_new_link_is_given(stranger: TestClient, session: Session) -> None:
    shown: list[str] = []
    session.on_link = shown.append
    for path in ("/", RUN, "/static/common.js", f"{RUN}/validation/sheets/0.jpg"):
        assert stranger.get(path).status_code == 401
    assert len(shown) == 1


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", f"127.0.0.1:{PORT + 1}", ""])
def test_a_name_that_was_pointed_at_this_machine_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", f"https://{HOST}", f"http://localhost:{PORT}"])
def test_a_change_from_another_origin_is_refused(
    client: TestClient, folder: Path, path: str, origin: str | None
) -> None:
    before = sorted(folder.rglob("*"))
    done = client.post(path, data={"name": "x"}, headers={} if origin is None else {"origin": origin})
    assert done.status_code == 403
    assert sorted(folder.rglob("*")) == before


def test_reading_changes_nothing(client: TestClient, folder: Path) -> None:
    for path in CHANGES[:-2]:
        assert client.get(path).status_code in (200, 404, 405)
    assert not (folder / "studio").exists()


def test_every_answer_has_a_strict_policy(client: TestClient) -> None:
    for path in ("/", "/nowhere", "/static/common.js", f"{RUN}/validation/sheets/0.jpg", "/index.json"):
        headers = client.get(path).headers
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert headers["x-content-type-options"] == "nosniff"


def test_forms_of_a_browser_name_their_origin(client: TestClient) -> None:
    """With the policy ``no-referrer`` a browser sends ``Origin: null`` with a form, which no page here is."""
    assert client.get("/").headers["referrer-policy"] == "same-origin"
    refused = client.post("/train", headers={"origin": "null"}, data={"source": "tags.csv"})
    assert refused.status_code == 403


def test_pages_have_no_inline_script_style_or_handler(client: TestClient) -> None:
    from page_tags import Tags

    for path in ("/", f"{RUN}/curves", f"{RUN}/validation/pictures", f"{RUN}/validation/pictures/0", "/train"):
        for name, attributes in Tags(client.get(path).text).tags:
            assert name != "style"
            assert not [key for key in attributes if key.startswith("on") or key == "style"]
            if name == "script":
                assert attributes.get("src", "").startswith("/static/") or attributes["type"] == "application/json"


@pytest.mark.parametrize(
    "way", ["../../etc", "..%2f..%2fetc", "%2e%2e/%2e%2e", "..%5c..", "%00", "runs~mine%2f..%2f..", "~~", "/etc/passwd"]
)
def test_no_part_of_an_address_leads_out_of_the_folder(client: TestClient, folder: Path, way: str) -> None:
    (folder.parent / "secret").mkdir()
    shutil.copy(folder / "runs" / "mine" / "run.json", folder.parent / "secret" / "run.json")
    for path in (f"/runs/{way}", f"/cures/{way}", f"/static/{way}", f"{RUN}/{way}/pictures", f"{RUN}/validation/{way}"):
        assert client.get(path).status_code in (307, 400, 404), path
    for path in ("/runs/..~secret", "/runs/secret"):
        assert client.get(path).status_code == 404


def test_a_link_that_leads_out_of_the_folder_is_no_run(client: TestClient, folder: Path) -> None:
    shutil.copytree(folder / "runs" / "mine", folder.parent / "outside")
    (folder / "runs" / "linked").symlink_to(folder.parent / "outside")
    assert "linked" not in client.get("/").text
    assert client.get("/runs/runs~linked").status_code == 404


@pytest.mark.parametrize(
    "form",
    [
        {"source": "../../etc/passwd", "recipe": "plain-dense", "name": "x"},
        {"source": "/etc/passwd", "recipe": "plain-dense", "name": "x"},
        {"source": "runs", "recipe": "--help", "name": "x"},
        {"source": "runs", "recipe": "plain-dense", "name": "../x"},
        {"source": "runs", "recipe": "plain-dense", "name": "--x"},
        {"source": "runs", "recipe": "plain-dense", "name": "x", "set": "--device=cpu"},
        {},
    ],
)
def test_a_form_cannot_name_what_is_outside_or_smuggle_an_option(
    client: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch, form: dict[str, str]
) -> None:
    from tagfit.studio import jobs

    monkeypatch.setattr(jobs.subprocess, "Popen", lambda *_, **__: pytest.fail("a process was started"))
    assert client.post("/train", data=form, headers=ORIGIN).status_code == 400


def test_a_large_upload_is_refused_before_it_is_read(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {**ORIGIN, "content-length": str(2**30)}
    assert client.post(f"{RUN}/try", content=b"x", headers=headers).status_code == 413
    monkeypatch.setattr(guard, "LARGEST", 1000)
    endless = (b"x" * 100 for _ in range(10**6))  # without a length, the body is counted as it comes
    assert client.post(f"{RUN}/try", content=endless, headers=ORIGIN).status_code == 413


def test_a_run_made_by_an_enemy_is_text_and_reaches_for_nothing(client: TestClient, folder: Path) -> None:
    enemy = folder / "runs" / "enemy"
    shutil.copytree(folder / "runs" / "mine", enemy)
    problem = json.loads((enemy / "problem.json").read_text())
    problem["source"]["data"] = "http://evil.example/tags.csv"
    problem["fingerprint"]["data"] = "../../../" + problem["fingerprint"]["data"]
    (enemy / "problem.json").write_text(json.dumps(problem))
    info = json.loads((enemy / "run.json").read_text())
    (enemy / "run.json").write_text(json.dumps({**info, "recipe": EVIL}))
    page = client.get("/")
    assert EVIL not in page.text
    assert "&lt;script&gt;" in page.text
    grid = client.get("/runs/runs~enemy/validation/pictures")
    assert grid.status_code == 200
    assert client.get("/runs/runs~enemy/validation/pictures.json").json()["data"]["pictures"] is False
    assert client.get("/runs/runs~enemy/validation/sheets/0.jpg").status_code == 404
    form = {"split": "validation", "row": "0", "column": "0", "now": "unknown"}
    assert client.post("/runs/runs~enemy/corrections", data=form, headers=ORIGIN).status_code == 303
    assert all(path.is_relative_to(folder / "studio") for path in folder.parent.rglob("corrections-*"))


@pytest.mark.parametrize("file", ["run.json", "problem.json", "history.jsonl", "scores/validation.npz"])
def test_a_broken_run_is_a_row_with_its_reason_or_a_page_that_says_so(
    client: TestClient, folder: Path, file: str
) -> None:
    (folder / "runs" / "mine" / file).write_bytes(b"\x00[[[[" * 100)
    assert client.get("/").status_code == 200
    for path in ("", "/curves", "/findings", "/validation/pictures", "/validation/thresholds", "/corrections"):
        done = client.get(f"{RUN}{path}")
        assert done.status_code in (200, 202, 400, 404), (path, done.status_code)
        assert "Traceback" not in done.text
