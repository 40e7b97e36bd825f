"""What the tests of pages read out of them: tags, text, and whether anything is fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser

EVIL = "<script>alert(1)</script>"
VOID = {"meta", "link", "input", "img", "br", "circle", "polyline", "polygon"}


class Tags(HTMLParser):
    """Every tag and attribute of a page, and whether the tags are closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_self_contained(page: str) -> None:
    """The tags of a page are closed, none runs anything, and nothing in it is fetched."""
    tags = Tags(page)
    assert tags.open == []
    for name, attributes in tags.tags:
        assert name not in ("script", "link", "iframe", "object", "form")
        assert not [key for key in attributes if key.startswith("on") or key == "href"]
        assert (attributes.get("src") or "data:image/jpeg;base64,").startswith("data:image/jpeg;base64,")
    assert not re.search(r"url\(|@import", page)
