"""The curl lines of docs/serving.md, run as they are written against a server that listens."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer

from commands import ENTRY, environment
from tagfit.cli.app import app
from tagfit.server.limits import Limits

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("prometheus_client", reason="prometheus_client is not installed")

from tagfit.server.gate import HEALTH

PAGE = Path(__file__).parent.parent.parent / "docs" / "serving.md"
TEXT = PAGE.read_text(encoding="utf-8")
LINES = [line.strip() for line in TEXT.splitlines() if line.startswith("    curl ")]
TOKEN = "a-token-of-the-page"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_lines_of_the_page_work(packed: Path, photos: Path, tmp_path: Path) -> None:
    shutil.copytree(packed, tmp_path / "beach-tagger")
    first, second = sorted((photos / "images").iterdir())[:2]
    shutil.copy(first, tmp_path / "beach.jpg")
    shutil.copy(second, tmp_path / "sunset.jpg")
    tensor = {"name": "pixels", "shape": [1, 8, 8, 3], "datatype": "UINT8", "data": [0] * 192}
    (tmp_path / "pixels.json").write_text(json.dumps({"inputs": [tensor]}))
    command = [*ENTRY, "serve", "beach-tagger", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            said = re.fullmatch(
                r"beach-tagger on (http://127\.0\.0\.1:\d+); Ctrl-C ends it\n", server.stdout.readline()
            )
            assert said is not None
            answers = []
            for line in LINES:
                words = line.replace("curl", "curl -sS --fail-with-body").replace("http://127.0.0.1:8000", said[1])
                done = subprocess.run(
                    ["sh", "-c", words],
                    cwd=tmp_path,
                    env=environment(TAGFIT_TOKEN=TOKEN),
                    capture_output=True,
                    text=True,
                )
                assert (done.returncode, done.stderr) == (0, ""), (line, done.stdout)
                answers.append(done.stdout)
        finally:
            server.send_signal(signal.SIGINT)  # as Ctrl-C
        assert server.wait(60) == 0
    one, two, ready, model, inferred, metrics, last = answers
    assert len(json.loads(one)["pictures"]) == len(json.loads(last)["pictures"]) == 1
    assert [each["picture"] for each in json.loads(two)["pictures"]] == ["beach.jpg", "sunset.jpg"]
    assert json.loads(ready) == {"ready": True}
    assert json.loads(model)["name"] == json.loads(inferred)["model_name"] == "beach-tagger"
    assert "tagfit_requests_total" in metrics


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    limits = Limits()
    rows = dict(re.findall(r"^\| ([a-z ]+) \| ([^|]+) \| \d", TEXT, re.MULTILINE))
    assert rows == {
        "bytes of a request": f"{limits.request_bytes // 2**20} MiB",
        "pictures of a request": f"{limits.pictures}",
        "pixels of a picture": f"{limits.pixels // 10**6} million",
        "pictures accepted and not yet answered": f"{limits.queue}",
        "bytes of all requests being answered": f"{limits.held_bytes // 2**20} MiB",
        "connections at once": f"{limits.connections}",
        "time for a request to arrive": f"{limits.body_seconds:g} s",
        "time for an answer": f"{limits.answer_seconds:g} s",
    }
    assert f"up to {limits.batch} at once" in TEXT
    assert f"at most {1000 * limits.gather_seconds:g} ms" in TEXT
    assert f"at most {limits.drain_seconds:g} s" in TEXT


def test_the_container_runs_a_command_that_exists_as_a_user_without_rights_and_asks_for_health() -> None:
    text = PAGE.parent.parent.joinpath("Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    said = dict(line.split(maxsplit=1) for line in text.splitlines() if re.match("[A-Z]", line))
    command: Any = typer.main.get_command(app)
    name, _, *words = json.loads(said["CMD"])
    options = {option for param in command.commands[name].params for option in param.opts}
    assert {word for word in words if word.startswith("--")} <= options
    assert json.loads(said["ENTRYPOINT"]) == ["tagfit"]
    assert int(said["USER"].partition(":")[0]) > 0
    assert any(path in said["HEALTHCHECK"] for path in HEALTH)
    assert said["EXPOSE"] in words
    assert "'.[serve]' onnxruntime" in said["RUN"]
