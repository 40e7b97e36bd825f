"""The studio in a real browser: every page, every action by mouse and keyboard, and what an interruption leaves."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import tagfit as tf
from small_sets import write_photos
from studio.browsing import PATIENCE, Server, chromium, opened, settle
from tagfit.data.plan import Plan
from tagfit.recipe import Recipe
from tagfit.scoring import looks
from tagfit.studio.corrections import Corrections

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RUN = "/runs/runs~mine"
GRID = f"{RUN}/validation/pictures"
CUTS = f"{RUN}/validation/thresholds"
PAGES = (
    "/", "/train", "/cures", "/cures/cures~done", "/compare?a=runs~mine&b=runs~other", "/nothing", RUN,
    f"{RUN}/curves", f"{RUN}/findings", f"{RUN}/corrections", f"{RUN}/try", f"{RUN}/data",
    f"{RUN}/validation/calibration", f"{RUN}/test/pictures", GRID,
    f"{GRID}?show=missed&label=sea", f"{GRID}?sort=next", f"{GRID}/1", f"{GRID}/1/similar", CUTS,
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Path:
    """A folder with a source with wrong tags, two finished runs, a broken one and a finished cure."""
    folder = tmp_path_factory.mktemp("studio") / "work"
    photos = write_photos(folder / "photos", n=80)
    table = (photos / "tags.csv").read_text(encoding="utf-8").splitlines()
    wrong = [line.partition(",")[0] + ",sea" if row % 7 == 1 else line for row, line in enumerate(table)]
    (photos / "tags.csv").write_text("\n".join(wrong) + "\n", encoding="utf-8")
    problem = Plan(str(photos), size=8, cache_dir=str(cache_dir)).problem()
    run = tf.fit(problem, Recipe(widths=(32,), epochs=20), out=folder / "runs" / "mine", threads=1)
    for name in ("other", "broken"):
        shutil.copytree(run.folder, folder / "runs" / name)
    (folder / "runs" / "broken" / "run.json").write_text("{", encoding="utf-8")
    tf.cure(run, "validation.loss<=0.001", trials=1, seeds=1, out=folder / "cures" / "done")
    return folder


@pytest.fixture(scope="module")
def server(workspace: Path, cache_dir: Path) -> Iterator[Server]:
    """A studio that the tests of reading share."""
    found = Server(workspace, cache_dir)
    yield found
    found.stop()


@pytest.fixture
def own(workspace: Path, tmp_path: Path, cache_dir: Path) -> Iterator[Server]:
    """A studio on a copy of the folder, for tests that change it."""
    shutil.copytree(workspace, tmp_path / "work")
    found = Server(tmp_path / "work", cache_dir)
    yield found
    found.stop()


@pytest.fixture
def page(browser: Browser, own: Server) -> Iterator[Page]:
    with opened(browser, own) as found:
        yield found


def log_of(server: Server) -> list[dict[str, Any]]:
    files = sorted((server.folder / "studio").glob("corrections-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def entries(page: Page, count: int) -> None:
    """Wait until the page has counted this many corrections that stand."""
    expect(page.locator("tr.changed")).to_have_count(count)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_fault_of_access(browser: Browser, server: Server, scheme: Any) -> None:
    with opened(browser, server, color_scheme=scheme) as page:
        page.on("console", lambda _message: None)
        for path in PAGES:
            if path == "/nothing" or "/test/" in path:
                continue  # their status makes the console report an error; the next test has them
            settle(page, server.base + path)
            found = Axe().run(page)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
            expect(page.locator("main .verdict").first).to_be_visible()


@pytest.mark.parametrize("width", [390, 320], ids=["phone", "400 % zoom"])
def test_no_page_is_wider_than_a_narrow_screen(browser: Browser, server: Server, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 640})
    page = context.new_page()
    page.goto(server.new_link())
    for path in PAGES:
        settle(page, server.base + path)
        wide = page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} px wider than the screen"
    context.close()


def test_a_picture_is_found_opened_and_left_by_mouse_and_by_keyboard(page: Page, own: Server) -> None:
    settle(page, own.base + GRID)
    page.locator("select[name=show]").select_option("predicted")
    page.wait_for_url("**show=predicted**")
    page.locator(".cell").first.click()
    page.wait_for_url("**/pictures/*?**")
    first = page.locator("h1").inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.locator("h1")).not_to_have_text(first)
    page.keyboard.press("ArrowLeft")
    expect(page.locator("h1")).to_have_text(first)
    page.keyboard.press("Escape")
    page.wait_for_url("**/pictures?**show=predicted**")
    page.keyboard.press("ArrowRight")
    focused = page.locator(".cell:focus")
    expect(focused).to_have_attribute("aria-label", re.compile("jpg"))
    name = (focused.get_attribute("aria-label") or "").split(":")[0]
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(name)


def test_twenty_pictures_are_tagged_with_the_keyboard_alone(page: Page, own: Server) -> None:
    settle(page, own.base + f"{RUN}/train/pictures?sort=order")
    expect(page.locator(".cell[tabindex='0']")).to_be_visible()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pictures/*?**")
    for _ in range(20):
        page.keyboard.press("2")
        entries(page, 1)
        name = page.locator("h1").inner_text()
        page.keyboard.press("ArrowRight")
        expect(page.locator("h1")).not_to_have_text(name)
    found = log_of(own)
    assert len(found) == 20
    assert len({one["picture"] for one in found}) == 20
    assert {one["label"] for one in found} == {"sea"}


def test_single_keys_answer_suggestions_and_show_similar_pictures(page: Page, own: Server) -> None:
    run = tf.open_run(own.folder / "runs" / "mine")
    scores = run.scores("validation")
    row = int((scores.scores.max(axis=1) > 0.5).argmax())
    log = Corrections.of_data(own.folder / "studio", run.problem["fingerprint"]["data"])
    for label in scores.labels:
        log.add(str(scores.ids[row]), label, "absent", "unknown")
    settle(page, own.base + f"{GRID}/{row}")
    buttons = page.locator(".tags tbody button")
    expect(buttons).to_have_text(["unknown"] * 3)
    predicted = scores.scores[row] > 0.5
    page.keyboard.press("a")
    expect(buttons).to_have_text(["present" if one else "unknown" for one in predicted])
    page.keyboard.press("e")
    expect(buttons).to_have_text(["present" if one else "absent" for one in predicted])
    page.keyboard.press("u")
    page.keyboard.press("u")
    expect(buttons).to_have_text(["unknown"] * 3)
    page.keyboard.press("r")
    expect(buttons).to_have_text(["absent" if one else "unknown" for one in predicted])
    page.keyboard.press("s")
    expect(page.locator("#near figure")).to_have_count(6)
    page.keyboard.press("s")
    expect(page.locator("#near figure")).to_have_count(0)
    settle(page, own.base + f"{GRID}?sort=next")
    expect(page.locator(".cell").first).to_have_attribute("aria-label", re.compile("unsure of"))


def test_letters_find_a_label_and_u_takes_the_last_correction_back(page: Page, own: Server) -> None:
    settle(page, own.base + f"{GRID}/2")
    page.keyboard.press("/")
    page.keyboard.type("peo")
    expect(page.locator(".tags tbody tr:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    entries(page, 1)
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    entries(page, 0)
    first, second = log_of(own)
    assert (first["label"], second["undoes"]) == ("people", first["name"])
    assert (second["was"], second["now"]) == (first["now"], first["was"])


def test_a_slash_filters_every_page_that_has_rows(page: Page, own: Server) -> None:
    for path, letters, rows in (("/", "other", "#runs tbody tr"), (f"{RUN}/findings", "copies", "#others tbody tr")):
        settle(page, own.base + path)
        every = page.locator(rows).count()
        page.keyboard.press("/")
        page.keyboard.type(letters)
        left = page.locator(f"{rows}:visible")
        expect(left.first).to_contain_text(letters)
        assert 0 < left.count() < every
        assert Axe().run(page).violations_count == 0
        for _ in letters:
            page.keyboard.press("Backspace")
        page.keyboard.press("Escape")
        expect(left).to_have_count(every)
        expect(page.locator("#quick")).to_be_hidden()


def test_single_keys_can_be_switched_off(page: Page, own: Server) -> None:
    settle(page, own.base + f"{GRID}/2")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.get_by_label("Single keys do something").uncheck()
    page.locator("#help button").click()
    page.keyboard.press("1")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_hidden()
    page.locator(".tags button").first.click()
    entries(page, 1)
    assert len(log_of(own)) == 1, "the click counts, the key does not"


def test_two_tabs_that_correct_at_once_lose_nothing(page: Page, own: Server) -> None:
    other = page.context.new_page()
    other.set_default_timeout(PATIENCE)
    for tab, row in ((page, 0), (other, 1)):
        settle(tab, f"{own.base}{GRID}/{row}")
    for key in "123":
        page.keyboard.press(key)
        other.keyboard.press(key)
    for tab in (page, other):
        entries(tab, 3)
    assert len(log_of(own)) == 6
    settle(page, own.base + f"{RUN}/corrections")
    expect(page.locator(".verdict")).to_contain_text("6 corrected tags")


def test_a_drag_of_the_slider_shows_the_counts_of_the_engine_and_is_saved(page: Page, own: Server) -> None:
    settle(page, own.base + f"{CUTS}?label=sea")
    slider = page.locator("#slider")
    box = slider.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, middle, steps=7)
    page.mouse.up()
    page.wait_for_url("**cut=**")
    cut = float(slider.input_value())
    assert cut == pytest.approx(0.8, abs=0.05)
    scores = tf.open_run(own.folder / "runs" / "mine").scores("validation")
    engine = tf.evaluate(scores, thresholds=[0.5, cut, 0.5])
    expected = engine.labels[1]
    for name in ("tp", "fp", "fn", "tn"):
        expect(page.locator(f"#{name}")).to_have_text(f"{getattr(expected, name):g}")
    page.get_by_role("button", name="Best F1").click()
    page.keyboard.press("[")
    page.keyboard.press("]")
    kept = float(page.locator("#cut").input_value())
    with page.expect_navigation():
        page.get_by_role("button", name="Save the cut").click()
    saved = tf.Thresholds.load(own.folder / "studio" / "thresholds" / "runs~mine.json")
    assert saved.values[1] == pytest.approx(kept)


def test_a_picture_that_is_chosen_is_tagged(page: Page, own: Server) -> None:
    settle(page, own.base + f"{RUN}/try")
    page.locator("#file").set_input_files(own.folder / "photos" / "images" / "03.jpg")
    expect(page.locator("#answer tbody tr")).to_have_count(3)


def test_the_test_split_is_shown_after_a_look_was_agreed_to(browser: Browser, own: Server) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(own.new_link())
    settle(page, own.base + f"{RUN}/test/pictures")
    expect(page.locator(".verdict")).to_contain_text("each look is recorded")
    page.get_by_role("button", name="Show it and record the look").click()
    expect(page.locator(".cell").first).to_be_visible()
    assert looks(tf.open_run(own.folder / "runs" / "mine"))[1:] == ["studio"], "the cure looked before"
    context.close()


def test_corrections_become_a_source_and_a_training_that_outlives_its_server(
    browser: Browser, page: Page, own: Server
) -> None:
    settle(page, own.base + f"{GRID}/0")
    page.keyboard.press("1")
    entries(page, 1)
    settle(page, own.base + f"{RUN}/corrections")
    page.get_by_role("button", name="Write the tags file").click()
    page.wait_for_url("**/train?source=**")
    page.get_by_label("Recipe").select_option("plain-dense")
    page.get_by_label("Changes").fill("epochs=100000 patience=0")
    page.get_by_label("Name", exact=True).fill("corrected")
    page.get_by_role("button", name="Start the training").click()
    page.wait_for_url("**/curves")
    expect(page.locator(".verdict")).to_contain_text(re.compile("epoch [2-9]"))
    page.context.close()  # a page whose server is gone reports errors, as it should
    own.stop(signal.SIGKILL)
    own.start()
    run = tf.open_run(own.folder / "runs" / "corrected")
    assert run.state == "running", "the training outlives its server"
    with opened(browser, own) as again:
        settle(again, own.base + "/")
        expect(again.locator("#runs")).to_contain_text("running")
        settle(again, own.base + "/runs/runs~corrected/curves")
        again.get_by_role("button", name="Stop after this epoch").click()
        expect(again.get_by_role("button", name="Resume")).to_be_visible()
        assert run.state == "interrupted"
        again.get_by_role("button", name="Resume").click()
        again.get_by_role("button", name="Stop now").click()
        expect(again.get_by_role("button", name="Resume")).to_be_visible()


def test_a_cure_is_started_watched_stopped_and_its_certificate_opened(page: Page, own: Server) -> None:
    settle(page, own.base + f"{RUN}/findings")
    page.get_by_label("Goal").fill("validation.label_accuracy>=0.999")
    page.get_by_label("Name").fill("live")
    page.get_by_role("button", name="Start the cure").click()
    page.wait_for_url("**/cures/cures~live")
    expect(page.locator("#trials tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Stop now").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    settle(page, own.base + "/cures/cures~done")
    page.get_by_role("link", name="The certificate").click()
    expect(page.locator("#verdict")).to_be_visible()
