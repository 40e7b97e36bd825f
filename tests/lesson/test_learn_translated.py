"""A translated course, rendered whole: no text of the English content or of the code reaches a page or a terminal."""

from __future__ import annotations

import html.parser
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from commands import Command
from lesson import faked, pseudo, ways
from tagfit.cli import learn_drawing
from tagfit.cli.learn_questions import practice as practise
from tagfit.cli.learn_questions import recall, take_test
from tagfit.cli.learn_station import Face
from tagfit.data.scenes.scene import LABELS
from tagfit.diagnosis.diagnose import CHECKS
from tagfit.evaluation.metrics import METRICS
from tagfit.lesson import bank, content, exam, pages, practice, progress, question_pages, state, texts
from tagfit.lesson.content import Station, Step, message
from tagfit.lesson.labs import explain
from tagfit.lesson.state import HINT, SKIP, SOLUTION, happened
from tagfit.lesson.steps import Context, Outcome, judge
from tagfit.recipe import Recipe

if TYPE_CHECKING:
    from starlette.testclient import TestClient

Event = Mapping[str, Any]
HOST = "127.0.0.1:4242"
HEADERS = {"origin": f"http://{HOST}", "accept": "application/json"}
LONG_AGO = "2020-01-01T00:00:00+00:00"
WORD = re.compile(r"[A-Za-z]{2,}(?:[-_][A-Za-z0-9]+)*")
# What is the same in every language: names of labels, metrics, findings, fields, stations, programs and formats.
NAMES = {
    *LABELS, *METRICS, *(check.code for check in CHECKS), *Recipe().to_dict(), *content.course().stations,
    "tagfit", "learn", "JSON", "Esc",
}  # fmt: skip
# Figures of an outcome in which the engine speaks of a run, or repeats what was typed.
OF_ENGINE = ("says", "error", "remedy", "gap", "split", "metrics", "answer", "fields", "before", "after")


@pytest.fixture(scope="module", autouse=True)
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The translated course, on an engine that answers at once."""
    folder = pseudo.write(tmp_path_factory.mktemp("translated") / "content")
    with faked.engine(tmp_path_factory.mktemp("faked")):
        texts.use(folder)
        yield
        texts.use(None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "learn.jsonl"


@pytest.fixture
def client(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    pytest.importorskip("starlette")
    from starlette.testclient import TestClient

    from tagfit.cli.training_form import trainer
    from tagfit.studio import context
    from tagfit.studio.guard import Guard, Session
    from tagfit.studio.routes import application

    monkeypatch.setattr(context, "PATIENCE", 120.0)
    (tmp_path / "work").mkdir()
    session = Session(4242)
    guarded = Guard(application(tmp_path / "work", trainer, file), session)
    with TestClient(guarded, base_url=f"http://{HOST}", follow_redirects=False) as found:
        found.cookies.set(session.name, session.cookie)
        yield found


class Visible(html.parser.HTMLParser):
    """The texts of a page that someone sees or hears; source code and what is typed are left out."""

    ATTRIBUTES = ("alt", "aria-label", "title", "placeholder", "data-done", "data-refused")
    HIDDEN = ("script", "style", "code", "textarea")

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.root: dict[str, str | None] = {}
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "html":
            self.root = dict(attrs)
        self._hidden += tag in self.HIDDEN
        self.texts += [value for name, value in attrs if name in self.ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in self.HIDDEN

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.texts.append(data)


def left_behind(text: str, known: Iterable[str] = ()) -> list[str]:
    """The Latin words of a text that are neither names nor part of what is known."""
    parts = {part.strip() for one in known for part in one.split("`")}  # what is in backticks is code
    for part in sorted(parts - {""}, key=len, reverse=True):
        text = re.sub(rf"(?<![\w-]){re.escape(part)}(?![\w-])", " ", text)
    return [word for word in WORD.findall(text) if word not in NAMES]


def of_engine(events: Sequence[Event]) -> Iterator[str]:
    """What the engine says in the outcomes of answers, and what was answered."""
    for event in events:
        answer = event.get("answer")
        yield from map(str, answer if isinstance(answer, list) else str(answer).split("\n"))
        outcome = event.get("outcome", {})
        yield from (str(value) for name, value in outcome.get("figures", {}).items() if name in OF_ENGINE)
        for block in outcome.get("blocks", ()):
            for row in block.get("rows", ()):
                yield from row[1:] if row[0] in NAMES else ()


def begin(file: Path, events: Iterable[Event]) -> None:
    """Progress that consists of these events."""
    file.write_text("".join(json.dumps({"at": LONG_AGO, **event}) + "\n" for event in events), encoding="utf-8")


def before(station: Station, step: Step) -> list[Event]:
    """The steps before one are skipped, and it is about to be answered with all of its hints seen."""
    skipped = [happened(SKIP, station, one) for one in station.steps[: station.steps.index(step)]]
    return [*skipped, *(happened(HINT, station, step) for _ in step.hints)]


def ways_of(station: Station, step: Step) -> list[ways.Way]:
    """Every way to answer a step; what a trained net would decide is any number."""
    anything = "reported = 0.3" if step.kind == "code" else 0.3
    found = [one for one in ways.of_station(station) if one.step == step.id]
    return [one._replace(answer=anything) if one.answer is None else one for one in found]


STEPS = [
    pytest.param(station.id, step.id, id=f"{station.id}-{step.id}")
    for station in content.stations()
    for step in station.steps
]


def steps_of_all() -> Iterator[Step]:
    for station in content.stations():
        yield from station.steps


def fields(step: Step, answer: Any) -> dict[str, Any]:
    """What a browser sends."""
    if step.kind == "tags":
        return {f"answer{place}": row for place, row in enumerate(answer)}
    if step.kind == "order":
        return {f"place:{name}": str(place) for place, name in enumerate(answer, start=1)}
    if step.kind in ("curve", "recipe"):
        return {"answer": " ".join(map(str, answer))}
    return {"answer": answer if step.kind in ("many", "choice") else str(answer)}


def check_page(client: TestClient, address: str, events: Sequence[Event] = (), code: str = "") -> None:
    """A page is from right to left, and in no language that anyone wrote."""
    answer = client.get(address)
    page = Visible()
    page.feed(answer.text)
    assert (page.root["lang"], page.root["dir"]) == ("he", "rtl"), address
    known = [*of_engine(events), *code.split("\n")]
    assert left_behind("\n".join(page.texts), known) == [], address
    if "?" in address:  # an outcome, which waits for nothing
        return
    data = client.get(f"{address}.json").json()["data"]
    assert left_behind(" ".join(data[key] for key in ("training", "waiting") if key in data), ["epoch", "count"]) == []


@pytest.mark.parametrize(("name", "step_name"), STEPS)
def test_every_answer_to_a_step(
    client: TestClient,
    file: Path,
    name: str,
    step_name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the browser, and then in the terminal with the outcomes that are known by then."""
    known: dict[str, Outcome] = {}

    def judged(context: Context, answer: Any) -> Outcome:
        key = json.dumps(answer)
        if key not in known:
            known[key] = judge(context, answer)
        return known[key]

    monkeypatch.setattr(state, "judge", judged)
    monkeypatch.setattr(learn_drawing, "_saved", lambda _pictures: "0")
    monkeypatch.setenv("COLUMNS", "4000")  # no text is broken into lines
    station = content.station(name)
    step = station.step(step_name)
    begin(file, before(station, step))
    check_page(client, f"/learn/{name}", code=step.start)
    for way in ways_of(station, step):
        begin(file, before(station, step))
        sent = {**fields(step, way.answer), "sure": "yes"}
        assert client.post(f"/learn/{name}/{step.id}", data=sent, headers=HEADERS).status_code == 200, way
        events = progress.read(file)
        assert events[-1]["kind"] == "answer", way
        check_page(client, f"/learn/{name}?after={step.id}", events, step.start)
        begin(file, before(station, step)[: station.steps.index(step)])
        check_terminal(file, station, step, way.answer, monkeypatch, capsys)
    begin(file, [*events, happened(SOLUTION, station, step)])
    check_page(client, f"/learn/{name}", events, step.start)


def check_terminal(
    file: Path,
    station: Station,
    step: Step,
    answer: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A station from a step on: help, the question again, all hints, the answer, the solution."""
    hint, solution, quits, yes = (message(key) for key in ("word_hint", "word_solution", "word_quit", "sure_yes"))
    given = ways.typed(step, list(answer) if isinstance(answer, tuple) else answer, step.start)
    sure = [yes.split(",")[0]] if step.sure else []
    said = typed(
        ["?", "", *[hint] * (len(step.hints) + 1), solution, *given, *sure, solution, quits],
        lambda: Face(file).run(station), monkeypatch, capsys,
    )  # fmt: skip
    events = progress.read(file)
    assert "answer" in [event["kind"] for event in events]
    code = [line for one in station.steps for line in one.start.split("\n")]
    assert left_behind(said, [*of_engine(events), *code, *given[0].split(" ", 1)[1:]]) == []


def typed(
    lines: Sequence[str],
    run: Callable[[], object],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    """What a terminal shows, without what was typed."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    run()
    return re.sub(r"(?m)> .*$", "", capsys.readouterr().out)


@pytest.fixture
def paper(file: Path) -> list[Event]:
    """All questions of the bank as one test."""
    names = [one.id for concept in bank.concepts() for one in concept.questions]
    return [exam.began(exam.Exam(7, tuple(names)))]


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_every_option_of_every_question(
    client: TestClient,
    file: Path,
    paper: list[Event],
    turn: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All questions of the bank as one test: its pages, its verdict, and the same in the terminal."""
    monkeypatch.setenv("COLUMNS", "4000")
    begin(file, paper)
    names = paper[0]["questions"]
    for name in names if turn == 0 else names[:6]:  # a page has the reasons of all options
        check_page(client, "/learn/test")
        client.post("/learn/test", data={"answer": str(turn), "sure": "yes"}, headers=HEADERS)
        assert progress.read(file)[-1]["question"] == name
        check_page(client, "/learn/test?answered=1")
    begin(file, paper)
    yes = message("sure_yes").split(",")[0]
    context = SimpleNamespace(obj=file)
    said = typed(["?", *[f"{turn + 1}", yes] * len(names)], lambda: take_test(context), monkeypatch, capsys)
    assert exam.unfinished(progress.read(file)) is None
    assert left_behind(said) == []
    for address in ("/learn/test", "/learn", *(["/learn/recall"] if turn == 0 else [])):
        check_page(client, address)


def test_every_card_of_recall(
    client: TestClient, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "4000")
    answers = [exam.answered(bank.asked(concept.questions[0].id, 0), 0) for concept in bank.concepts()]
    context = SimpleNamespace(obj=file)
    yes = message("sure_yes").split(",")[0]
    for shown in ([], answers):
        begin(file, shown)
        lines = ["1", yes] * len(shown)
        assert left_behind(typed(lines, lambda: recall(context), monkeypatch, capsys)) == []
    assert left_behind(typed([], lambda: recall(context), monkeypatch, capsys)) == [], "none is due any more"
    check_page(client, "/learn/recall")
    begin(file, answers)
    for _ in answers:
        check_page(client, "/learn/recall")
        client.post("/learn/recall", data={"answer": "1", "sure": "yes"}, headers=HEADERS)
        check_page(client, "/learn/recall?answered=1")


def test_practice_from_its_first_item_to_its_end(
    client: TestClient, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "4000")
    begin(file, [])
    hint = message("word_hint")
    lines = []
    for item in bank.practice():
        key, check = bank.asked_item(item, 0).key, bank.asked_check(item, 0).key
        places = [*(place for place in range(3) if place != key), key]
        for answered, place in [*((False, place) for place in places), (True, (check + 1) % 3)]:
            check_page(client, "/learn/practice")
            client.post("/learn/practice", data={"answer": str(place)}, headers=HEADERS)
            assert progress.read(file)[-1]["kind"] == (practice.CHECK if answered else practice.ANSWER)
            check_page(client, "/learn/practice?answered=1")
        lines += [hint, *(str(place + 1) for place in places), str((check + 1) % 3 + 1)]
    check_page(client, "/learn/practice")
    begin(file, [])
    said = typed(lines, lambda: practise(SimpleNamespace(obj=file)), monkeypatch, capsys)
    assert practice.next_item(progress.read(file)).item is None
    assert left_behind(said) == []


@pytest.mark.parametrize("stations", [1, 10])
def test_the_end_of_a_station_and_of_the_course(
    client: TestClient,
    file: Path,
    stations: int,
    tagfit: Command,
) -> None:
    done = content.stations()[:stations]
    begin(file, [happened(SKIP, station, step) for station in done for step in station.steps])
    for address in (f"/learn/{done[-1].id}", "/learn"):
        check_page(client, address)
    folder = texts.folder()
    for words in (["station", done[-1].id], []):
        said = tagfit("learn", "--progress", file, "--content", folder, *words)
        assert said.code == 0, said.err
        assert left_behind(said.out, [str(file)]) == []


def test_what_is_refused_and_what_is_not_there(client: TestClient, file: Path) -> None:
    begin(file, [happened(SKIP, content.station("tag"), content.station("tag").steps[0])])
    for address in ("/learn/nowhere", "/learn/tag/nothing/0.jpg"):
        page = Visible()
        page.feed(client.get(address).text)
        assert left_behind("\n".join(page.texts), ["nowhere", "nothing"]) == [], address
    for to in ("/learn/tag/lost", "/learn/erase"):
        refused = client.post(to, data={"answer": "!", "word": "!"}, headers=HEADERS).json()
        assert left_behind(refused["verdict"]["sentence"]) == [], to


def test_the_printed_pages() -> None:
    typed_here = ["to", "binary_accuracy", *ways.SOLUTION.split(), *(step.example for step in steps_of_all())]
    for name, text in {**pages.pages(), **question_pages.pages()}.items():
        prose = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)|<[^>]*>", "", text, flags=re.DOTALL)
        # Of a finding, the engine's sentence is in its row.
        lines = [line for line in prose.split("\n") if not any(f"| {check.code} |" in line for check in CHECKS)]
        said = [one.remedy.words for one in explain.findings() if one.remedy is not None]
        assert left_behind("\n".join(lines), [*said, *typed_here]) == [], name
