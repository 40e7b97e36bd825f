"""The content of the course: its files are valid, complete, and the only place with text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagfit.lesson import content, steps, texts
from tagfit.lesson.content import Course, Station, Step

SOURCE = Path(__file__).parents[2] / "src" / "tagfit"
STUDIO = SOURCE / "studio"
FACES = (
    *(SOURCE / "lesson").rglob("*.py"),
    *(SOURCE / "cli").glob("learn*.py"),
    SOURCE / "cli" / "prompts.py",
    *STUDIO.glob("learn*.py"),
    *(STUDIO / "pages" / name for name in ("learn.py", "questions.py")),
)
TEMPLATES = [STUDIO / "templates" / "studio" / name for name in ("base.html", "learn.html", "wait.html")]
WORDS = re.compile(r"[A-Za-z]{2,}[,.:;]? +[A-Za-z]{2,}")


def steps_of_all() -> Iterator[tuple[Station, Step]]:
    for station in content.stations():
        for step in station.steps:
            yield station, step


def test_all_ten_stations_are_there_in_the_order_of_the_course() -> None:
    assert [one.id for one in content.stations()] == list(content.course().stations)


def test_a_station_is_named_by_number_or_id() -> None:
    assert content.station("1") is content.station("tag")
    with pytest.raises(Exception, match="1 tag"):
        content.station("nowhere")


def test_all_problems_of_a_file_are_reported_at_once(tmp_path: Path) -> None:
    place = tmp_path / "course.toml"
    place.write_text('title = ""\nminutes = 0\nstations = ["tag"]\ncolour = "red"\n')
    with pytest.raises(Exception, match="4 problems") as raised:
        content.read_toml(place, Course)
    for word in ("title", "minutes", "intro", "colour"):
        assert f"course.toml, {word}" in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "number"}, "has no options"),
        ({"lab": "x", "options": [{"id": "a", "text": "A", "right": True}]}, "a lab judges this step"),
        ({"options": [{"id": "a", "text": "A", "feedback": "F"}]}, "no option is right"),
        ({"options": [{"id": "a", "text": "A", "right": True}]}, "has no feedback"),
        ({"options": [{"id": "a", "text": "A", "right": True, "feedback": "F"}] * 2}, "share an id"),
        ({"misconceptions": ["m"]}, "misconceptions without feedback: m"),
    ],
)
def test_a_step_whose_parts_do_not_fit_is_refused(changes: dict[str, object], said: str) -> None:
    options = [{"id": "a", "text": "A", "right": True, "feedback": "F"}]
    with pytest.raises(ValueError, match=said):
        Step.model_validate({"id": "s", "kind": "choice", "prompt": "P", "options": options, **changes})


def texts_in(tree: ast.AST) -> Iterator[str]:
    """String literals, except docstrings, the help of options and what is said of broken content files."""
    if isinstance(tree, ast.Expr) and isinstance(tree.value, ast.Constant):
        return
    if isinstance(tree, ast.keyword) and tree.arg in ("help", "metavar"):
        return
    if isinstance(tree, ast.JoinedStr):
        yield "".join(str(one.value) if isinstance(one, ast.Constant) else "" for one in tree.values)
        return
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield tree.value
    for child in ast.iter_child_nodes(tree):
        yield from texts_in(child)


@pytest.mark.parametrize("path", FACES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_text_for_learners_outside_the_content_files(path: Path) -> None:
    if path.name in ("content.py", "texts.py", "progress.py", "bank.py", "translation.py"):
        return  # they speak of broken files, to those who edit them
    found = [text for text in texts_in(ast.parse(path.read_text(encoding="utf-8"))) if WORDS.search(text)]
    assert found == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_text_for_learners_in_the_templates(path: Path) -> None:
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", path.read_text(encoding="utf-8"))
    attributes = re.findall(r"(?:aria-label|title|alt|placeholder)=\"([^\"]*)\"", text)
    shown = re.sub(r"<[^>]*>", "\n", text)
    assert re.findall(r"[A-Za-z]{2,}", " ".join([*attributes, shown.replace("Esc", "").replace("tagfit", "")])) == []


def test_no_text_for_learners_in_the_script() -> None:
    script = (STUDIO / "static" / "learn.js").read_text(encoding="utf-8")
    assert [text for text in re.findall(r"[\"'`]([^\"'`\n]*)[\"'`]", script) if WORDS.search(text)] == []


def test_every_string_of_the_pages_is_used_and_every_used_one_is_there() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in (*(STUDIO / "pages").glob("*.py"), *TEMPLATES, *FACES)
    )
    source += "".join((STUDIO / name).read_text(encoding="utf-8") for name in ("routes.py", "context.py", "answers.py"))
    quoted = set(re.findall(r"[\"']([a-z_]+)[\"']", source))
    keys = set(texts.values_of(texts.own_folder() / "web.toml"))
    assert {key for key in keys if key not in quoted and not key.startswith("help_")} == set()
    assert set(re.findall(r"\b(?:web|words)\(\s*[\"']([a-z_]+)[\"']", source)) <= keys


def test_every_message_is_used_and_every_used_message_is_there() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in FACES)
    quoted = set(re.findall(r"[\"']([a-z_]+)[\"']", source))
    begun = set(re.findall(r"[\"']([a-z]+_)\{", source))
    unused = [key for key in content.messages() if key not in quoted and f"{key.split('_')[0]}_" not in begun]
    assert unused == []
    used = set(re.findall(r"message\(\s*[\"']([a-z_]+)[\"']", source))
    assert used <= set(content.messages())


def test_misconceptions_have_feedback_and_feedback_has_a_key_that_a_lab_can_return() -> None:
    for station, step in steps_of_all():
        wrong = {option.misconception for option in step.options if option.misconception} | set(step.misconceptions)
        assert wrong or step.once, f"{station.id}.{step.id} can be answered wrongly without any explanation"
        assert steps.feedback_keys(step)
