"""A studio in a process of its own, and a browser that has opened its link."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
PATIENCE = 60_000  # milliseconds; a busy machine is slow, and a test that passes does not wait for it
MISSING = "no Chromium is on the PATH: `apt-get install chromium`, which `make test` does where it may"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    from playwright.sync_api import expect, sync_playwright

    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip(MISSING)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS.split())
        yield browser
        browser.close()


class Server:
    """``tagfit studio FOLDER`` in a process of its own, which can be killed and started again on the same port.

    Args:
        folder: the workspace.
        cache_dir: of the pictures.
        words: of another command that serves the studio.
    """

    def __init__(self, folder: Path, cache_dir: Path, words: Sequence[str] = ()) -> None:
        self.folder, self.words = folder, words
        self.environment = {**os.environ, "TAGFIT_CACHE_DIR": str(cache_dir), "PYTHONUNBUFFERED": "1"}
        self.port = "0"
        self.start()

    def start(self) -> None:
        """Start, and read the link."""
        words = self.words or ("studio", str(self.folder), "--port", self.port)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tagfit", *words], stdout=subprocess.PIPE, text=True, env=self.environment
        )
        assert self.process.stdout is not None
        self._read_link()
        self.port = str(urlsplit(self.link).port)
        self.base = f"http://127.0.0.1:{self.port}"

    def new_link(self) -> str:
        """A link for one more browser: the server prints one when a browser without a session asks for a page."""
        if self.used:
            with suppress(HTTPError):
                urlopen(self.base)
            self._read_link()
        self.used = True
        return self.link

    def _read_link(self) -> None:
        assert self.process.stdout is not None
        self.link = next(line.split()[1] for line in self.process.stdout if line.startswith("open http"))
        self.used = False

    def stop(self, signal_: int = signal.SIGTERM) -> None:
        """End it, and wait until it has ended."""
        self.process.send_signal(signal_)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process.wait()


@contextmanager
def opened(browser: Browser, server: Server, **options: Any) -> Iterator[Page]:
    """A page of a browser with a session of the server; what it reports as an error fails the test."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    outside: list[str] = []
    page.on("request", lambda request: None if ours(request.url, server) else outside.append(request.url))
    page.goto(server.new_link())
    yield page
    context.close()
    assert problems == []
    assert outside == [], "no request leaves the machine"


def ours(url: str, server: Server) -> bool:
    """Whether an address is the server's, or of what the page itself holds."""
    return url.startswith((f"{server.base}/", "blob:", "data:"))


def settle(page: Page, address: str) -> None:
    """Open an address, and wait until it shows more than that something is computed."""
    from playwright.sync_api import expect

    page.goto(address)
    expect(page.locator("h1")).not_to_have_text("One moment")
