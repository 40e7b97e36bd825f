"""Every station walked through in a browser, with the keyboard alone; in the long form with every named mistake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from lesson import pseudo, ways
from lesson.ways import Way
from studio.browsing import Server, chromium, opened, settle
from studio.hands import Keyboard, Mouse
from tagfit.lesson import content, progress, steps
from tagfit.lesson.content import message
from tagfit.lesson.texts import web

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest.importorskip("torch")
Hands = Keyboard | Mouse
PHONE, ZOOMED = 390, 320  # pixels: a phone, and a screen of 1280 at 400 %


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, course_cache: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("walk")
    (folder / "work").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.setenv("TAGFIT_CACHE_DIR", str(course_cache))
        found = Server(folder / "work", course_cache)
        yield found
        found.stop()


@pytest.fixture(scope="module")
def page(browser: Browser, server: Server) -> Iterator[Page]:
    with opened(browser, server, viewport={"width": PHONE, "height": 844}) as found:
        yield found


def test_a_translated_course_runs_from_right_to_left(browser: Browser, tmp_path: Path, course_cache: Path) -> None:
    folder = pseudo.write(tmp_path / "content")
    words = ("learn", "--content", str(folder), "--progress", str(tmp_path / "learn.jsonl"), "--web")
    server = Server(tmp_path, course_cache, words)
    try:
        with opened(browser, server, viewport={"width": PHONE, "height": 844}) as page:
            for path in ("/learn", "/learn/tag", "/learn/heads", "/learn/repair"):
                settle(page, server.base + path)
                check_access(page, "light")
                style = page.evaluate("getComputedStyle(document.querySelector('.verdict')).borderRightWidth")
                assert style == "4px", "its mark stands where lines begin"
                assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
    finally:
        server.stop()


def take(hands: Hands, file: Path, station: content.Station, way: Way, *, sure: bool) -> dict[str, Any]:
    """Give an answer, and check that what was recorded is also shown."""
    step = station.step(way.step)
    hands.fill(step, way.answer)
    if step.sure:
        hands.sure(sure=sure)
    hands.press(web("answer"))
    outcome = progress.read(file)[-1]["outcome"]
    assert outcome["key"] in way.keys, way
    said = " ".join(hands.page.locator("#outcome").inner_text().replace("`", "").split())
    for key in (outcome["key"], *outcome["more"]):
        expected = steps.feedback_text(step, key).format(**outcome["figures"])
        assert " ".join(expected.replace("`", "").split()) in said, way
    assert (message("wrong_but_sure") in said) == (outcome["right"] is False and step.sure and sure)
    return dict(outcome)


def check_access(page: Page, scheme: Any) -> None:
    """No fault that a program can find, in a colour scheme, and nothing wider than a phone or a zoomed window."""
    page.emulate_media(color_scheme=scheme)
    found = Axe().run(page)
    assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"
    for width in (ZOOMED, PHONE):
        page.set_viewport_size({"width": width, "height": 844})
        wide = page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
        assert wide <= 0, f"{page.url} is {wide} px wider than {width} px"


@pytest.mark.parametrize("short", [True, pytest.param(False, marks=pytest.mark.long)], ids=["keyboard", "all"])
@pytest.mark.parametrize("name", content.course().stations)
def test_a_station_is_walked_through_in_a_browser(
    page: Page, server: Server, course_cache: Path, name: str, short: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the keyboard alone after one mistake; in the long form with the mouse, after all of them."""
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(course_cache))
    station = content.station(name)
    file = progress.default_path()
    hands: Hands = Keyboard(page) if short else Mouse(page)
    settle(page, f"{server.base}/learn/{name}")
    if any(one.get("station") == name for one in progress.read(file)):
        hands.press(web("restart"))
    for number, walk in enumerate(ways.walks(station, short=short)):
        if number:
            hands.press(web("restart"))
        for place, step in enumerate(station.steps):
            todo = [way for way in walk if way.step == step.id]
            if not todo and not any(way.step == later.id for later in station.steps[place:] for way in walk):
                break
            if not todo:
                hands.press(web("skip"))
                continue
            for turn, way in enumerate(todo):
                outcome = take(hands, file, station, ways.measured(way), sure=turn % 2 == 0)
            if not short and (number == 0 or not step.once):
                check_access(page, "dark" if place % 2 else "light")
            assert outcome["done"]
            hands.press(web("proceed"))
    expect(page.locator(".verdict")).to_have_text(web("done", title=station.title))
    check_access(page, "dark" if short else "light")
