"""A folder with a run for the studio, and a client that has a session."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tagfit.studio.guard import Guard, Session

if TYPE_CHECKING:  # the extra may be absent, and this file is imported all the same
    from starlette.testclient import TestClient

PORT = 4242
HOST = f"127.0.0.1:{PORT}"
ORIGIN = {"origin": f"http://{HOST}"}


@pytest.fixture
def folder(photo_run: Path, tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with one finished run."""
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(cache_dir))
    shutil.copytree(photo_run, tmp_path / "work" / "runs" / "mine")
    return tmp_path / "work"


@pytest.fixture
def session() -> Session:
    return Session(PORT)


@pytest.fixture
def stranger(folder: Path, session: Session) -> Iterator[TestClient]:
    """A client without a session."""
    from starlette.testclient import TestClient

    from tagfit.cli.training_form import trainer
    from tagfit.studio.routes import application

    with TestClient(
        Guard(application(folder, trainer), session), base_url=f"http://{HOST}", follow_redirects=False
    ) as client:
        yield client


@pytest.fixture
def client(stranger: TestClient, session: Session) -> TestClient:
    """A client with a session."""
    stranger.cookies.set(session.name, session.cookie)
    return stranger
