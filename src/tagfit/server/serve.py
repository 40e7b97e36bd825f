"""Serve: a tagger on an address, until SIGTERM; SIGHUP loads it again."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn

from tagfit.errors import InputError
from tagfit.server.address import is_loopback, listening
from tagfit.server.app import Server, application
from tagfit.server.connection import connections
from tagfit.server.gate import Gate
from tagfit.server.limits import Limits
from tagfit.server.metrics import Counting
from tagfit.server.served import Served


@dataclass(frozen=True)
class Listening:
    """Where a server listens.

    Attributes:
        address: such as ``http://127.0.0.1:8000``.
        model: the name of the model in addresses.
        token: that requests must bring, if the server made it; one that was given is not printed.
        fingerprint: of the tagger.
    """

    address: str
    model: str
    token: str | None
    fingerprint: str


def serve(
    folder: Path,
    *,
    host: str,
    port: int,
    token: str | None,
    workers: int,
    on_listening: Callable[[Listening], None],
    on_news: Callable[[str], None],
    limits: Limits | None = None,
) -> None:
    """Serve the tagger of a folder until SIGTERM or Ctrl-C, then answer what was accepted.

    Args:
        folder: of a tagger or a run.
        host, port: an IP address of this machine; port 0 for any free one.
        token: that requests must bring. Where other machines reach the address, None makes one.
        workers: threads that decode pictures.
        on_listening: called once requests are answered.
        on_news: called with a line whenever the tagger was loaded again, or could not be.
        limits: of requests; None for the default.

    Raises:
        InputError: no such tagger, or an address that cannot be used.
    """
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # the answer says what is wrong with a form
    chosen = limits or Limits()
    local = is_loopback(host)
    secret = token or (None if local else secrets.token_urlsafe(32))
    with listening(host, port) as sock:
        taken = sock.getsockname()[1]
        server = Server(Served.of(folder), chosen, workers)
        hosts = tuple(f"{name}:{taken}" for name in ("127.0.0.1", "localhost", "[::1]")) if local else None
        app = Counting(Gate(application(server), hosts, secret, most=chosen.queue), server.metrics)
        config = uvicorn.Config(
            app,
            http=connections(chosen.connections),
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=int(chosen.drain_seconds),
        )
        running = _Running(_Uvicorn(config), server, on_news)
        shown = f"[{host}]" if ":" in host else host
        served = server.served
        about = Listening(f"http://{shown}:{taken}", served.name, None if token else secret, served.model.fingerprint)
        running.run(sock, lambda: on_listening(about))
    server.close()


class _Uvicorn(uvicorn.Server):
    """It leaves signals alone: with its own handlers, the process would end by SIGTERM instead of with 0."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


@dataclass
class _Running:
    """A server of uvicorn with the signals of this one."""

    uvicorn: _Uvicorn
    server: Server
    on_news: Callable[[str], None]

    def run(self, sock: socket.socket, on_started: Callable[[], None]) -> None:
        asyncio.run(self._run(sock, on_started))

    async def _run(self, sock: socket.socket, on_started: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        reloads: set[asyncio.Task[None]] = set()

        def reload() -> None:
            task = loop.create_task(self._reload())
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        def on_signal(number: int, frame: FrameType | None) -> None:
            if number == getattr(signal, "SIGHUP", None):
                loop.call_soon_threadsafe(reload)
            else:
                self.server.draining = True
                self.uvicorn.handle_exit(number, frame)

        with _handled(on_signal):
            on_started()  # the socket listens: what comes from now on is answered
            await self.uvicorn.serve([sock])

    async def _reload(self) -> None:
        try:
            model = await asyncio.to_thread(self.server.served.reload)
        except InputError as error:
            self.server.metrics.reloads.labels("failed").inc()
            self.on_news(f"not reloaded, the tagger is still {self.server.served.model.fingerprint}: {error}")
        else:
            self.server.metrics.reloads.labels("done").inc()
            self.on_news(f"reloaded: {model.fingerprint}")


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    names = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")  # the last of Windows, which has no SIGHUP
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
