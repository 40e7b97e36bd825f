"""The terminal face of the course: piped answers, a real terminal, and the words that work at every prompt."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from commands import ENTRY, Command, environment
from tagfit.cli.learn_drawing import draw
from tagfit.cli.prompts import Terminal
from tagfit.lesson import content, progress
from tagfit.lesson.blocks import Code, Curves, table

Typed = Callable[[str], None]
HEADS = "2\ny\n3 3 -3\n2\ny\n"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Typed:
    def given(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return given


def events(kind: str = "") -> list[dict[str, object]]:
    return [one for one in progress.read(Path("learn.jsonl")) if kind in ("", one["kind"])]


def learn(tagfit: Command, *words: object) -> str:
    done = tagfit("learn", "--progress", "learn.jsonl", *words)
    assert (done.code, done.err) == (0, ""), done
    return done.out


def test_a_station_from_start_to_end_by_piped_answers(tagfit: Command, typed: Typed) -> None:
    typed(HEADS)
    out = learn(tagfit, "heads")
    station = content.station("heads")
    assert station.intro[:40] in out
    assert out.count("Right.") == 3
    assert "Station done: 3 steps, 0 wrong answers" in out
    assert "Next: tagfit learn tag" in out


def test_wrong_answers_are_explained_and_asked_again(tagfit: Command, typed: Typed) -> None:
    typed("2\ny\n0.9 0.9 0\n3 3 -3\n3\ny\n2\nn\n")
    out = re.sub(r"\s+", " ", learn(tagfit, "2"))
    assert "as if logits were probabilities" in out
    assert "You were sure." in out
    assert "Not yet." in out
    assert [one["sure"] for one in events("answer")] == [True, None, None, True, False]


def test_an_answer_that_cannot_be_read_is_asked_again_and_not_recorded(tagfit: Command, typed: Typed) -> None:
    typed(f"seven\n9\n2\nperhaps\ny\n3 3\n3 3 x\n99 1 1\n{HEADS.partition('y')[2].strip()}\n")
    out = learn(tagfit, "heads")
    for said in ("no option 'seven' (a number from 1 to 3)", "expected y or n", "expected 3 numbers, got 2",
                 "'x' is not a number", "99 is out of range: -12.0 to 12.0"):  # fmt: skip
        assert said in out
    assert len(events("answer")) == 3


def test_hint_solution_skip_and_help_work_everywhere(tagfit: Command, typed: Typed) -> None:
    typed("hint\n?\n\nskip\nsolution\nhint\nhint\nhint\n0 0 0\nsolution\nskip\nquit\n")
    out = learn(tagfit, "heads")
    for said in ("There is no hint here.", "Type the number of one option.", "Skipped.", "Answer once first",
                 "Hint 1 of 2", "Hint 2 of 2", "There are no more hints.", "Solution: 3 3 -3",
                 "Progress is kept"):  # fmt: skip
        assert said in out
    assert (
        re.sub(r"\s+", " ", out).count("How many labels will score above") == 1 + 1
    )  # asked, and repeated for the empty line
    assert out.count("At every prompt") == 1
    assert [one["kind"] for one in events()] == ["skip", "hint", "hint", "answer", "solution", "skip"]


def test_it_resumes_where_it_was_and_restarts_where_asked(tagfit: Command, typed: Typed) -> None:
    typed("2\ny\n")
    assert "The input ended" in learn(tagfit, "heads")
    typed("quit\n")
    assert "1 of 3 steps are done" in learn(tagfit, "heads")
    typed("quit\n")
    out = learn(tagfit, "heads", "--restart")
    assert "step 1 of 3" in out
    assert "You were here before" not in out


def test_the_state_as_one_document(tagfit: Command, typed: Typed) -> None:
    typed(HEADS)
    learn(tagfit, "heads")
    document = tagfit("learn", "--progress", "learn.jsonl", "--json").json
    assert document["next"] == "tag"
    assert document["due"] in ([], None)  # nothing asked yet, or recall is not installed
    assert len(document["stations"]) == 10
    heads = document["stations"][1]
    assert (heads["status"], heads["done"], heads["steps"], heads["wrong"]) == ("done", 3, 3, 0)
    one = tagfit("learn", "--progress", "learn.jsonl", "station", "heads", "--json").json
    assert one["status"] == "done"


def test_the_list_says_where_the_learner_is(tagfit: Command, typed: Typed) -> None:
    typed("2\ny\nquit\n")
    learn(tagfit, "heads")
    out = learn(tagfit)
    assert re.search(r"2\s+heads\s+Heads\s+5\s+1 of 3 steps", out)
    assert "tagfit learn tag" in out


def test_a_word_that_is_no_station_is_answered_with_those_that_there_are(tagfit: Command) -> None:
    said = tagfit.refused("learn", "nowhere")
    assert "there is no station 'nowhere'" in said
    assert "1 tag, 2 heads" in said
    assert "recall" in tagfit.refused("learn", "recal")


def test_without_answers_there_is_one_clear_error(tmp_path: Path) -> None:
    shown = subprocess.run(
        [*ENTRY, "learn", "--progress", str(tmp_path / "learn.jsonl"), "heads"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("error: standard input is not a terminal")
    assert "--json" in shown.stderr


def test_tags_are_asked_picture_by_picture(tagfit: Command, typed: Typed) -> None:
    typed("1 4 6\n1,2,3,6\nbeach sunset people trees\n4 6\n2 3 5\n1 5\nklingon\n2 3 5 6\n4\nquit\n")
    out = learn(tagfit, "tag")
    assert "agree on all 48 entries" in re.sub(r"\s+", " ", out)
    assert "no option 'klingon'" in out
    path = Path(re.search(r"pictures: (\S+)", out)[1])  # type: ignore[index]
    assert path.read_bytes().startswith(b"\x89PNG")


def test_code_is_edited_line_by_line_and_keeps_its_indentation(
    tagfit: Command, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def run(code: str, _given: object, _wanted: object) -> dict[str, object]:
        sent.append(code)
        return {"compiled": {"metrics": ["binary_accuracy"]}}

    monkeypatch.setattr("tagfit.lesson.labs.edited_code.run", run)
    monkeypatch.setattr("tagfit.lesson.labs.repair._fired", lambda *_, **__: ())
    monkeypatch.setattr("tagfit.lesson.labs.repair._cured", lambda: None)
    monkeypatch.setattr(
        "tagfit.lesson.labs.repair.evaluate", lambda *_, **__: {"argmax_accuracy": 0.4, "label_accuracy": 0.8}
    )
    typed('skip\nx\n9 y\n4 metrics=["binary_accuracy"],\ndone\nquit\n')
    out = learn(tagfit, "repair")
    assert '\n    metrics=["binary_accuracy"],\n' in sent[0]
    assert out.count("Type the number of the line to replace") == 2
    assert "Right." in out


def test_in_a_terminal_questions_wait_for_answers(tmp_path: Path) -> None:
    """The same in a pseudo-terminal, with colour and pictures of half blocks."""
    pexpect = pytest.importorskip("pexpect")
    env = environment(TERM="xterm-256color", COLUMNS="120", LINES="50")
    env.pop("NO_COLOR", None)
    words = ["-m", "tagfit", "learn", "--progress", str(tmp_path / "learn.jsonl")]
    child = pexpect.spawn(sys.executable, [*words, "tag"], env=env, encoding="utf-8", timeout=60, dimensions=(50, 120))
    child.expect("tags of picture 1> ")
    assert "▀" in child.before
    child.sendline("1 4 6")
    child.expect("tags of picture 2> ")
    child.sendline("quit")
    child.expect("Progress is kept")
    child.expect(pexpect.EOF)
    child = pexpect.spawn(sys.executable, [*words, "heads"], env=env, encoding="utf-8", timeout=60)
    for prompt, answer in (
        ("your choice> ", "1"), ("sure", "y"), ("your curve> ", "3 3 -3"), ("your choice> ", "2"), ("sure", "n"),
    ):  # fmt: skip
        child.expect(prompt)
        child.sendline(answer)
    child.expect("Station done: 3 steps, 1 wrong answers")
    child.expect(pexpect.EOF)


def test_ctrl_c_keeps_what_was_answered(tmp_path: Path) -> None:
    pexpect = pytest.importorskip("pexpect")
    path = tmp_path / "learn.jsonl"
    words = ["-m", "tagfit", "learn", "--progress", str(path), "heads"]
    # A shell starts its background jobs deaf to Ctrl-C, and the tests may be one.
    hears = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    child = pexpect.spawn(sys.executable, words, env=environment(), encoding="utf-8", timeout=60, preexec_fn=hears)
    child.expect("your choice> ")
    child.sendline("2")
    child.expect("sure")
    child.sendline("y")
    child.expect("your curve> ")
    child.sendintr()
    child.expect("interrupted")
    child.expect(pexpect.EOF)
    assert [one["kind"] for one in progress.read(path)] == ["answer"]


def test_curves_code_and_tables_are_drawn_in_characters(capsys: pytest.CaptureFixture[str]) -> None:
    series = {"train": tuple(1 - epoch / 100 for epoch in range(100)), "flat": (float("nan"), 0.5, 0.5)}
    long = table(("a", "b"), (("1", "a sentence that is longer than what a column of figures would hold"),))
    draw(Terminal(), [Curves("loss", series), Code("one\ntwo"), table(("a",), (("1",),)), long])
    out = capsys.readouterr().out
    assert "1.000 .. 0.010" in out
    assert "epoch 1 to 100" in out
    assert "1  one\n2  two" in out
    assert max(map(len, out.splitlines())) <= 120


def test_no_escape_of_a_learner_reaches_the_terminal(tagfit: Command, typed: Typed) -> None:
    typed("\x1b[31m\nquit\n")
    assert "\x1b" not in learn(tagfit, "heads")
