"""Guard: who may ask what: this machine, a session begun with a one-time link, changes from the studio's own pages."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # With "no-referrer", browsers send "Origin: null" with forms, even to the page's own server.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
READING = ("GET", "HEAD")
LARGEST = 32 * 2**20  # bytes of a request


class TooLargeError(Exception):
    """A request has more bytes than are read: what reads it answers with 413."""


@dataclass
class Session:
    """The secret of this server's cookie, and the token of the next link.

    Attributes:
        port: of the server; cookies are shared by all ports of a machine, so their name has it.
        on_link: called with a new link when a browser without a session asks for a page.
        cookie, token: secrets. A token is good for one browser.
        printed: whether the present token was shown already.
        first: the page that a link leads to.
    """

    port: int
    on_link: Callable[[str], None] = lambda _link: None
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    printed: bool = False
    first: str = "/"

    @property
    def name(self) -> str:
        """The name of the cookie."""
        return f"tagfit-{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names that this server answers to."""
        return tuple(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    def link(self) -> str:
        """The address that begins a session, once."""
        self.printed = True
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    def begin(self, token: str) -> bool:
        """Whether a token is the present one, which it then no longer is."""
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return False
        self.token, self.printed = secrets.token_urlsafe(32), False
        return True

    def holds(self, cookies: str) -> bool:
        """Whether the header of a request has this server's cookie."""
        found = dict(part.strip().partition("=")[::2] for part in cookies.split(";"))
        return hmac.compare_digest(found.get(self.name, "").encode(), self.cookie.encode())


class Guard:
    """Lets requests through to ``app`` that may pass, and puts HEADERS on every answer."""

    def __init__(self, app: App, session: Session) -> None:
        self.app, self.session = app, session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _refuse(send, *refusal)
            return
        await self.app(scope, _limited(receive, LARGEST), _with_headers(send))

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | tuple[int, str, str] | None:
        session = self.session
        host = headers.get("host", "")
        if host not in session.hosts:
            return 421, "this server answers to 127.0.0.1 only"
        if scope["method"] not in READING:
            if headers.get("origin") != f"http://{host}":
                return 403, "changes come from the studio's own pages only"
            length = headers.get("content-length", "0")
            if not length.isdecimal() or int(length) > LARGEST:
                return 413, f"the request is larger than {LARGEST // 2**20} MB"
        if session.holds(headers.get("cookie", "")):
            return None
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["method"] in READING and token and session.begin(token):
            cookie = f"{session.name}={session.cookie}; Path=/; HttpOnly; SameSite=Strict"
            return 303, session.first, cookie
        if not session.printed:
            session.on_link(session.link())
        return 401, "this browser has no session: open the link that the terminal shows"


def _limited(receive: Receive, most: int) -> Receive:
    taken = 0

    async def limited() -> MutableMapping[str, Any]:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise TooLargeError
        return message

    return limited


def _with_headers(send: Send) -> Send:
    async def added(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message.get("headers", [])}
            more = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in there]
            message["headers"] = [*message.get("headers", []), *more]
        await send(message)

    return added


async def _refuse(send: Send, status: int, text: str, cookie: str = "") -> None:
    """Answer with a status and a text; with a cookie, ``text`` is the page to go to."""
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if cookie:
        headers += [(b"set-cookie", cookie.encode()), (b"location", text.encode())]
    await _with_headers(send)({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
