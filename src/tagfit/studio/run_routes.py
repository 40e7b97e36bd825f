"""Run routes: the addresses of all pages, files and changes that need the engine."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from tagfit import workflow
from tagfit.curing.certificate import load as load_certificate
from tagfit.errors import InputError
from tagfit.files import to_json
from tagfit.lesson.progress import default_path
from tagfit.recipe import assign
from tagfit.recipe import find as find_recipe
from tagfit.report import page as pages_of_report
from tagfit.report.certificate_page import certificate_page
from tagfit.studio import changes, estimate, learn_routes, sheets
from tagfit.studio.answers import Routes, answered, refusals
from tagfit.studio.context import PATIENCE, PATIENCE_OF_DATA, Studio
from tagfit.studio.desk import Desk
from tagfit.studio.pages import (
    calibration,
    corrections,
    cures,
    data,
    picture,
    pictures,
    regions,
    run,
    similar,
    start,
    thresholds,
    train,
)
from tagfit.studio.trainer import Trainer, out_of, settings, words_of
from tagfit.studio.views import View
from tagfit.studio.workspace import MissingError, Workspace

POLL = 0.4  # seconds between two looks at a run that is trained
# The certificate's page brings its style with it, and no script.
OWN_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"

Make = Callable[[Studio, Request], dict[str, Any]]


def application(workspace: Workspace, train: Callable[[], Trainer], progress: Path | None = None) -> Starlette:
    """The application of these addresses."""
    studio = Studio(workspace, cache(train), progress=progress or default_path())
    of = Routes(studio)
    get, file, post = of.get, of.file, of.post
    run_at = "/runs/{key}"
    split_at = run_at + "/{split:str}"

    async def events(request: Request) -> Response:
        return await _events(studio, request)

    async def tried(request: Request) -> Response:
        return await _tried(studio, request)

    routes = [
        get("/cures", lambda s, _: cures.cures(s.workspace)),
        get("/cures/{key}", _cure, "live.html"),
        file("/cures/{key}/certificate", _certificate),
        post("/cures/{key}/stop", lambda s, r, _: changes.stop(s, s.workspace.cure(r.path_params["key"]), "cures", r)),
        post("/cures/{key}/resume", changes.resume_cure),
        get("/train", _training),
        post("/train", changes.train),
        get("/starting/{key}", _starting, "wait.html"),
        get("/compare", _compare),
        *learn_routes.routes(get, file, of.pairs),
        get(run_at, lambda s, r: run.overview(s.desk(r), s.train()), "live.html"),
        get(run_at + "/curves", lambda s, r: run.curves(s.desk(r)), "live.html"),
        Route(run_at + "/curves/events", events),
        get(run_at + "/findings", lambda s, r: run.findings(s.desk(r), s.train(), r.query_params)),
        get(run_at + "/data", lambda s, r: data.data(s.desk(r), s.train())),
        get(run_at + "/corrections", lambda s, r: corrections.corrections(s.desk(r))),
        post(run_at + "/corrections", changes.correct),
        of.pairs(run_at + "/corrections/answer", changes.answer),
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
        get(split_at + "/pictures/{row:int}/similar", _similar),
        get(split_at + "/pictures/{row:int}/regions", _regions),
        file(split_at + "/pictures/{row:int}/regions/{at:int}.jpg", _region),
        file(split_at + "/picture/{row:int}.jpg", _one_picture),
        file(split_at + "/sheets/{number:int}.jpg", _sheet),
        get(split_at + "/thresholds", _with_split(thresholds.explorer), "thresholds.html"),
        get(split_at + "/calibration", _with_split(calibration.calibration)),
        file(split_at + "/scores.bin", _scores),
    ]
    return Starlette(routes=routes, exception_handlers=refusals())


def _with_split(make: Callable[..., dict[str, Any]]) -> Make:
    return lambda studio, request: make(studio.desk(request), request.path_params["split"], request.query_params)


def _cure(studio: Studio, request: Request) -> dict[str, Any]:
    return cures.cure(studio.workspace, studio.work, request.path_params["key"], PATIENCE_OF_DATA)


def _picture(studio: Studio, request: Request) -> dict[str, Any]:
    place = request.path_params
    return picture.picture(studio.desk(request), place["split"], place["row"], request.query_params)


def _regions(studio: Studio, request: Request) -> dict[str, Any]:
    place = request.path_params
    return regions.regions(studio.desk(request), place["split"], place["row"])


def _region(studio: Studio, request: Request) -> Response:
    place, desk = request.path_params, studio.desk(request, patience=PATIENCE_OF_DATA)
    return sheets.answer(regions.region_picture(desk, place["split"], place["row"], place["at"]))


def _similar(studio: Studio, request: Request) -> dict[str, Any]:
    place = request.path_params
    return similar.similar(studio.desk(request), place["split"], place["row"])


def _training(studio: Studio, request: Request) -> dict[str, Any]:
    query, read = request.query_params, None
    if "ask" in query:
        read = _read(studio, query, PATIENCE_OF_DATA if request.scope.get("as_json") else PATIENCE)
    return train.training(studio.workspace, studio.train(), query, read)


def _read(studio: Studio, query: Mapping[str, str], patience: float) -> estimate.Read:
    """What came of reading the source of a form as its options say, and how long a training on it will take."""
    workspace = studio.workspace
    words = words_of(workspace, studio.train(), query, str)
    source, name = Path(words[1]), words[3]
    named = {"name": train.free_name(workspace), **query}
    try:
        plan = studio.train().plan([*words[1:], "--out", str(out_of(workspace, named))])
    except InputError as error:
        return estimate.Read(error=error)
    changes = settings(query)
    recipe = assign(find_recipe(name), changes)

    def made() -> estimate.Read:
        return estimate.read_source(workspace, plan, name, recipe, changes)

    key = ("read", tuple(words), source.stat().st_mtime_ns, len(workspace.runs()))
    return studio.work.get(key, "reading the source, and estimating the time of the training", made, patience)


def _starting(studio: Studio, request: Request) -> dict[str, Any]:
    return start.starting(studio.workspace, request.path_params["key"])


def _compare(studio: Studio, request: Request) -> dict[str, Any]:
    workspace = studio.workspace
    keys = {workspace.shown(run.folder): key for key, run in workspace.runs().items()}  # the form has their names
    named = [request.query_params.get(name, "") for name in ("a", "b")]
    return start.compare(*(studio.desk(request, keys.get(name, name)) for name in named))


def _try(studio: Studio, request: Request) -> dict[str, Any]:
    return run.try_it(studio.desk(request))


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
    return await asyncio.to_thread(answered, request, answer)
