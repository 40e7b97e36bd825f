"""Limits: how much a server takes at once, and the refusal of what is more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

RETRY_AFTER = 1  # seconds


@dataclass(frozen=True)
class Limits:
    """What is refused.

    Attributes:
        request_bytes: of one request; more is 413.
        held_bytes: of all requests that are being answered; more is 503.
        pixels: of one picture, width times height; more is 422.
        pictures: of one request; more is 413.
        queue: pictures that were accepted and not yet answered; more is 503.
        connections: at once; more is 503.
        batch: pictures that are scored together.
        gather_seconds: how long a batch waits for pictures that are being decoded.
        body_seconds: until a request has arrived; more is 408.
        answer_seconds: until it is answered; more is 504.
        drain_seconds: until what was accepted is answered after SIGTERM.
    """

    request_bytes: int = 32 * 2**20
    held_bytes: int = 256 * 2**20
    pixels: int = 50_000_000
    pictures: int = 128
    queue: int = 256
    connections: int = 512
    batch: int = 32
    gather_seconds: float = 0.003
    body_seconds: float = 30.0
    answer_seconds: float = 30.0
    drain_seconds: float = 60.0


class RefusedError(Exception):
    """A request is not answered with scores.

    Attributes:
        status: of HTTP.
        headers: of the answer.
        more: of the JSON document of the answer, besides "error".
    """

    def __init__(self, status: int, message: str, *, more: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.status, self.more = status, more or {}
        self.headers = {"retry-after": str(RETRY_AFTER)} if status == 503 else {}
        if status in (408, 413):  # the rest of the request is not read
            self.headers["connection"] = "close"


class Held:
    """The bytes of all requests that are being answered.

    Args:
        most: how many there may be.
    """

    def __init__(self, most: int) -> None:
        self.most, self.bytes = most, 0

    @contextmanager
    def counted(self) -> Iterator[Counted]:
        """Count the bytes of one request, until the block ends."""
        one = Counted(self)
        try:
            yield one
        finally:
            self.bytes -= one.bytes


@dataclass
class Counted:
    """The bytes of one request."""

    held: Held
    bytes: int = 0

    def add(self, count: int) -> None:
        """Count so many more.

        Raises:
            RefusedError: all requests together are too large (503).
        """
        if self.held.bytes + count > self.held.most:
            raise RefusedError(503, "the server holds as many bytes of requests as it may; try again later")
        self.bytes += count
        self.held.bytes += count
