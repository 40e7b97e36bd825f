"""Answers: pages, files and changes as routes; a page as HTML or as JSON, or the page that says why there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

import tagfit
from tagfit.errors import InputError
from tagfit.files import to_json
from tagfit.lesson.texts import web
from tagfit.report import page as pages_of_report
from tagfit.studio.guard import LARGEST, TooLargeError
from tagfit.studio.pages import notices
from tagfit.studio.workspace import AskFirstError, FormError, MissingError, WaitingError

HERE = Path(__file__).parent
Shared = TypeVar("Shared")


@dataclass(frozen=True)
class Routes(Generic[Shared]):
    """Makes routes; what their functions share is their first argument."""

    shared: Shared

    def get(self, path: str, make: Callable[[Shared, Request], dict[str, Any]], template: str = "page.html") -> Route:
        """A page."""

        def handler(request: Request) -> Response:
            return answered(request, lambda: shown(request, make(self.shared, request), template))

        return Route(path, handler, methods=["GET"])

    def file(self, path: str, make: Callable[[Shared, Request], Response]) -> Route:
        """A file."""
        return Route(path, lambda request: answered(request, lambda: make(self.shared, request)), methods=["GET"])

    def post(self, path: str, make: Callable[[Shared, Request, dict[str, str]], str]) -> Route:
        """A change by a form; ``make`` returns the address to go to."""
        return self.pairs(path, lambda shared, request, pairs: make(shared, request, dict(pairs)))

    def pairs(self, path: str, make: Callable[[Shared, Request, list[tuple[str, str]]], str]) -> Route:
        """A change by a form in which a name may be there several times."""

        async def handler(request: Request) -> Response:
            return await _changed(request, lambda pairs: make(self.shared, request, pairs))

        return Route(path, handler, methods=["POST"])


def answered(request: Request, answer: Callable[[], Response]) -> Response:
    """What ``answer`` gives, or the page that says why there is none."""
    try:
        return answer()
    except WaitingError as wait:
        return shown(request, notices.waiting(wait.what, wait.seconds), "wait.html", 202)
    except AskFirstError as error:
        return shown(request, notices.ask_first(error.desk), "page.html", 403)
    except FormError as error:
        return shown(request, error.page, "page.html", 400)
    except MissingError as error:
        return shown(request, notices.problem(web("problem_not_found"), error), "page.html", 404)
    except InputError as error:
        return shown(request, notices.problem(web("problem_refused"), error), "page.html", 400)


def shown(request: Request, page: dict[str, Any], template: str, status: int = 200) -> Response:
    """A page, or its JSON twin where that is asked for."""
    if request.scope.get("as_json"):
        make = page.get("result")
        whole = {**page, "result": None if make is None else make()}
        return Response(to_json(whole), status, media_type="application/json")
    return HTMLResponse(rendered(template, page), status)


def rendered(template: str, page: dict[str, Any]) -> str:
    """A page of the studio as HTML."""
    environment = pages_of_report.environment("tagfit.studio")
    embedded = to_json(page["data"], indent=None).replace("<", "\\u003c")
    found = environment.get_template(f"studio/{template}")
    around = {"version": tagfit.__version__, "words": web, "source": lambda picture: picture.get("src")}
    return found.render(page=page, data=embedded, **around)


def statics() -> list[Route | Mount]:
    """Style sheets and scripts."""
    return [
        Route("/static/style.css", lambda _request: _style(), methods=["GET"]),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]


def refusals() -> dict[Any, Any]:
    """The handlers of an application for addresses that do not exist and requests that are too large."""
    return {404: lambda request, _: _not_there(request), TooLargeError: _too_large}


async def _changed(request: Request, make: Callable[[list[tuple[str, str]]], str]) -> Response:
    """Make a change and go to the address it gives; a script that asks for JSON gets the address."""
    body = await request.body()
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    by_script = "application/json" in request.headers.get("accept", "")

    def answer() -> Response:
        to = make(pairs)
        return JSONResponse({"to": to}) if by_script else RedirectResponse(to, 303)

    if by_script:
        request.scope["as_json"] = True
    return await asyncio.to_thread(answered, request, answer)


def _style() -> Response:
    text = (Path(pages_of_report.__file__).parent / "templates" / pages_of_report.STYLE).read_text(encoding="utf-8")
    return Response(text, media_type="text/css")


def _not_there(request: Request) -> Response:
    page = notices.problem(web("problem_not_found"), InputError("there is no such page"))
    return shown(request, page, "page.html", 404)


def _too_large(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse(f"the request is larger than {LARGEST // 2**20} MB", 413)
