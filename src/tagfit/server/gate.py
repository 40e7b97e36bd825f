"""Gate: who may ask: on loopback this machine, elsewhere what has the token."""

from __future__ import annotations

import hmac

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tagfit.server.limits import RETRY_AFTER, Limits

HEALTH = ("/v2/health/live", "/v2/health/ready")
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
BUSY = JSONResponse({"error": "the queue is full; try again later"}, 503, {"retry-after": str(RETRY_AFTER)})


class Gate:
    """Lets requests through to ``app`` that may pass, and puts HEADERS on every answer.

    Args:
        app: an ASGI application.
        hosts: the names that this server answers to; None for any.
        token: that a request has to bring, but for those about health; None for none.
        most: POST requests that are answered at once; more is 503, before their pictures are read.
    """

    def __init__(
        self, app: ASGIApp, hosts: tuple[str, ...] | None = None, token: str | None = None, most: int = Limits.queue
    ) -> None:
        self.app, self.hosts, self.token, self.most = app, hosts, token, most
        self.posted = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        if scope["type"] != "http":
            return

        async def added(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message.get("headers", []), *more]
            await send(message)

        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope["path"], headers)
        if refusal is not None:
            await refusal(scope, receive, added)
        elif scope["method"] != "POST":
            await self.app(scope, receive, added)
        elif self.posted >= self.most:
            await BUSY(scope, receive, added)
        else:
            self.posted += 1
            try:
                await self.app(scope, receive, added)
            finally:
                self.posted -= 1

    def _refusal(self, path: str, headers: dict[str, str]) -> JSONResponse | None:
        host = headers.get("host", "")
        if self.hosts is not None and host not in self.hosts:
            return _said(421, f"this server answers to {self.hosts[0]} only")
        # A page of another site may send a picture, though it could not read the answer.
        if headers.get("origin", f"http://{host}") != f"http://{host}":
            return _said(403, "pages of other sites may not use this server")
        if self.token is None or path in HEALTH:
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self.token.encode()):
            return None
        return _said(401, "this server wants a token: Authorization: Bearer TOKEN", {"www-authenticate": "Bearer"})


def _said(status: int, error: str, headers: dict[str, str] | None = None) -> JSONResponse:
    # The body is not read, so the connection cannot be used again.
    return JSONResponse({"error": error}, status, {"connection": "close", **(headers or {})})
