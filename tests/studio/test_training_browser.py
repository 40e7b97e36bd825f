"""A training of a table that the reader refuses at first, from the browser alone: error, advised field, training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import tagfit as tf
from small_sets import write_photos
from studio.browsing import Server, chromium, opened, settle

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest.importorskip("torch")


@pytest.fixture
def page(tmp_path: Path, cache_dir: Path) -> Iterator[tuple[Page, Server]]:
    photos = write_photos(tmp_path / "photos")
    lines = (photos / "tags.csv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [f"photos/images/{line},{row % 3}x" for row, line in enumerate(lines)]
    (photos / "tags.csv").unlink()
    (tmp_path / "doubtful.csv").write_text("\n".join(["image,what,kind", *rows]) + "\n", encoding="utf-8")
    server = Server(tmp_path, cache_dir)
    try:
        with chromium() as browser, opened(browser, server) as found:
            yield found, server
    finally:
        server.stop()


def test_a_doubtful_table_is_trained_on_from_the_browser_alone(page: tuple[Page, Server]) -> None:
    tab, server = page
    settle(tab, server.base + "/train")
    expect(tab.get_by_label("Source")).to_have_value("doubtful.csv")
    tab.get_by_label("Recipe").select_option("plain-dense")
    tab.get_by_text("Every field of the recipe").click()
    tab.get_by_label("epochs", exact=True).fill("2")
    tab.get_by_role("button", name="Start the training").click()
    tab.wait_for_url("**/starting/**")
    tab.get_by_role("button", name="Change it and try again").click()
    expect(tab.locator(".verdict")).to_contain_text("several columns may hold the tags")
    assert "&blank=" not in tab.url, "fields that say nothing are not in the address"
    expect(tab.get_by_label("epochs", exact=True)).to_have_value("2")
    assert Axe().run(tab).violations_count == 0
    tab.get_by_label("--tags-column").fill("what")
    tab.get_by_text("How the source is read").click()
    tab.get_by_label("--size").fill("8")
    assert Axe().run(tab).violations_count == 0
    tab.get_by_role("button", name="Start the training").click()
    tab.wait_for_url("**/curves")
    expect(tab.locator(".verdict")).to_contain_text("Trained for 2 epochs")
    run = tf.open_run(server.folder / "runs" / "mine")
    assert run.problem["source"]["read"]["tags_column"] == "what"
    assert run.problem["preprocessing"]["size"] == 8
