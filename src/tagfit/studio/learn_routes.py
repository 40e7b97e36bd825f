"""Learn routes: the addresses of the course in the studio."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tagfit.lesson.content import message
from tagfit.report import page as pages_of_report
from tagfit.studio import learn, sheets
from tagfit.studio.context import Studio
from tagfit.studio.pages import learn as pages_of_course
from tagfit.studio.pages import questions
from tagfit.studio.workspace import MissingError


def routes(get: Callable[..., Route], file: Callable[..., Route], post: Callable[..., Route]) -> list[Route]:
    """The routes; ``get``, ``file`` and ``post`` make one each, of pages, files and changes."""
    step_at = "/learn/{station}/{step}"
    return [
        get("/learn", lambda s, _: pages_of_course.overview(s.progress)),
        file("/learn/progress.jsonl", _progress),
        post("/learn/erase", learn.erase),
        get("/learn/test", lambda s, r: questions.test_page(s.progress, r.query_params), "learn.html"),
        post("/learn/test", learn.answer_test),
        post("/learn/test/begin", learn.begin_test),
        get("/learn/practice", lambda s, r: questions.practice_page(s.progress, r.query_params), "learn.html"),
        post("/learn/practice", learn.answer_practice),
        post("/learn/practice/again", learn.practise_again),
        get("/learn/recall", lambda s, r: questions.recall_page(s.progress, r.query_params), "learn.html"),
        post("/learn/recall", learn.answer_recall),
        get(
            "/learn/{station}",
            lambda s, r: pages_of_course.station(s.progress, r.path_params["station"], r.query_params, s.showing(r)),
            "learn.html",
        ),
        file("/learn/{station}/live", _live),
        post("/learn/{station}/restart", learn.restart),
        post(step_at, learn.answer),
        post(step_at + "/hint", learn.hint),
        post(step_at + "/solution", learn.solution),
        post(step_at + "/skip", learn.skip),
        file(step_at + "/{place:int}.jpg", _painted),
    ]


def _progress(studio: Studio, _request: Request) -> Response:
    text = studio.progress.read_text(encoding="utf-8") if studio.progress.exists() else ""
    name = {"content-disposition": 'attachment;filename="progress.jsonl"'}
    return Response(text, media_type="application/jsonl", headers=name)


def _live(studio: Studio, request: Request) -> Response:
    """The epochs of the training that a station is waiting for."""
    found = pages_of_course.find(request.path_params["station"])
    return JSONResponse(studio.epochs.get(found.id, []))


def _painted(studio: Studio, request: Request) -> Response:
    place = request.path_params
    found = pages_of_course.pictures(studio.progress, place["station"], place["step"])
    if place["place"] >= len(found.pixels):
        raise MissingError(message("no_picture", name=place["place"]))
    return sheets.answer(pages_of_report.jpeg(found.pixels[place["place"]], sheets.SIDE * 2))
