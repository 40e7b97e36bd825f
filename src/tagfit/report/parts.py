"""Parts of a page as plain dicts: verdict, table, chart, pictures, findings; templates only draw them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tagfit.report.page import clean

if TYPE_CHECKING:
    from tagfit.diagnosis.finding import Finding

Part = dict[str, Any]
Cell = str | Mapping[str, str]


def verdict(mark: str, sentence: str) -> Part:
    """The sentence that a page begins with; ``mark`` is good, hint or issue."""
    return {"mark": mark, "sentence": clean(sentence)}


def link(text: object, href: str, small: str = "") -> dict[str, str]:
    """A cell with a link; ``href`` is a path that was quoted already."""
    return {"text": clean(text), "href": href, "small": small}


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, words: int = 1, **more: str) -> Part:
    """A table.

    Args:
        columns: names.
        rows: cells, texts or what :func:`link` makes; one per column each.
        words: how many columns from the left hold words; the others hold numbers and are set flush right.
        more: id, title and sentence where the table is a section of its own.
    """
    named = [{"name": name, "number": place >= words} for place, name in enumerate(columns)]
    cells = [[cell if isinstance(cell, Mapping) else clean(cell) for cell in row] for row in rows]
    texts = {name: clean(text) for name, text in more.items()}
    return {"kind": "table", "title": "", "sentence": "", **texts, "columns": named, "rows": cells}


def chart(title: str, sentence: str, drawn: Part, data: Part | None = None, *, id: str = "") -> Part:  # noqa: A002
    """A chart with its sentence and, as ``data``, the table of the same numbers."""
    return {"kind": "chart", "id": id, "title": title, "sentence": clean(sentence), "chart": drawn, "table": data}


def pictures(id: str, title: str, sentence: str, shown: Iterable[Part]) -> Part:  # noqa: A002
    """Pictures with captions, as :func:`picture` makes them."""
    return {"kind": "pictures", "id": id, "title": title, "sentence": clean(sentence), "pictures": list(shown)}


def picture(split: str, row: int, name: object, lines: Iterable[tuple[str, str, str]], href: str = "") -> Part:
    """One picture by its split and row; each line of its caption is (mark, marked text, text), all may be empty."""
    return {
        "split": split,
        "row": int(row),
        "id": clean(name),
        "lines": [{"mark": mark, "mark_text": clean(marked), "text": clean(text)} for mark, marked, text in lines],
        "href": href,
    }


def findings(id: str, title: str, sentence: str, found: Iterable[Part]) -> Part:  # noqa: A002
    """Findings as :func:`finding` makes them."""
    return {"kind": "findings", "id": id, "title": title, "sentence": clean(sentence), "findings": list(found)}


def finding(one: Finding, links: Sequence[Mapping[str, str]] = ()) -> Part:
    """What fired, with what to do about it."""
    from tagfit.recipe import toml_lines

    remedy = one.remedy
    return {
        "code": one.code,
        "title": one.title,
        "severity": one.severity,
        "says": clean(one.verdict.says),
        "why": one.why,
        "remedy": "" if remedy is None else clean(remedy.words),
        "changes": [] if remedy is None else toml_lines(remedy.recipe),
        "links": list(links),
    }


def command(*words: object) -> str:
    """A command line as it can be pasted into a shell."""
    return clean(shlex.join(str(word) for word in words))
