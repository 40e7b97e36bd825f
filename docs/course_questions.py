"""Print the practice, the questions and the misconceptions of the course into docs/course.

python docs/course_questions.py
"""

from __future__ import annotations

from pathlib import Path

from tagfit.lesson.question_pages import pages

FOLDER = Path(__file__).parent / "course"

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
