"""Routes: the application; the list of runs is there at once, all other pages are imported once it is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from tagfit.studio.answers import Routes, refusals, statics
from tagfit.studio.pages import runs
from tagfit.studio.workspace import Workspace

if TYPE_CHECKING:
    from tagfit.studio.trainer import Trainer

AFTER = 0.5  # seconds from the list of runs to the import of the rest: the files of the first page go first


def application(
    folder: Path, train: Callable[[], Trainer], progress: Path | None = None
) -> Callable[[Scope, Receive, Send], Any]:
    """The application without its guard.

    Args:
        folder: with runs and cures.
        train: gives what the command line knows of training.
        progress: the file of the course's progress, where it is not the usual one.
    """
    workspace = Workspace(folder.resolve())
    rest, of = Rest(workspace, train, progress), Routes(workspace)

    def listed(workspace: Workspace, _request: object) -> dict[str, Any]:
        rest.later()
        return runs.runs(workspace)

    routes = [*statics(), of.get("/", listed), of.get("/index", listed), Mount("/", rest)]
    app = Starlette(routes=routes, exception_handlers=refusals())

    async def with_twins(scope: Scope, receive: Receive, send: Send) -> None:
        """``.json`` behind any address asks for the dict that its page is made from."""
        if scope["type"] == "http" and scope["path"].endswith(".json"):
            scope = {**scope, "path": scope["path"].removesuffix(".json"), "as_json": True}
        await app(scope, receive, send)

    return with_twins


class Rest:
    """All pages that need the engine, imported when one of them is asked for, or soon after the first page."""

    def __init__(self, workspace: Workspace, train: Callable[[], Trainer], progress: Path | None) -> None:
        self.workspace, self.train, self.progress = workspace, train, progress
        self.lock = Lock()
        self.app: Starlette | None = None
        self.begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        app = await asyncio.to_thread(self.get) if self.app is None else self.app
        await app(scope, receive, send)

    def later(self) -> None:
        """Import in a moment, outside of any request."""
        if not self.begun:
            self.begun = True
            timer = Timer(AFTER, self.get)
            timer.daemon = True
            timer.start()

    def get(self) -> Starlette:
        """The application of these pages."""
        with self.lock:
            if self.app is None:
                from tagfit.studio import run_routes

                self.app = run_routes.application(self.workspace, self.train, self.progress)
            return self.app
