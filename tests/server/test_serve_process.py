"""`tagfit serve` as a process: signals, replacement, tokens, and requests that no client should send."""

from __future__ import annotations

import http.client
import io
import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from commands import ENTRY, WITHOUT_TORCH, Command, environment
from tagfit.server.address import listening
from tagfit.server.limits import Limits

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("prometheus_client", reason="prometheus_client is not installed")

STREAM = io.BytesIO()
Image.effect_noise((60, 40), 80).convert("RGB").save(STREAM, "JPEG")
PICTURE = STREAM.getvalue()


class Process:
    """A server in a process of its own."""

    def __init__(self, folder: Path, *words: str, entry: tuple[str, ...] = (*ENTRY,), **more: str) -> None:
        command = [*entry, "serve", str(folder), "--port", "0", "--json", "--workers", "2", *words]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(**more)
        )
        assert self.process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != "}\n":
            lines.append(self.process.stdout.readline())
            assert lines[-1], self.process.communicate()[1]
        self.about: dict[str, Any] = json.loads("".join(lines))
        self.port = int(self.about["address"].rpartition(":")[2])

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        with closing(self.connect()) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def news(self) -> str:
        """The next line about the model."""
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def ended(self) -> tuple[int, str, str]:
        """Exit code and the rest of what it said, after SIGTERM."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    begun: list[Process] = []

    def make(*words: Any, **more: str) -> Process:
        begun.append(Process(*words, **more))
        return begun[-1]

    yield make
    for one in begun:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


@contextmanager
def clients(server: Process, count: int) -> Iterator[list[Any]]:
    """Clients that ask without a pause until the block ends; gives the list of what they got."""
    got: list[Any] = []
    end = threading.Event()

    def ask() -> None:
        while not end.is_set():
            try:
                status, body = server.ask("POST", "/tag", PICTURE)
                got.append((status, json.loads(body)))
            except ConnectionRefusedError:
                return
            except (OSError, http.client.HTTPException) as error:
                got.append(error)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for one in threads:
        one.start()
    try:
        yield got
    finally:
        end.set()
        for one in threads:
            one.join(60)


def wait_for(true: Callable[[], bool]) -> None:
    """Until something other threads do has happened."""
    event, until = threading.Event(), time.monotonic() + 60
    while not true():
        assert time.monotonic() < until
        event.wait(0.005)


def test_sigterm_answers_what_was_accepted_and_ends_with_0(start: Callable[..., Process], packed: Path) -> None:
    server = start(packed)
    with closing(server.connect()) as half:
        half.putrequest("POST", "/tag")
        half.putheader("Content-Length", str(len(PICTURE)))
        half.endheaders(PICTURE[:100])
        server.ask("GET", "/v2")  # the half request was accepted before this one
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: refused(server.port))
        half.send(PICTURE[100:])
        answer = half.getresponse()
        assert (answer.status, len(json.loads(answer.read())["pictures"])) == (200, 1)
    assert server.ended() == (0, "", "")


def refused(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


def test_a_model_is_replaced_under_load_without_losing_a_request(
    start: Callable[..., Process], packed: Path, photo_run: Path, tmp_path: Path
) -> None:
    from tagfit import tagger

    live, other = tmp_path / "live", tmp_path / "other"
    shutil.copytree(packed, live)
    tagger.save(photo_run, other, thresholds=0.0)  # which gives every picture every tag
    server = start(live)
    first = server.about["fingerprint"]
    with clients(server, 3) as got:
        wait_for(lambda: len(got) > 5)
        shutil.rmtree(live)
        shutil.copytree(other, live)
        server.process.send_signal(signal.SIGHUP)
        second = server.news()
        assert second.startswith("reloaded: ")
        seen = len(got)
        wait_for(lambda: len(got) > seen + 8)
        (live / "weights.safetensors").write_bytes(b"broken")
        server.process.send_signal(signal.SIGHUP)
        third = server.news()
        seen = len(got)
        wait_for(lambda: len(got) > seen + 3)
    assert "not reloaded" in third
    assert "weights.safetensors changed since it was written" in third
    assert second.split()[1] in third
    assert second.split()[1] != first
    assert [one for one in got if not isinstance(one, tuple) or one[0] != 200] == []
    tags = [len(answer["pictures"][0]["tags"]) for _, answer in got]
    assert tags[-3:] == [3, 3, 3], "the broken one changed nothing"
    metrics = server.ask("GET", "/metrics")[1].decode()
    assert 'tagfit_reloads_total{result="done"} 1.0' in metrics
    assert 'tagfit_reloads_total{result="failed"} 1.0' in metrics
    assert server.ended()[0] == 0


def test_other_machines_need_a_token_which_is_made(start: Callable[..., Process], packed: Path) -> None:
    server = start(packed, "--host", "0.0.0.0")
    assert len(server.about["token"]) > 30
    assert server.ask("GET", "/v2")[0] == 401
    assert server.ask("GET", "/v2", Authorization=f"Bearer {server.about['token']}")[0] == 200
    assert server.ask("GET", "/v2/health/live")[0] == 200
    assert server.ended()[0] == 0


@pytest.mark.parametrize(("words", "expected"), [((), "e" * 16), (("--token", "w" * 16), "w" * 16)])
def test_a_token_is_given_in_words_or_in_the_environment(
    tagfit: Command, packed: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], expected: str
) -> None:
    from tagfit.server import serve

    given = {}
    monkeypatch.setattr(serve, "serve", lambda *_, **named: given.update(named))
    monkeypatch.setenv("TAGFIT_TOKEN", "e" * 16)
    assert tagfit("serve", packed, *words).code == 0
    assert given["token"] == expected
    monkeypatch.setenv("TAGFIT_TOKEN", "short")
    assert words or "--token short (at least 16" in tagfit.refused("serve", packed)


def test_connections_too_many_are_503_and_the_others_go_on(start: Callable[..., Process], packed: Path) -> None:
    server = start(packed)
    with ExitStack() as stack, closing(server.connect()) as first:
        first.request("GET", "/v2")
        assert first.getresponse().read()
        for _ in range(Limits.connections - 1):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        with closing(server.connect()) as last:
            last.request("POST", "/tag", PICTURE)
            answer = last.getresponse()
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert "connections" in json.loads(answer.read())["error"]
        # As many again that do not read their refusal at once: each can read it later.
        waiting = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(600)]
        assert all(one.recv(1 << 12).startswith(b"HTTP/1.1 503 ") for one in waiting)
        first.request("POST", "/tag", PICTURE)
        assert first.getresponse().status == 200
    wait_for(lambda: server.ask("GET", "/v2")[0] == 200)
    assert server.ended() == (0, "", "")


def test_answers_are_not_delayed_by_tcp() -> None:
    with listening("127.0.0.1", 0) as one:
        assert one.proto == socket.IPPROTO_TCP, "asyncio sets TCP_NODELAY for this protocol only"


def test_an_onnx_tagger_is_served_without_torch(start: Callable[..., Process], packed_onnx: Path) -> None:
    server = start(packed_onnx, entry=(sys.executable, "-c", WITHOUT_TORCH))
    status, body = server.ask("POST", "/tag", PICTURE)
    assert (status, len(json.loads(body)["pictures"][0]["scores"])) == (200, 3)
    assert json.loads(server.ask("GET", "/v2/models/beach")[1])["platform"] == "tagfit_onnx"
    assert server.ended()[0] == 0


def test_a_port_that_is_taken_is_one_message(tagfit: Command, packed: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = tagfit.refused("serve", packed, "--port", port)
    assert said == (
        f"error: --host 127.0.0.1 --port {port}: Address already in use (another port, or 0 for any free one)\n"
    )


# --- broken requests ------------------------------------------------------------------------------------------------

HEAD = b"POST /tag HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\n"


def broken(generator: random.Random) -> tuple[bytes, bool]:
    """One request that no client should send, and whether it is whole as HTTP."""
    junk = generator.randbytes(generator.randrange(1, 400))
    kind = generator.randrange(12)
    cut = PICTURE[: generator.randrange(len(PICTURE))]
    flipped = bytearray(PICTURE)
    for _ in range(generator.randrange(1, 30)):
        flipped[generator.randrange(len(flipped))] = generator.randrange(256)
    form = b"Content-Type: multipart/form-data; boundary=b\r\n"
    infer = HEAD.replace(b"/tag", b"/v2/models/live/infer")
    document = json.dumps(
        {"inputs": [{"name": "pixels", "shape": [1, 8, 8, 3], "datatype": "UINT8", "data": [0] * 192}]}
    )
    text = bytearray(document.encode())
    text[generator.randrange(len(text))] = generator.randrange(256)
    requests = (
        junk,
        _with(HEAD, cut),
        _with(HEAD, bytes(flipped)),
        HEAD + b"Content-Length: 1000\r\n\r\n" + junk[:99],
        HEAD + b"Content-Length: " + junk[:9] + b"\r\n\r\n",
        HEAD + b"Content-Length: 99999999999999999999\r\n\r\n" + junk,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + junk,
        _with(HEAD + form, b'--b\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n' + junk + b"--b--"),
        _with(HEAD + form, junk),
        _with(infer, bytes(text)),
        _with(infer, b"[" * generator.randrange(1, 99999)),
        HEAD.replace(b"/tag", b"/" + junk.replace(b"\n", b"")[:50]) + b"\r\n",
    )
    return requests[kind], kind not in (0, 3, 4, 6)


def _with(head: bytes, body: bytes) -> bytes:
    return head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def send(port: int, request: bytes, whole: bool) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as one:
        try:
            one.sendall(request.replace(b"PORT", str(port).encode()))
            if not whole:  # else the server waits for the rest
                one.shutdown(socket.SHUT_WR)
            return one.recv(1 << 16)
        except (ConnectionResetError, BrokenPipeError):  # refused before all of it was sent
            return b""


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.long)])
def test_broken_requests_leave_no_traceback_and_no_memory(
    start: Callable[..., Process], packed: Path, count: int
) -> None:
    server = start(packed)
    generator = random.Random(count)
    statuses = set()
    for number in range(count):
        answer = send(server.port, *broken(generator))
        statuses.add(answer[9:12])
        assert not answer.startswith(b"HTTP/1.1 5"), answer
        if number == count // 3:
            early = memory(server)
    assert {b"400", b"404", b"413", b"422"} <= statuses
    assert server.ask("POST", "/tag", PICTURE)[0] == 200
    assert memory(server) < early + 30e6
    metrics = server.ask("GET", "/metrics")[1].decode()
    assert "tagfit_queue_pictures 0.0" in metrics
    assert server.ended() == (0, "", "")


def memory(server: Process) -> float:
    text = server.ask("GET", "/metrics")[1].decode()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("process_resident_memory"))
