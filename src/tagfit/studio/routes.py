"""Routes: addresses to pages, files and changes."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
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
from tagfit.goal import Goal
from tagfit.recipe import find as find_recipe
from tagfit.report import page as pages_of_report
from tagfit.report.certificate_page import certificate_page
from tagfit.studio import jobs, sheets
from tagfit.studio.desk import AskFirstError, Desk
from tagfit.studio.export import export
from tagfit.studio.guard import LARGEST, TooLargeError
from tagfit.studio.pages import corrections, pictures, run, runs, start, thresholds
from tagfit.studio.views import View, number_in
from tagfit.studio.work import WaitingError, Work
from tagfit.studio.workspace import MissingError, Workspace, address

HERE = Path(__file__).parent
PATIENCE, PATIENCE_OF_DATA = 0.7, 120.0  # seconds: of a page, and of what a page or a script asks for
POLL = 0.4  # seconds between two looks at a run that is trained
FOREVER = "private, max-age=31536000, immutable"
# The certificate's page brings its style with it, and no script.
OWN_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"

Make = Callable[["Studio", Request], dict[str, Any]]


@dataclass
class Studio:
    """What all requests share.

    Attributes:
        workspace: the folder.
        work: results that take long.
        agreed: the runs whose test split may be shown.
    """

    workspace: Workspace
    work: Work = field(default_factory=Work)
    agreed: set[str] = field(default_factory=set)

    def desk(self, request: Request, key: str | None = None, patience: float | None = None) -> Desk:
        """The run that a request is about."""
        if patience is None:
            patience = PATIENCE_OF_DATA if request.scope.get("as_json") else PATIENCE
        name = request.path_params["key"] if key is None else key
        return Desk(self.workspace, self.work, name, patience, self.agreed)


def application(folder: Path) -> Callable[[Scope, Receive, Send], Any]:
    """The application without its guard."""
    studio = Studio(Workspace(folder.resolve()))

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
        post("/cures/{key}/stop", lambda s, r, _: _stop(s, s.workspace.cure(r.path_params["key"]), "cures", r)),
        post("/cures/{key}/resume", _resume_cure),
        get("/train", lambda s, r: start.training(s.workspace, r.query_params.get("source", ""))),
        post("/train", _train),
        get("/starting/{key}", _starting, "wait.html"),
        get("/compare", _compare),
        get(run_at, lambda s, r: run.overview(s.desk(r)), "live.html"),
        get(run_at + "/curves", lambda s, r: run.curves(s.desk(r)), "live.html"),
        Route(run_at + "/curves/events", events),
        get(run_at + "/findings", lambda s, r: run.findings(s.desk(r))),
        get(run_at + "/corrections", lambda s, r: corrections.corrections(s.desk(r))),
        post(run_at + "/corrections", _correct),
        post(run_at + "/corrections/undo", _undo),
        post(run_at + "/corrections/export", _export),
        get(run_at + "/try", _try, "try.html"),
        Route(run_at + "/try", tried, methods=["POST"]),
        post(run_at + "/thresholds", _save_cut),
        post(run_at + "/stop", lambda s, r, _: _stop(s, s.desk(r).run.folder, "runs", r)),
        post(run_at + "/resume", _resume_run),
        post(run_at + "/cure", _cure),
        post(run_at + "/test", _look_at_test),
        get(split_at + "/pictures", _with_split(pictures.grid), "grid.html"),
        get(split_at + "/rows", _with_split(pictures.window)),
        get(split_at + "/pictures/{row:int}", _picture, "picture.html"),
        file(split_at + "/picture/{row:int}.jpg", _one_picture),
        file(split_at + "/sheets/{number:int}.jpg", _sheet),
        get(split_at + "/thresholds", _with_split(thresholds.explorer), "thresholds.html"),
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
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
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
    return _jpeg(sheets.sheet(pixels, rows[shown]))


def _one_picture(studio: Studio, request: Request) -> Response:
    desk, pixels, rows = _pixels(studio, request)
    row = request.path_params["row"]
    if row >= len(rows):
        raise MissingError(f"there is no row {row}")
    problem = desk.problem()
    if "large" in request.query_params and problem is not None:
        return _jpeg(sheets.large(problem, int(rows[row])))
    return _jpeg(pages_of_report.jpeg(pixels[rows[row]], pages_of_report.SIDE_PIXELS))


def _jpeg(data: bytes) -> Response:
    return Response(data, media_type="image/jpeg", headers={"cache-control": FOREVER})


def _scores(studio: Studio, request: Request) -> Response:
    desk = studio.desk(request, patience=PATIENCE_OF_DATA)
    split, label = desk.split(request.path_params["split"]), request.query_params.get("label", "")
    View.of(split, {"label": label or "?"}, desk.run.labels)
    return Response(thresholds.sorted_scores(desk, split, label), media_type="application/octet-stream")


def _certificate(studio: Studio, request: Request) -> Response:
    certificate = load_certificate(studio.workspace.cure(request.path_params["key"]))
    return HTMLResponse(certificate_page(certificate), headers={"content-security-policy": OWN_POLICY})


def _correct(studio: Studio, request: Request, form: dict[str, str]) -> str:
    desk = studio.desk(request, patience=PATIENCE_OF_DATA)
    split = desk.split(form.get("split", ""))
    scores = desk.scores(split)
    row, column = (int(form.get(name, "")) if form.get(name, "").isdecimal() else -1 for name in ("row", "column"))
    if not (0 <= row < len(scores) and 0 <= column < len(scores.labels)):
        raise MissingError("there is no such picture or label")
    picture, label = str(scores.ids[row]), scores.labels[column]
    was = desk.corrections.values().get((picture, label), pictures.given(scores, row, column))
    desk.corrections.add(picture, label, was, form.get("now", ""))
    return _back(form, desk.address("corrections"))


def _undo(studio: Studio, request: Request, form: dict[str, str]) -> str:
    desk = studio.desk(request)
    desk.corrections.undo(form.get("entry", ""))
    return _back(form, desk.address("corrections"))


def _export(studio: Studio, request: Request, _form: dict[str, str]) -> str:
    desk = studio.desk(request, patience=PATIENCE_OF_DATA)
    problem = desk.problem()
    if problem is None:
        raise InputError("the sources of the run cannot be read", instead="the sources, as they were")
    path = export(problem, desk.corrections, studio.workspace.own / "exports")
    return address("train", source=studio.workspace.shown(path))


def _save_cut(studio: Studio, request: Request, form: dict[str, str]) -> str:
    desk = studio.desk(request, patience=PATIENCE_OF_DATA)
    split, label, cut = form.get("split", ""), form.get("label", ""), number_in(form.get("cut", ""))
    thresholds.save(desk, split, label, cut)
    return desk.address(split, "thresholds", label=label)


def _look_at_test(studio: Studio, request: Request, _form: dict[str, str]) -> str:
    desk = studio.desk(request)
    desk.look_at_test()
    return desk.address("test", "pictures")


def _train(studio: Studio, _request: Request, form: dict[str, str]) -> str:
    workspace = studio.workspace
    shown, _ = start.chosen(workspace, form)
    out = workspace.folder / "runs" / jobs.checked_name(form.get("name", ""))
    if out.exists():
        raise InputError(f"runs/{out.name} exists", instead="another name")
    recipe = jobs.checked_word(form.get("recipe", ""), "recipe")
    find_recipe(recipe)
    words = ["train", f"./{shown}", "--recipe", recipe, "--out", str(out)]
    for setting in form.get("set", "").split():
        words += ["--set", jobs.checked_word(setting, "setting")]
    if shown.startswith("studio/exports/"):
        words.append("--allow-outside")
    jobs.start(workspace, words, out)
    return address("starting", workspace.key(out))


def _cure(studio: Studio, request: Request, form: dict[str, str]) -> str:
    desk, workspace = studio.desk(request), studio.workspace
    out = workspace.folder / "cures" / jobs.checked_name(form.get("name", ""))
    if out.exists():
        raise InputError(f"cures/{out.name} exists", instead="another name")
    goal, budget = (jobs.checked_word(form.get(name, ""), name) for name in ("goal", "budget"))
    Goal(goal)
    words = ["cure", str(desk.run.folder), "--goal", goal, "--budget", budget, "--out", str(out)]
    jobs.start(workspace, words, out)
    return address("starting", workspace.key(out))


def _stop(studio: Studio, folder: Path, kind: str, request: Request) -> str:
    if not jobs.stop(studio.workspace, folder):
        raise InputError("the process was not started here, or has ended", instead="Ctrl-C where it was started")
    return address(kind, request.path_params["key"], *(["curves"] if kind == "runs" else []))


def _resume_run(studio: Studio, request: Request, _form: dict[str, str]) -> str:
    desk = studio.desk(request)
    jobs.start(studio.workspace, ["train", "--resume", str(desk.run.folder)], desk.run.folder)
    return desk.address("curves")


def _resume_cure(studio: Studio, request: Request, _form: dict[str, str]) -> str:
    folder = studio.workspace.cure(request.path_params["key"])
    jobs.start(studio.workspace, ["cure", "--resume", str(folder)], folder)
    return address("cures", request.path_params["key"])


def _back(form: dict[str, str], otherwise: str) -> str:
    """The page that a form was on; only a path of this server."""
    to = form.get("back", "")
    return to if to.startswith("/runs/") else otherwise


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
