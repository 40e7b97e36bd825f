"""The command line as a whole: help, versions, errors, JSON, and terminals of every kind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import tagfit as package
from commands import ENTRY, Command, environment, in_a_process
from small_sets import write_photos
from tagfit.cli.app import app
from tagfit.cli.output import number, table

COMMANDS = (
    "drift", "explain", "watch", "untag", "accept", "undo", "studio",
    "train", "runs", "evaluate", "thresholds", "compare", "diagnose", "cure", "verify", "suggest", "similar", "tag",
    "vocabulary suggest", "pack", "serve", "demo", "report", "keywords",
    "learn station", "learn test", "learn practice", "learn recall", "learn progress",
    "data check", "data corrected", "data split", "data convert", "data generate", "recipes show", "recipes from-keras",
)  # fmt: skip
SCREEN = 80
GROUPS = ("", "data", "recipes", "vocabulary")
# What one call of each command that fails at once looks like.
FAILING = {
    "train": ("train", "nowhere.csv"),
    "train --resume": ("train", "--resume", "nowhere"),
    "runs": ("runs", "nowhere"),
    "evaluate": ("evaluate", "nowhere"),
    "evaluate --scores": ("evaluate", "--scores", "nowhere.npz"),
    "thresholds": ("thresholds", "nowhere"),
    "compare": ("compare", "nowhere", "elsewhere"),
    "cure": ("cure", "nowhere.csv"),
    "cure --resume": ("cure", "--resume", "nowhere"),
    "verify": ("verify", "nowhere"),
    "suggest": ("suggest", "nowhere", "nowhere"),
    "drift": ("drift", "nowhere", "nowhere"),
    "similar": ("similar", "nowhere", "one.jpg"),
    "explain": ("explain", "nowhere", "one.jpg"),
    "tag": ("tag", "nowhere", "one.jpg"),
    "pack": ("pack", "nowhere", "folder"),
    "serve": ("serve", "nowhere"),
    "report": ("report", "nowhere"),
    "watch": ("watch", "nowhere", "nowhere"),
    "keywords": ("keywords", "nowhere"),
    "studio": ("studio", "nowhere"),
    "vocabulary suggest": ("vocabulary", "suggest", "nowhere"),
    "demo": ("demo", "a file"),
    "learn station": ("learn", "station", "nowhere"),
    "learn test": ("learn", "test", "--seed", "-1"),
    "learn progress": ("learn", "--progress", "nowhere", "progress", "--erase"),
    "data check": ("data", "check", "nowhere"),
    "data corrected": ("data", "corrected", "nowhere"),
    "data split": ("data", "split", "nowhere", "--out", "x.csv"),
    "data convert": ("data", "convert", "nowhere", "--to", "coco", "out"),
    "data generate": ("data", "generate", "a file"),
    "recipes show": ("recipes", "show", "nowhere"),
    "recipes show --as": ("recipes", "show", "nowhere", "--as", "torch"),
    "recipes from-keras": ("recipes", "from-keras", "nowhere.keras"),
}


def test_every_command_is_tested_here() -> None:
    named = {command.name or "" for command in app.registered_commands}
    grouped = {
        f"{group.name} {command.name or command.callback.__name__}"
        for group in app.registered_groups
        for command in group.typer_instance.registered_commands
    }
    assert (named | grouped) <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_screen_and_needs_no_wide_one(tagfit: Command, command: str) -> None:
    shown = tagfit(*command.split(), "--help")
    lines = shown.out.splitlines()
    assert shown.code == 0
    assert lines[0].startswith(f"Usage: tagfit {command} ")
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= 120
    assert "<list" not in shown.out, "the type of a parameter is no word for a user"
    assert "--no-" not in shown.out
    assert "x>=" not in shown.out


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_without_a_command_says_what_there_is(tagfit: Command, group: str) -> None:
    shown = tagfit(*group.split())
    assert shown.code == 0
    assert shown.err == ""
    if group != "recipes":  # which lists them
        listed = shown.out.partition("--help")[2]
        assert "..." not in listed, "each command is described in one line"


def test_the_version_is_the_package_s(tagfit: Command) -> None:
    assert tagfit("--version").out == f"tagfit {package.__version__}\n"


def test_it_runs_as_a_module_too() -> None:
    assert in_a_process("--version").stdout.decode() == f"tagfit {package.__version__}\n"


@pytest.mark.parametrize("words", FAILING.values(), ids=FAILING)
def test_what_a_user_got_wrong_ends_with_2_and_one_message(tagfit: Command, words: tuple[str, ...]) -> None:
    Path("a file").touch()
    said = tagfit.refused(*words)
    assert said.startswith("error: ")
    assert any(word in said for word in words[1:])


@pytest.mark.parametrize("words", FAILING.values(), ids=FAILING)
def test_with_json_an_error_is_one_document_too(tagfit: Command, words: tuple[str, ...]) -> None:
    Path("a file").touch()
    done = tagfit(*words, "--json")
    assert done.code == 2
    (fault,) = done.json["error"]["faults"][:1]
    assert set(fault) == {"what", "where", "instead"}
    assert done.json["error"]["message"] in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trian",), "did you mean tagfit train?"),
        (("train", "x.npz", "--epochs", "20"), "--set epochs=20"),
        (("train", "x.npz", "--learning-rate=0.1"), "--set learning_rate=0.1"),
        (("train", "x.npz", "--seed", "y"), "--seed y (a valid integer)"),
        (("train", "x.npz", "--seed", "-1"), "--seed -1 (0 or more)"),
        (("train", "x.npz", "--split", "foo"), "--split foo (one of 'stratified', 'random')"),
        (("train", "x.npz", "--test-share", "3"), "--test-share 3 (1 or less)"),
        (("train", "x.npz", "--seed"), "'--seed' requires an argument"),
        (("train", "x.npz", "y.npz"), "unexpected: y.npz"),
        (("tag", "run"), "Missing argument 'PICTURE"),
        (("data", "split", "x.csv"), "Missing option '--out'"),
        (("--json",), "tagfit has no option --json"),
    ],
)
def test_the_words_of_a_command_are_answered_with_the_right_form(
    tagfit: Command, words: tuple[str, ...], said: str
) -> None:
    assert said in tagfit(*words).err


def test_all_wrong_words_are_named_at_once(tagfit: Command) -> None:
    said = tagfit.refused("train", "--epochs", 20, "--seed", "y", "--size", 0, "--foo=1", "--limit", "x", "a", "b")
    assert said.startswith("error: 7 problems:\n")
    for expected in ("--set epochs=20", "--seed y", "--size 0", "--foo", "--limit x", "unexpected: b"):
        assert expected in said


def test_a_bug_shows_its_traceback(tagfit: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tagfit.runs.run.list_runs", broken)
    with pytest.raises(ZeroDivisionError):
        tagfit("runs")


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_an_interrupt_ends_with_130(tagfit: Command, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tagfit.runs.run.list_runs", interrupted)
    done = tagfit("runs", *more)
    assert (done.code, done.err) == (130, "error: interrupted\n")
    assert done.out == "" if not more else done.json["error"]["message"] == "interrupted"


@pytest.mark.parametrize("closed_after", [0, 10])
def test_a_reader_that_leaves_early_is_no_error(closed_after: int) -> None:
    process = subprocess.Popen(
        [*ENTRY, "recipes", "show", "plain-dense"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(PYTHONUNBUFFERED="1"),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(closed_after)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_closed_outputs_are_no_error() -> None:
    command = " ".join([*ENTRY, "recipes"])
    done = subprocess.run(["sh", "-c", f"{command} >&- 2>&-"], env=environment(), check=False, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_an_ascii_terminal_gets_escapes_and_valid_json(tmp_path: Path) -> None:
    source = write_photos(tmp_path / "photos", 6, labels=("été", "海", "sun"))
    shown = in_a_process("data", "check", source, PYTHONIOENCODING="ascii", TAGFIT_CACHE_DIR=str(tmp_path / "c"))
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert rb"\xe9t\xe9" in shown.stdout
    as_json = in_a_process(
        "data", "check", source, "--json", PYTHONIOENCODING="ascii", TAGFIT_CACHE_DIR=str(tmp_path / "c")
    )
    assert {one["label"] for one in json.loads(as_json.stdout)["labels"]} == {"été", "海", "sun"}


def test_what_is_piped_has_no_colours_and_no_bar(tmp_path: Path) -> None:
    source = write_photos(tmp_path / "photos", 6)
    shown = in_a_process("data", "check", source, TAGFIT_CACHE_DIR=str(tmp_path / "cache"), NO_COLOR="")
    assert b"\x1b" not in shown.stdout + shown.stderr


def test_help_imports_nothing_that_is_slow() -> None:
    code = (
        "import sys\nfrom tagfit.cli import main\nmain(['--help'])\nmain(['train', '--help'])\n"
        "import json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    slow = {"torch", "sklearn", "scipy", "pandas", "numpy", "PIL", "rich", "safetensors", "jinja2"}
    assert not loaded & slow


def test_a_table_is_straight_whatever_it_holds() -> None:
    shown = table(["name", "n", "note"], [["海海", 1, "a"], ["abcde", 20, "bcd"], ["e\u0301", 3, ""]], words_last=True)
    assert shown.split("\n") == ["name    n  note", "海海    1  a", "abcde  20  bcd", "e\u0301       3"]
    assert (number(None), number(float("nan")), number(0.12345)) == ("-", "-", "0.123")


def test_ctrl_c_of_a_real_process_ends_with_130(tmp_path: Path) -> None:
    """The process is interrupted where it would begin to paint."""
    pytest.importorskip("torch")
    code = (
        "import os, signal\nimport tagfit.demo\nfrom tagfit.cli import main\n"
        # a shell starts its background jobs deaf to Ctrl-C, and their children inherit that
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "tagfit.demo.generate = lambda *_, **__: os.kill(os.getpid(), signal.SIGINT)\nmain()"
    )
    words = [sys.executable, "-c", code, "demo", str(tmp_path / "demo")]
    done = subprocess.run(words, capture_output=True, env=environment(), check=False)
    assert done.returncode == 130
    assert done.stderr.decode().endswith("error: interrupted\n")
