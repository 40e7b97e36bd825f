"""The documentation names only commands, options and Python names that exist, links only to files that exist."""

from __future__ import annotations

import re
import shlex
import textwrap
import tomllib
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import typer

import tagfit
from tagfit.cli.app import app

ROOT = Path(__file__).parent.parent
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/**/*.md")})
NOT_A_MODULE = ("tagfit.toml",)


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """(language, text) of each fenced block, and of each indented one with an empty language."""
    fence = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
    for match in fence.finditer(page):
        yield match[1], match[2]
    indented = re.compile(r"(?:^    .*\n|^\n(?=    ))+", re.MULTILINE)
    for match in indented.finditer(fence.sub("", page)):
        yield "", textwrap.dedent(match[0]).strip("\n") + "\n"


def commands(page: str) -> Iterator[list[str]]:
    """The words of each ``tagfit`` command in a block or in backticks, without comments, pipes and redirections."""
    lines = [line for _, text in blocks(page) for line in text.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`(tagfit [^`\n]+)`", page)
    for line in lines:
        line = line.strip().removeprefix("$ ")
        if re.match(r"(\.venv/bin/)?tagfit [a-z]", line):
            words = shlex.split(line.replace("...", ""), comments=True)
            end = next((at for at, word in enumerate(words) if word in (">", "|", "&&", ">>", "<")), len(words))
            yield words[1:end]


def problem_of(words: list[str]) -> str | None:
    """What is wrong with a command: an unknown subcommand or option; None if nothing is."""
    command: Any = typer.main.get_command(app)
    at = 0
    while hasattr(command, "commands") and at < len(words) and not words[at].startswith("-"):
        if words[at] not in command.commands:
            return f"no command {words[at]!r}"
        command, at = command.commands[words[at]], at + 1
    known = {"--help", "-h"} | {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    unknown = [word for word in words[at:] if re.match(r"--?[a-z]", word) and word.split("=")[0] not in known]
    return f"no option {', '.join(unknown)}" if unknown else None


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_commands_exist_with_their_options(path: Path) -> None:
    wrong = {" ".join(words): problem_of(words) for words in commands(path.read_text(encoding="utf-8"))}
    assert {words: problem for words, problem in wrong.items() if problem} == {}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_python_compiles_and_uses_names_that_exist(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    for language, text in blocks(page):
        if language == "python" or (not language and re.match(r"(import|from) ", text)):
            compile(text, str(path), "exec")
    for name in re.findall(r"`(tagfit(?:\.\w+)+)", page) + re.findall(r"\b(tagfit\.[a-z]\w*)\(", page):
        if name not in NOT_A_MODULE:
            reduce(_inner, name.split(".")[1:], tagfit)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)|src=\"([^\"]+)\"", path.read_text(encoding="utf-8"))
    paths = [one or other for one, other in targets]
    missing = [one for one in paths if "://" not in one and not (path.parent / one).exists()]
    assert missing == []


@pytest.mark.parametrize("page", ["README.md", "docs/install.md"])
def test_every_extra_is_documented(page: str) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [name for name in extras if name != "dev" and not re.search(rf"`{name}`|tagfit\[{name}\]", text)] == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = [path.name for path in (ROOT / "docs").glob("*.md") if path.name != "index.md"]
    assert [name for name in pages if f"({name})" not in index] == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("tagfit train photos --recipe plain-dense", None),
        ("tagfit trian photos", "no command 'trian'"),
        ("tagfit recipes show my.toml --like keras", "no option --like"),
        ("tagfit evaluate --score FILE", "no option --score"),
    ],
)
def test_the_check_sees_misspelt_commands_and_options(line: str, problem: str | None) -> None:
    assert [problem_of(words) for words in commands(f"text\n\n    {line} # note\n")] == [problem]


def _inner(value: Any, name: str) -> Any:
    import importlib

    if hasattr(value, name):
        return getattr(value, name)
    return importlib.import_module(f"{value.__name__}.{name}")
