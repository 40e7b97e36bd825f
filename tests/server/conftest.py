"""A small tagger of both engines, and a server of it in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tagfit import tagger, workflow

if TYPE_CHECKING:  # the extra may be absent, and this file is imported all the same
    from starlette.testclient import TestClient

    from tagfit.server.app import Server
    from tagfit.server.limits import Limits

HOST = "127.0.0.1:4242"


@pytest.fixture(scope="session")
def packed(photo_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tagger that torch runs."""
    folder = tmp_path_factory.mktemp("packed") / "beach"
    tagger.save(photo_run, folder)
    return folder


@pytest.fixture(scope="session")
def packed_onnx(photo_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as an ONNX graph."""
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    folder = tmp_path_factory.mktemp("packed_onnx") / "beach"
    workflow.pack(photo_run, folder, format="onnx")
    return folder


@pytest.fixture
def serving(packed: Path) -> Iterator[Callable[..., tuple[Server, TestClient]]]:
    """Makes a server of a tagger and a client of it; the servers end with the test."""
    from starlette.testclient import TestClient

    from tagfit.server.app import Server, application
    from tagfit.server.gate import Gate
    from tagfit.server.limits import Limits
    from tagfit.server.metrics import Counting
    from tagfit.server.served import Served

    servers = []

    def make(
        folder: Path = packed, token: str | None = None, limits: Limits | None = None
    ) -> tuple[Server, TestClient]:
        server = Server(Served.of(folder), limits or Limits(), workers=2)
        servers.append(server)
        app = Counting(Gate(application(server), (HOST,), token), server.metrics)
        return server, TestClient(app, base_url=f"http://{HOST}")

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def client(serving: Callable[..., tuple[Server, TestClient]]) -> TestClient:
    """Of a server with the usual limits."""
    return serving()[1]
