"""User-facing text uses the words of the glossary; phrases that once read as if translated do not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/**/*.md", "benchmarks/**/*.md")
TEMPLATES = ("src/**/*.html", "src/**/*.jinja", "src/**/content/**/*.toml")
# Texts of earlier releases that stored documents still contain.
KEPT = ("EARLIER",)

# Regular expression -> what to write instead.
PHRASES = {
    r"\bby heart\b": "memorised",
    r"other tongues": "translation",
    r"whoever asks": "the user",
    r"told beside": "reported with",
    r"hold models against": "compare with",
    r"one an epoch": "one per epoch",
    r"as near as": "as close as, the closest",
    r"look whether": "check whether",
    r"of one's own": "custom",
    r"held against": "compared with",
    r"\bby heart\b|learnt": "memorised, learned",
    r"one a (label|row)": "one per label",
    r"(is|are) told\b": "is reported",
    r"the house\b": "architecture, package",
    r"\bthe mission\b": "say what it is",
    r"\bthe lesson's": "the regularised recipe",
    r"\b(whoever|somebody|anybody)\b": "the user, anyone, code that",
    r"\bmend(s|ing)?\b": "fix, correct",
    r"go(es|ne)? on with": "resume, continue",
    r"\bundisturbed\b": "uninterrupted",
    r"\banew\b": "again",
    r"pull against": "conflict",
    r"\btaken apart\b": "analysed",
    r"flatter": "optimism",
    r"\bhangs? on\b": "depends on",
    r"knows the rest": "say what is reused",
    r"\bis no part of": "is not part of",
    r"\bcame (as|with)\b(?! their)": "is, has, was given as",
    r"\btold apart\b": "distinguished",
    r"told by its form": "recognised",
    r"\bstands? beside\b": "has, occurs with",
    r"says two things": "gives two values",
    r"is no true tag": "is not a true tag",
    r"as it was written:": "damaged",
    r"\bin passing\b": "careless changes",
    r"(?<!by )all the same\b": "anyway",
    r"how much less": "weights, down-weights",
    r"another than the one": "differs from",
    r"with a net of its own": "custom net",
}


def _strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every string literal of a module, docstrings included, with its line; the fields of an f-string as ``{}``."""
    if isinstance(tree, ast.Assign) and any(isinstance(one, ast.Name) and one.id in KEPT for one in tree.targets):
        return
    if isinstance(tree, ast.JoinedStr):
        parts = [str(one.value) if isinstance(one, ast.Constant) else "{}" for one in tree.values]
        yield tree.lineno, "".join(parts)
        for part in tree.values:
            if isinstance(part, ast.FormattedValue):
                yield from _strings(part.value)
        return
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield tree.lineno, tree.value
    for child in ast.iter_child_nodes(tree):
        yield from _strings(child)


def texts() -> Iterator[tuple[str, str]]:
    """(place, text) for everything that a user may read; line breaks within a text are spaces."""
    for path in sorted({path for pattern in (*PAGES, *TEMPLATES) for path in ROOT.glob(pattern)}):
        yield str(path.relative_to(ROOT)), " ".join(path.read_text(encoding="utf-8").split())
    for path in sorted((ROOT / "src").rglob("*.py")):
        for line, text in _strings(ast.parse(path.read_text(encoding="utf-8"))):
            yield f"{path.relative_to(ROOT)}:{line}", " ".join(text.split())


def found(phrase: str, source: list[tuple[str, str]]) -> list[str]:
    """Where a phrase occurs, with the words around it."""
    pattern = re.compile(phrase, re.IGNORECASE)
    return [
        f"{place}: ...{text[max(0, match.start() - 40) : match.end() + 30]}..."
        for place, text in source
        for match in pattern.finditer(text)
    ]


@pytest.fixture(scope="module")
def source() -> list[tuple[str, str]]:
    return list(texts())


@pytest.mark.parametrize("phrase", PHRASES)
def test_no_text_uses_a_phrase_that_was_removed(phrase: str, source: list[tuple[str, str]]) -> None:
    assert found(phrase, source) == [], f"write instead: {PHRASES[phrase]}"


def test_the_scan_sees_wrapped_literals_f_strings_and_docstrings_but_no_kept_texts() -> None:
    code = """
def f(x):
    '''Learnt by
    heart.'''
    g("by " "heart", f"by {x} heart {h('by heart')}")
EARLIER = ("by heart",)
"""
    seen = [(str(line), " ".join(text.split())) for line, text in _strings(ast.parse(code))]
    assert len(found("by heart", seen)) == 3
    assert len(found(r"by \{\} heart", seen)) == 1
