"""The course in a real browser: answered by mouse and by keyboard, with a live training, without a fault of access."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from studio.browsing import Server, chromium, opened, settle
from tagfit.lesson import bank, content, exam, progress

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Stations that need no engine before they ask.
QUICK = ("tag", "heads", "memorise", "experiment", "repair")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def server(tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "work").mkdir()
    found = Server(tmp_path / "work", cache_dir)
    yield found
    found.stop()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    with opened(browser, server) as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_the_course_has_a_fault_of_access_or_is_too_wide(
    browser: Browser, server: Server, scheme: Any
) -> None:
    with opened(browser, server, color_scheme=scheme, viewport={"width": 320, "height": 640}) as page:
        for path in ("/learn", *(f"/learn/{name}" for name in QUICK), "/learn/test", "/learn/practice"):
            settle(page, server.base + path)
            found = Axe().run(page)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
            wide = page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
            assert wide <= 0, f"{path} is {wide} px wider than the screen"


def test_a_station_is_answered_with_the_keyboard_alone(page: Page, server: Server) -> None:
    settle(page, server.base + "/learn/tag")
    expect(page.locator("#answer img")).to_have_count(8)
    page.locator("#answer input").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**/learn/tag?after=tags")
    expect(page.locator("#outcome")).to_be_visible()
    page.keyboard.press("Enter")  # the button to go on has the focus
    page.wait_for_url("**/learn/tag?")
    expect(page.locator("#question")).to_contain_text("How many")


def test_a_training_is_watched_while_it_runs_and_its_curve_is_shown_over_the_expected_one(
    page: Page, server: Server
) -> None:
    settle(page, server.base + "/learn/memorise")
    station = content.station("memorise")
    step = station.steps[0]
    expect(page.locator("#question")).to_be_visible()
    while step.kind != "curve":
        page.get_by_role("button", name="Skip this step").click()
        step = station.steps[station.steps.index(step) + 1]
    page.locator("#answer input[name=answer]").fill(" ".join(["0.6"] * step.length))
    if step.sure:
        page.get_by_label("yes, I am").check()
    page.locator("#answer button").click()
    expect(page.locator("#news")).not_to_be_empty()
    page.wait_for_url("**after=**")
    expect(page.locator("#outcome")).to_be_visible()


def test_a_test_is_taken_from_start_to_verdict(page: Page, server: Server, tmp_path: Path) -> None:
    settle(page, server.base + "/learn/test")
    page.get_by_role("button", name="Begin a test").click()
    file = next((tmp_path / "state").rglob(progress.FILE))
    for number in range(10):
        expect(page.locator(".verdict")).to_contain_text(f"Question {number + 1} of 10")
        now = exam.latest(progress.read(file))
        assert now is not None
        assert now.current is not None
        key = now.current.key if number else (now.current.key + 1) % 3
        page.locator("#answer input[name=answer]").nth(key).check()
        page.get_by_label("yes, I am").check()
        page.get_by_role("button", name="Answer").click()
        if number == 0:
            wrong = now.current.options[key]
            expect(page.locator("#outcome")).to_contain_text(bank.misconceptions()[wrong.misconception][:40])
        page.get_by_role("button", name="Next question").click()
    expect(page.locator(".verdict")).to_contain_text("9 of 10 right")
