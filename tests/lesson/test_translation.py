"""A translated course: taken from another folder of content files, from right to left, with no text left behind."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import Command
from lesson import pseudo
from tagfit.errors import InputError
from tagfit.lesson import bank, content, exam, texts, translation

# Two words of Latin letters in a row; what the engine prints are single names, such as those of labels.
ENGLISH = re.compile(r"[A-Za-z]{2,}[,.:;]? +[A-Za-z]{2,}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pseudo.write(tmp_path_factory.mktemp("content"))


@pytest.fixture(autouse=True)
def back() -> Iterator[None]:
    yield
    texts.use(None)


def test_a_translation_is_accepted_and_used(folder: Path) -> None:
    translation.check(folder)
    texts.use(folder)
    assert (content.course().language, content.course().direction) == ("he", "rtl")
    assert content.station("heads").title == pseudo.turned("Heads")
    assert bank.concepts()[0].title == pseudo.turned("Multi-label and multi-class")
    texts.use(None)
    assert content.station("heads").title == "Heads"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("messages.toml", "{given}", "", r"messages\.toml, .*: names the figures .*not"),
        ("stations/02-heads.toml", '"curve"', '"number"', "has to stay 'curve'"),
        ("stations/02-heads.toml", '"title" = ', '"tilte" = ', "title"),
        ("web.toml", "", "extra = 'x'\n", "web.toml, extra: is not known"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(
    folder: Path, tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    pseudo.write(tmp_path)
    text = (tmp_path / file).read_text(encoding="utf-8")
    old = old if old in text else old.replace('"', "")
    new = new if '"title" = ' in text else new.replace('"tilte"', "tilte")
    (tmp_path / file).write_text(new + text if not old else text.replace(old, new), encoding="utf-8")
    (tmp_path / "practice.toml").unlink()
    with pytest.raises(InputError, match=said) as raised:
        translation.check(tmp_path)
    assert "practice.toml is missing" in str(raised.value)


def english(said: str) -> list[str]:
    """What is left of a text in Latin letters, two words or more."""
    return ENGLISH.findall(re.sub(r"\x1b\[[\d;]*m|/\S+", "", said))


def test_a_terminal_says_nothing_that_is_not_in_the_content(
    tagfit: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("learn", "--progress", "p.jsonl", "--content", folder)
    sure = pseudo.turned("y")
    assert english(tagfit(*words).out) == []
    hint, skip, quits = (pseudo.turned(word) for word in ("hint", "skip", "quit"))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"?\n7\n2\n{sure}\n{hint}\n0 0 0\n3 3 -3\n{skip}\n"))
    out = tagfit(*words, "heads").out
    assert pseudo.turned("Station done") in out
    assert english(out) == []
    keys = [bank.asked(name, 7).key + 1 for name in exam.draw(7).questions]
    answers = "".join(f"{key}\n{sure}\n" for key in [keys[0] % 3 + 1, *keys[1:]])
    monkeypatch.setattr("sys.stdin", io.StringIO(answers))
    out = tagfit(*words, "test", "--seed", "7").out
    assert "9 " in out
    assert english(out) == []
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{hint}\n1\n2\n3\n{quits}\n"))
    assert english(tagfit(*words, "practice").out) == []
    assert english(tagfit(*words, "recall").out) == []


def test_without_the_option_the_course_is_that_of_the_package(tagfit: Command, folder: Path) -> None:
    tagfit("learn", "--progress", "p.jsonl", "--content", folder)
    assert "Ten stations" in tagfit("learn", "--progress", "p.jsonl").out
