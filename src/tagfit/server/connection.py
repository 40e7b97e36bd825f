"""Connection: HTTP of uvicorn with a limited number of connections."""

from __future__ import annotations

import asyncio
import sys

from uvicorn.protocols.http.h11_impl import H11Protocol

from tagfit.server.limits import RETRY_AFTER

BODY = b'{"error": "the server has as many connections as it may; try again later"}'
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"retry-after: %d\r\ncontent-length: %d\r\n\r\n%s" % (RETRY_AFTER, len(BODY), BODY)
)
LINGER = 5.0  # seconds in which a refused client can read why; most close at once when they have
OTHER_FILES = 200  # of the process: the model, logs, threads
MANY_FILES = 8192


def connections(most: int) -> type[H11Protocol]:
    """The protocol of a server with at most so many connections: one more is answered with 503 and closed.

    Without a limit, a server that is asked for more than it can do runs out of files, and accepts nothing at all.
    """
    refused: set[H11Protocol] = set()
    most_refused = max(most, _files_allowed() - OTHER_FILES - most)

    class Connection(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) <= most:
                return
            self.connections.discard(self)
            if len(refused) >= most_refused:
                transport.abort()
                return
            # Closed with data of the client still coming, the connection would be reset before the answer is read.
            refused.add(self)
            transport.write(FULL)
            transport.write_eof()
            self.loop.call_later(LINGER, transport.close)

        def data_received(self, data: bytes) -> None:
            if self not in refused:
                super().data_received(data)

        def connection_lost(self, exc: Exception | None) -> None:
            refused.discard(self)
            super().connection_lost(exc)

    return Connection


def _files_allowed() -> int:
    """How many files the process may open, after asking for many."""
    if sys.platform == "win32":
        return 0
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY_FILES if hard == resource.RLIM_INFINITY else min(MANY_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
