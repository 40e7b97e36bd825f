"""App: addresses to answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tagfit.data.pictures.accepted import opened
from tagfit.data.pictures.decode import decode
from tagfit.errors import InputError
from tagfit.files import to_json
from tagfit.server import inference, openapi, pages
from tagfit.server.batcher import Batcher
from tagfit.server.limits import Held, Limits, RefusedError
from tagfit.server.metrics import Metrics
from tagfit.server.served import Served
from tagfit.server.uploads import Picture, body_of, pictures_in
from tagfit.tagger import Tagger
from tagfit.tagger.stream import tagged

LEFT = 499  # nobody reads the answer
Pixels = NDArray[np.uint8]
Handler = Callable[[Request, bytes], Awaitable[Response]]


@dataclass
class Server:
    """What all requests share.

    Attributes:
        served: the tagger.
        limits: of requests.
        workers: threads that decode pictures.
        metrics: what is counted.
        draining: whether it is about to end.
    """

    served: Served
    limits: Limits = field(default_factory=Limits)
    workers: int = 2
    metrics: Metrics = field(default_factory=Metrics)
    draining: bool = False

    def __post_init__(self) -> None:
        self.held = Held(self.limits.held_bytes)
        self.batcher = Batcher(self.limits, self.metrics.on_batch)
        self.metrics.queue.set_function(lambda: self.batcher.length)
        self.pool = ThreadPoolExecutor(self.workers, "tagfit-decode")

    def close(self) -> None:
        """End its threads, after they have done what waits for them."""
        self.pool.shutdown()
        self.batcher.close()

    async def tag(self, request: Request, body: bytes) -> Response:
        """``POST /tag``."""
        pictures = await pictures_in(request, body, self.limits)
        model = self.served.model
        with self.batcher.admitted(len(pictures)) as place:
            found = await asyncio.gather(*(self._in_pool(self._decoded, model, picture) for picture in pictures))
            readable = [one for one in found if not isinstance(one, str)]
            scores = np.empty((0, len(model.labels)), np.float32)
            if readable:
                scores = await asyncio.wrap_future(place.score(model, np.stack(readable)))
        self.metrics.unreadable.inc(len(found) - len(readable))
        records = [one.to_dict() for one in tagged(model, [name for name, _ in pictures], found, scores)]
        if not readable:
            raise RefusedError(422, records[0]["problem"], more={"pictures": records})
        return _document({"pictures": records})

    async def infer(self, request: Request, body: bytes) -> Response:
        """``POST /v2/models/M/infer``."""
        model = self._model(request)
        pixels, identity = await self._in_pool(inference.read, body, model.preprocessing.size, self.limits)
        with self.batcher.admitted(len(pixels)) as place:
            scores = await asyncio.wrap_future(place.score(model, pixels))
        return _document(inference.answer(model, self.served.name, scores, identity))

    async def metadata(self, request: Request) -> Response:
        """``GET /v2/models/M``."""
        return _document(inference.model_metadata(self._model(request), self.served.name))

    async def model_ready(self, request: Request) -> Response:
        """``GET /v2/models/M/ready``."""
        self._model(request)
        return await self.ready(request)

    async def ready(self, _request: Request) -> Response:
        """``GET /v2/health/ready``: 503 once it is about to end."""
        return JSONResponse({"ready": not self.draining}, 503 if self.draining else 200)

    async def live(self, _request: Request) -> Response:
        """``GET /v2/health/live``."""
        return JSONResponse({"live": True})

    def _model(self, request: Request) -> Tagger:
        if (name := request.path_params["name"]) != self.served.name:
            raise RefusedError(404, f"there is no model {name!r}; this server has {self.served.name!r}")
        return self.served.model

    def _decoded(self, model: Tagger, picture: Picture) -> Pixels | str:
        """Pixels as the model takes them, or why there are none."""
        assert model.preprocessing.size is not None
        data = picture[1]
        try:
            with opened(data) as image:
                width, height = image.size
            if width * height > self.limits.pixels:
                return f"is {width} x {height} pixels; at most {self.limits.pixels:,} are decoded"
            return decode(data, model.preprocessing.size, model.preprocessing.fit)
        except InputError as error:
            return error.faults[0].what

    async def _in_pool(self, work: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.pool, work, *given)

    def reading(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that reads the body of a request, and has a limited time to answer it."""

        async def endpoint(request: Request) -> Response:
            with self.held.counted() as counted:
                body = await body_of(request, self.limits, counted)
                try:
                    async with asyncio.timeout(self.limits.answer_seconds):
                        return await handler(request, body)
                except TimeoutError:
                    raise RefusedError(504, f"no answer within {self.limits.answer_seconds:g} s") from None

        return endpoint


def application(server: Server) -> Starlette:
    """The application of a server, without its gate."""

    async def start(_request: Request) -> Response:
        return HTMLResponse(pages.start(server.served, server.limits))

    async def docs(_request: Request) -> Response:
        return HTMLResponse(pages.docs(openapi.document(server.served, server.limits)))

    async def described(_request: Request) -> Response:
        return _document(openapi.document(server.served, server.limits))

    async def metrics(_request: Request) -> Response:
        return Response(server.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    async def about(_request: Request) -> Response:
        return JSONResponse(inference.server_metadata())

    model_at = "/v2/models/{name}"
    routes = [
        Route("/", start, methods=["GET"]),
        Route("/docs", docs, methods=["GET"]),
        Route("/openapi.json", described, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
        Route("/tag", server.reading(server.tag), methods=["POST"]),
        Route("/v2", about, methods=["GET"]),
        Route("/v2/health/live", server.live, methods=["GET"]),
        Route("/v2/health/ready", server.ready, methods=["GET"]),
        Route(model_at, server.metadata, methods=["GET"]),
        Route(model_at + "/ready", server.model_ready, methods=["GET"]),
        Route(model_at + "/infer", server.reading(server.infer), methods=["POST"]),
    ]
    refusals: Any = {RefusedError: _refused, HTTPException: _no_such, ClientDisconnect: _left}
    return Starlette(routes=routes, exception_handlers=refusals)


def _document(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(to_json(value, indent=None), status, headers, media_type="application/json")


def _refused(_request: Request, error: RefusedError) -> Response:
    return _document({"error": str(error), **error.more}, error.status, error.headers)


def _no_such(request: Request, error: HTTPException) -> Response:
    known = {404: f"there is no {request.url.path}; / says what there is", 405: f"not with {request.method}"}
    return JSONResponse({"error": known.get(error.status_code, error.detail)}, error.status_code, error.headers)


def _left(_request: Request, _error: ClientDisconnect) -> Response:
    return Response(status_code=LEFT)
