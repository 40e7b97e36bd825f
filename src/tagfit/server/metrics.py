"""Metrics: what Prometheus reads."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)
SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
PATHS = ("/", "/tag", "/docs", "/openapi.json", "/metrics", "/v2", "/v2/health/live", "/v2/health/ready")
OF_MODEL = re.compile(r"/v2/models/[^/]+(/ready|/infer)?")


class Metrics:
    """The metrics of one server."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        about = ("path", "status")
        self.requests = Counter("tagfit_requests", "Requests that were answered.", about, registry=registry)
        self.seconds = Histogram(
            "tagfit_request_seconds", "From a request's headers to the end of its answer.", ("path",),
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self.pictures = Counter("tagfit_pictures", "Pictures that were scored.", registry=registry)
        self.unreadable = Counter("tagfit_unreadable_pictures", "Pictures that could not be read.", registry=registry)
        self.batches = Histogram(
            "tagfit_batch_pictures", "Pictures that were scored together.", buckets=BATCHES, registry=registry
        )
        self.queue = Gauge("tagfit_queue_pictures", "Pictures that were accepted, not yet answered.", registry=registry)
        self.reloads = Counter("tagfit_reloads", "Reloads of the model.", ("result",), registry=registry)

    def on_batch(self, pictures: int) -> None:
        """Count a batch."""
        self.batches.observe(pictures)
        self.pictures.inc(pictures)

    def text(self) -> bytes:
        """All of them in the format of Prometheus."""
        return generate_latest(self.registry)


def path_of(path: str) -> str:
    """A path as a metric names it: strangers' paths are one."""
    if path in PATHS:
        return path
    found = OF_MODEL.fullmatch(path)
    return "other" if found is None else f"/v2/models/MODEL{found[1] or ''}"


class Counting:
    """Counts the requests to ``app``.

    Args:
        app: an ASGI application.
        metrics: where they are counted.
        now: a clock.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, now: Callable[[], float] = time.perf_counter) -> None:
        self.app, self.metrics, self.now = app, metrics, now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, path, status = self.now(), path_of(scope["path"]), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            self.metrics.requests.labels(path, status).inc()
            self.metrics.seconds.labels(path).observe(self.now() - begun)
