"""Serve: the studio on a port of this machine, until it is interrupted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tagfit.errors import MissingExtraError
from tagfit.listening import listening

if TYPE_CHECKING:
    from tagfit.studio.guard import Session
    from tagfit.studio.trainer import Trainer

HOST = "127.0.0.1"


def serve(
    folder: Path,
    port: int,
    on_link: Callable[[str], None],
    *,
    train: Callable[[], Trainer],
    first: str = "/",
    progress: Path | None = None,
) -> None:
    """Serve ``folder`` until Ctrl-C; ``on_link`` is called with each one-time link.

    Args:
        folder: with runs and cures.
        port: on this machine; 0 for any free one.
        on_link: called with a link, which leads to ``first``.
        train: gives what the command line knows of training.
        first: the page that links lead to.
        progress: the file of the course's progress, where it is not the usual one.

    Raises:
        InputError: the port is taken, or the extra is missing.
    """
    try:
        import uvicorn

        from tagfit.studio.routes import application
    except ModuleNotFoundError as error:
        if error.name in ("starlette", "uvicorn"):
            raise MissingExtraError("studio", "the studio") from None
        raise
    from tagfit.studio.guard import Guard, Session

    with listening(HOST, port, f"--port {port}") as sock:
        session: Session = Session(sock.getsockname()[1], on_link, first=first)
        config = uvicorn.Config(
            Guard(application(folder, train, progress), session), log_level="error", access_log=False, lifespan="off",
            timeout_graceful_shutdown=1, server_header=False,
        )  # fmt: skip
        on_link(session.link())
        uvicorn.Server(config).run(sockets=[sock])
