"""Serve: the studio on a port of this machine, until it is interrupted."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tagfit.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from tagfit.studio.guard import Session

HOST = "127.0.0.1"


def listening(port: int) -> socket.socket:
    """A socket that listens on a port of this machine, on any free one for 0.

    Raises:
        InputError: the port is taken.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # so that asyncio sets TCP_NODELAY
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
        found.listen(128)
    except OSError as error:
        found.close()
        raise InputError(f"--port {port}: {error.strerror}", instead="another port, or 0 for any free one") from None
    return found


def serve(
    folder: Path, port: int, on_link: Callable[[str], None], *, first: str = "/", progress: Path | None = None
) -> None:
    """Serve ``folder`` until Ctrl-C; ``on_link`` is called with each one-time link.

    Args:
        folder: with runs and cures.
        port: on this machine; 0 for any free one.
        on_link: called with a link, which leads to ``first``.
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

    with listening(port) as sock:
        session: Session = Session(sock.getsockname()[1], on_link, first=first)
        config = uvicorn.Config(
            Guard(application(folder, progress), session), log_level="error", access_log=False, lifespan="off",
            timeout_graceful_shutdown=1, server_header=False,
        )  # fmt: skip
        on_link(session.link())
        uvicorn.Server(config).run(sockets=[sock])
