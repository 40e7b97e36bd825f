"""The printed questions: docs/course holds what the content files print now, complete and safe as Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tagfit.lesson import bank, question_pages

FOLDER = Path(__file__).parents[2] / "docs" / "course"


@pytest.mark.parametrize("name", question_pages.pages())
def test_the_pages_are_those_that_the_content_prints(name: str) -> None:
    expected = question_pages.pages()[name]
    assert (FOLDER / name).read_text(encoding="utf-8") == expected, "write them with: python docs/course_questions.py"


def test_every_question_is_printed_with_its_answer_and_every_reason() -> None:
    questions, practice = question_pages.questions_page(), question_pages.practice_page()
    for concept in bank.concepts():
        for one in concept.questions:
            asked = bank.asked(one.id, question_pages.SEED)
            assert all(question_pages._plain(option.why) in questions for option in asked.options), one.id
    asked_part, _, answers = questions.partition(f"## {bank.word('page_answers')}")
    assert asked_part.count("\n**") == answers.count("\n**") == 60
    for item in bank.practice():
        assert all(question_pages._plain(text) in practice for text in (item.ask, item.hint, *item.steps))
    assert all(question_pages._plain(text) in question_pages.misconceptions_page() for text in
               bank.misconceptions().values())  # fmt: skip


def test_signs_of_markdown_and_html_are_printed_as_they_are() -> None:
    assert question_pages._plain("a_b * <i> `c`") == r"a\_b \* \<i> \`c\`"
