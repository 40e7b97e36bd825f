"""Routes: addresses to pages, files and changes."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

import tagfit
from tagfit import workflow
from tagfit.curing.certificate import load as load_certificate
from tagfit.errors import InputError
from tagfit.files import to_json
from tagfit.lesson.progress import default_path
from tagfit.report import page as pages_of_report
from tagfit.report.certificate_page import certificate_page
from tagfit.studio import changes, learn_routes, sheets
from tagfit.studio.context import PATIENCE_OF_DATA, Studio
from tagfit.studio.desk import AskFirstError, Desk
from tagfit.studio.guard import LARGEST, TooLargeError
from tagfit.studio.pages import calibration, corrections, data, pictures, run, runs, start, thresholds
from tagfit.studio.views import View
from tagfit.studio.work import WaitingError
from tagfit.studio.workspace import MissingError, Workspace

HERE = Path(__file__).parent
POLL = 0.4  # seconds between two looks at a run that is trained
# The certificate's page brings its style with it, and no script.
OWN_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"

Make = Callable[["Studio", Request], dict[str, Any]]


def application(folder: Path, progress: Path | None = None) -> Callable[[Scope, Receive, Send], Any]:
    """The application without its guard."""
    studio = Studio(Workspace(folder.resolve()), progress=progress or default_path())

    def page(make: Make, template: str = "page.html") -> Callable[[Request], Response]:
        return lambda request: _page(studio, request, make, template)

    def get(path: str, make: Make, template: str = "page.html") -> Route:
        return Route(path, page(make, template), methods=["GET"])

    def file(path: str, make: Callable[[Studio, Request], Response]) -> Route:
        return Route(path, lambda request: _answered(studio, request, lambda: make(studio, request)), methods=["GET"])

    def post(path: str, make: Callable[[Studio, Request, dict[str, str]], str]) -> Route:
        async def handler(request: Request) -> Response:
            return await _change(studio, request, make)

        return Route(path, handler, methods=["POST"])

    def changed(path: str, make: Callable[[Studio, Request, list[tuple[str, str]]], str]) -> Route:
        async def handler(request: Request) -> Response:
            return await _change(studio, request, lambda s, r, _: make(s, r, r.scope["pairs"]))

        return Route(path, handler, methods=["POST"])

    run_at = "/runs/{key}"
    split_at = run_at + "/{split:str}"

    async def events(request: Request) -> Response:
        return await _events(studio, request)

    async def tried(request: Request) -> Response:
        return await _tried(studio, request)

    routes = [
        file("/static/style.css", _style),
        Mount("/static", StaticFiles(directory=HERE / "static")),
        get("/", lambda s, _: runs.runs(s.workspace)),
        get("/index", lambda s, _: runs.runs(s.workspace)),
        get("/cures", lambda s, _: runs.cures(s.workspace)),
        get("/cures/{key}", lambda s, r: runs.cure(s.workspace, r.path_params["key"]), "live.html"),
        file("/cures/{key}/certificate", _certificate),
        post("/cures/{key}/stop", lambda s, r, _: changes.stop(s, s.workspace.cure(r.path_params["key"]), "cures", r)),
        post("/cures/{key}/resume", changes.resume_cure),
        get("/train", lambda s, r: start.training(s.workspace, r.query_params)),
        post("/train", changes.train),
        get("/starting/{key}", _starting, "wait.html"),
        get("/compare", _compare),
        *learn_routes.routes(get, file, changed),
        get(run_at, lambda s, r: run.overview(s.desk(r)), "live.html"),
        get(run_at + "/curves", lambda s, r: run.curves(s.desk(r)), "live.html"),
        Route(run_at + "/curves/events", events),
        get(run_at + "/findings", lambda s, r: run.findings(s.desk(r), r.query_params)),
        get(run_at + "/data", lambda s, r: data.data(s.desk(r))),
        get(run_at + "/corrections", lambda s, r: corrections.corrections(s.desk(r))),
        post(run_at + "/corrections", changes.correct),
        post(run_at + "/corrections/undo", changes.undo),
        post(run_at + "/corrections/export", changes.export_tags),
        get(run_at + "/try", _try, "try.html"),
        Route(run_at + "/try", tried, methods=["POST"]),
        post(run_at + "/thresholds", changes.save_cut),
        post(run_at + "/stop", lambda s, r, _: changes.stop(s, s.desk(r).run.folder, "runs", r)),
        post(run_at + "/stop-after-epoch", changes.stop_after_epoch),
        post(run_at + "/resume", changes.resume_run),
        post(run_at + "/cure", changes.cure),
        post(run_at + "/test", changes.look_at_test),
        get(split_at + "/pictures", _with_split(pictures.grid), "grid.html"),
        get(split_at + "/rows", _with_split(pictures.window)),
        get(split_at + "/pictures/{row:int}", _picture, "picture.html"),
        file(split_at + "/picture/{row:int}.jpg", _one_picture),
        file(split_at + "/sheets/{number:int}.jpg", _sheet),
        get(split_at + "/thresholds", _with_split(thresholds.explorer), "thresholds.html"),
        get(split_at + "/calibration", _with_split(calibration.calibration)),
        file(split_at + "/scores.bin", _scores),
    ]
    refusals: Any = {404: lambda request, _: _not_there(request), TooLargeError: _too_large}
    app = Starlette(routes=routes, exception_handlers=refusals)

    async def with_twins(scope: Scope, receive: Receive, send: Send) -> None:
        """``.json`` behind any address asks for the dict that its page is made from."""
        if scope["type"] == "http" and scope["path"].endswith(".json"):
            scope = {**scope, "path": scope["path"].removesuffix(".json"), "as_json": True}
        await app(scope, receive, send)

    return with_twins


def _page(studio: Studio, request: Request, make: Make, template: str) -> Response:
    def answer() -> Response:
        return _shown(request, make(studio, request), template)

    return _answered(studio, request, answer)


def _answered(studio: Studio, request: Request, answer: Callable[[], Response]) -> Response:
    """What ``answer`` gives, or the page that says why there is none."""
    try:
        return answer()
    except WaitingError as wait:
        return _shown(request, start.waiting(wait.what, wait.seconds), "wait.html", 202)
    except AskFirstError:
        return _shown(request, start.ask_first(studio.desk(request)), "page.html", 403)
    except MissingError as error:
        return _shown(request, start.problem("Not found", error), "page.html", 404)
    except InputError as error:
        return _shown(request, start.problem("That does not work", error), "page.html", 400)


def _shown(request: Request, page: dict[str, Any], template: str, status: int = 200) -> Response:
    if request.scope.get("as_json"):
        return Response(to_json(page), status, media_type="application/json")
    return HTMLResponse(rendered(template, page), status)


def rendered(template: str, page: dict[str, Any]) -> str:
    """A page of the studio as HTML."""
    environment = pages_of_report.environment("tagfit.studio")
    embedded = to_json(page["data"], indent=None).replace("<", "\\u003c")
    found = environment.get_template(f"studio/{template}")
    return found.render(page=page, data=embedded, version=tagfit.__version__, source=lambda picture: picture.get("src"))


async def _change(studio: Studio, request: Request, make: Callable[[Studio, Request, dict[str, str]], str]) -> Response:
    """Make a change and go to the address it gives; a script that asks for JSON gets the address."""
    body = await request.body()
    request.scope["pairs"] = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    form = dict(request.scope["pairs"])
    by_script = "application/json" in request.headers.get("accept", "")

    def answer() -> Response:
        to = make(studio, request, form)
        return JSONResponse({"to": to}) if by_script else RedirectResponse(to, 303)

    if by_script:
        request.scope["as_json"] = True
    return await asyncio.to_thread(_answered, studio, request, answer)


def _with_split(make: Callable[..., dict[str, Any]]) -> Make:
    return lambda studio, request: make(studio.desk(request), request.path_params["split"], request.query_params)


def _picture(studio: Studio, request: Request) -> dict[str, Any]:
    place = request.path_params
    return pictures.picture(studio.desk(request), place["split"], place["row"], request.query_params)


def _starting(studio: Studio, request: Request) -> dict[str, Any]:
    return start.starting(studio.workspace, request.path_params["key"])


def _compare(studio: Studio, request: Request) -> dict[str, Any]:
    keys = [request.query_params.get(name, "") for name in ("a", "b")]
    return start.compare(*(studio.desk(request, key) for key in keys))


def _try(studio: Studio, request: Request) -> dict[str, Any]:
    return run.try_it(studio.desk(request))


def _style(_studio: Studio, _request: Request) -> Response:
    text = (Path(pages_of_report.__file__).parent / "templates" / pages_of_report.STYLE).read_text(encoding="utf-8")
    return Response(text, media_type="text/css")


def _not_there(request: Request) -> Response:
    return _shown(request, start.problem("Not found", InputError("there is no such page")), "page.html", 404)


def _too_large(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse(f"the request is larger than {LARGEST // 2**20} MB", 413)


def _pixels(studio: Studio, request: Request) -> tuple[Desk, Any, Any]:
    desk = studio.desk(request, patience=PATIENCE_OF_DATA)
    found = desk.pixels(desk.split(request.path_params["split"]))
    if found is None:
        raise MissingError("there are no pictures", instead="the sources of the run, as they were")
    return desk, *found


def _sheet(studio: Studio, request: Request) -> Response:
    desk, pixels, rows = _pixels(studio, request)
    split, number = request.path_params["split"], request.path_params["number"]
    view = View.of(split, request.query_params, desk.run.labels)
    shown = desk.rows(view)[number * sheets.ON_A_SHEET : (number + 1) * sheets.ON_A_SHEET]
    if not len(shown):
        raise MissingError(f"there is no sheet {number}")
    return sheets.answer(sheets.sheet(pixels, rows[shown]))


def _one_picture(studio: Studio, request: Request) -> Response:
    desk, pixels, rows = _pixels(studio, request)
    row = request.path_params["row"]
    if row >= len(rows):
        raise MissingError(f"there is no row {row}")
    problem = desk.problem()
    if "large" in request.query_params and problem is not None:
        return sheets.answer(sheets.large(problem, int(rows[row])))
    return sheets.answer(pages_of_report.jpeg(pixels[rows[row]], pages_of_report.SIDE_PIXELS))


def _scores(studio: Studio, request: Request) -> Response:
    desk = studio.desk(request, patience=PATIENCE_OF_DATA)
    split, label = desk.split(request.path_params["split"]), request.query_params.get("label", "")
    View.of(split, {"label": label or "?"}, desk.run.labels)
    return Response(thresholds.sorted_scores(desk, split, label), media_type="application/octet-stream")


def _certificate(studio: Studio, request: Request) -> Response:
    certificate = load_certificate(studio.workspace.cure(request.path_params["key"]))
    return HTMLResponse(certificate_page(certificate), headers={"content-security-policy": OWN_POLICY})


async def _events(studio: Studio, request: Request) -> Response:
    """One event per epoch, and one when the training ends; the run folder is the only channel."""
    try:
        desk = studio.desk(request)
        watched = desk.run
    except InputError as error:
        return Response(str(error), 404)

    async def stream() -> AsyncIterator[str]:
        last = request.headers.get("last-event-id", "")
        seen = int(last) if last.isdecimal() else 0
        while not await request.is_disconnected():
            epochs, state = await asyncio.to_thread(lambda: (len(watched.history), watched.state))
            if epochs > seen:
                seen = epochs
                yield f"id: {epochs}\ndata: {json.dumps({'epochs': epochs, 'state': state})}\n\n"
            if state != "running":
                yield f"event: end\ndata: {json.dumps({'epochs': epochs, 'state': state})}\n\n"
                return
            await asyncio.sleep(POLL)

    return StreamingResponse(stream(), media_type="text/event-stream")


async def _tried(studio: Studio, request: Request) -> Response:
    """Tags and scores of the picture in the body of a request."""
    body = await request.body()

    def answer() -> Response:
        desk = studio.desk(request)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "picture"
            path.write_bytes(body)
            found = workflow.tag(desk.run, [path])[0]
        found.pop("picture", None)
        return Response(to_json(found), media_type="application/json")

    request.scope["as_json"] = True
    return await asyncio.to_thread(_answered, studio, request, answer)
