"""What people type who know other tools: each is answered with the form that is right here."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from commands import ENTRY, Command, environment, in_a_process
from tagfit.cli import names
from tagfit.recipe import Recipe


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("train", "ROWS", "--lr", "0.1"), "--set learning_rate=0.1"),
        (("train", "ROWS", "--lr=0.1"), "--set learning_rate=0.1"),
        (("train", "ROWS", "--learning-rate", "0.1"), "--set learning_rate=0.1"),
        (("train", "ROWS", "--batch-size", "64"), "--set batch_size=64"),
        (("train", "ROWS", "--epochs", "20"), "--set epochs=20"),
        (("train", "ROWS", "--optimizer", "adam"), "--set optimiser=adam"),
        (("train", "ROWS", "--early-stopping", "5"), "--set patience=5"),
        (("train", "ROWS", "--gpu"), "--device cuda"),
        (("train", "ROWS", "--device", "gpu"), "--device cuda or mps"),
        (("train", "ROWS", "--test-size", "0.2"), "--test-share"),
        (("train", "ROWS", "--val-split", "0.2"), "--validation-share"),
        (("train", "ROWS", "--img-size", "128"), "--size"),
        (("train", "ROWS", "--random-state", "1"), "--seed"),
        (("train", "ROWS", "--num-workers", "4"), "--threads"),
        (("train", "ROWS", "--ouput", "r"), "--out"),
        (("train", "ROWS", "-o", "r"), "--out"),
        (("cure", "ROWS", "--epochs", "20"), "tagfit train SOURCE --set epochs=20"),
        (("cure", "ROWS", "--n-trials", "20"), "--trials"),
        (("cure", "ROWS", "--timeout", "60"), "--budget"),
        (("evaluate", "RUN", "--metric", "mAP"), "--metrics"),
        (("evaluate", "RUN", "--threshold", "0.4"), "--thresholds"),
        (("evaluate", "RUN", "--metrics", "val_acc"), "label_accuracy, subset_accuracy or sample_f1"),
        (("evaluate", "RUN", "--metrics", "accuracy"), "label_accuracy, subset_accuracy or sample_f1"),
        (("evaluate", "RUN", "--metrics", "f1"), "macro_f1, micro_f1 or sample_f1"),
        (("evaluate", "RUN", "--metrics", "auc"), "macro_auc"),
        (("evaluate", "RUN", "--metrics", "val_loss"), "did you mean loss?"),
        (("cure", "ROWS", "--goal", "val_acc>0.85"), "validation.label_accuracy>0.85"),
        (("cure", "ROWS", "--goal", "val_loss<0.3"), "validation.loss<0.3"),
        (("cure", "ROWS", "--goal", "val.mAP > 0.5"), "validation.mAP>0.5"),
        (("fit", "ROWS"), "tagfit train SOURCE"),
        (("predict", "RUN"), "tagfit tag RUN PICTURE"),
        (("eval", "RUN"), "tagfit evaluate RUN"),
        (("test", "RUN"), "tagfit evaluate RUN --split test"),
        (("tune", "RUN"), "tagfit cure RUN"),
        (("trian",), "tagfit train?"),
        (("data", "chek"), "tagfit data check?"),
        (("recipes", "plain-dense"), "tagfit recipes show plain-dense"),
        (("train", "--resume", "RUN", "--set", "epochs=100"), "tagfit train SOURCE --set epochs=N"),
        (("cure", "--resume", "nowhere", "--seeds", "5"), "a new cure with another --out"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else None,
)
def test_what_other_tools_call_it_is_answered_with_the_right_form(
    tagfit: Command, rows: Path, row_run: Path, words: tuple[str, ...], answer: str
) -> None:
    places = {"ROWS": rows, "RUN": row_run}
    said = tagfit.refused(*(places.get(word, word) for word in words))
    assert answer in said


def test_every_answer_names_what_exists(tagfit: Command) -> None:
    """No command or option is recommended that the app does not have, and no field that a recipe does not have."""
    helps = {name: tagfit(*name.split(), "--help").out for name in ("", "train", "cure", "evaluate", "diagnose")}
    for line in names.COMMANDS.values():
        word = line.split()[1]
        assert f"\n  {word} " in helps[""] or word in ("--help", "--version"), line
    everything = "".join(helps.values()) + tagfit("thresholds", "--help").out
    for option in names.OPTIONS.values():
        assert f"{option.split()[0]} " in everything, option
    assert set(names.FIELDS.values()) <= set(Recipe.model_fields)


@pytest.mark.parametrize("command", ["", "train", "data", "data check", "recipes", "recipes show", "cure"])
def test_h_is_help_everywhere(tagfit: Command, command: str) -> None:
    short, whole = tagfit(*command.split(), "-h"), tagfit(*command.split(), "--help")
    assert (short.code, short.out) == (0, whole.out)
    assert "-h, --help" in short.out


def test_help_wins_over_wrong_words(tagfit: Command) -> None:
    assert tagfit("train", "nowhere", "--size", "x", "--help").out.startswith("Usage: tagfit train")


@pytest.mark.parametrize(
    ("words", "instructions", "expected"),
    [
        ("tagfit ev", "COMP_CWORD=1", {"evaluate"}),
        ("tagfit data ", "COMP_CWORD=2", {"check", "split", "generate", "convert", "corrected"}),
        ("tagfit cure --go", "COMP_CWORD=2", {"--goal"}),
        ("tagfit data check --unlisted ", "COMP_CWORD=4", {"absent", "unknown"}),
    ],
)
def test_a_shell_completes_commands_options_and_values(words: str, instructions: str, expected: set[str]) -> None:
    place = instructions.partition("=")[2]
    done = in_a_process(_TAGFIT_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=place)
    assert set(done.stdout.decode().split()) == expected, done.stderr
    assert done.stderr == b""


def test_the_script_for_a_shell_is_printed(tagfit: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    done = in_a_process(_TAGFIT_COMPLETE="source_bash")
    assert b"_TAGFIT_COMPLETE=complete_bash" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [("recipes",), ("recipes", "--json"), ("--help",), ("runs",)])
def test_a_full_standard_output_is_one_clear_error(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*ENTRY, *words], stdout=full, stderr=subprocess.PIPE, env=environment(), check=False, timeout=60
        )
    assert done.returncode == 2
    assert done.stderr.decode() == "error: cannot write to standard output: No space left on device\n"


def test_arguments_that_are_no_text_are_named_with_escapes() -> None:
    for words in (("train", b"\xff.csv"), ("evaluate", b"\xff"), ("tr\udcff".encode("utf-8", "surrogateescape"),)):
        done = subprocess.run(
            [*ENTRY, *words, "--json"], capture_output=True, env=environment(PYTHONUTF8="1"), check=False
        )
        assert done.returncode == 2, done
        assert rb"\udcff" in done.stderr
        assert b"Traceback" not in done.stderr
        assert json.loads(done.stdout)["error"]["faults"]


@pytest.mark.parametrize("option", ["--scores", "--thresholds"])
def test_a_folder_in_the_place_of_a_file_is_said(tagfit: Command, row_run: Path, option: str) -> None:
    os.mkdir("folder")
    words = (row_run,) if option == "--thresholds" else ()
    assert "folder is a folder (a file)" in tagfit.refused("evaluate", *words, option, "folder")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("evaluate", "--scores", "s.npz", "--separator", ";"), "--separator"),
        (("evaluate", "--scores", "s.npz", "--strict", "--cache-dir", "c"), "--strict, --cache-dir"),
        (("evaluate", "RUN", "--unlisted", "unknown"), "--unlisted"),
        (("evaluate", "RUN", "ROWS", "--separator", ";"), "--separator"),
        (("train", "ROWS", "--separator", ";"), "--separator"),
        (("train", "ROWS", "--allow-outside"), "--allow-outside"),
        (("data", "check", "ROWS", "--separator", ";"), "--separator"),
        (("cure", "RUN", "--strict"), "--strict"),
        (("thresholds", "--scores", "s.npz", "--split", "train"), "--split"),
        (("compare", "s.npz", "t.npz", "--split", "train"), "--split"),
        (("diagnose", "--validation", "s.npz", "--cross-fit", "3"), "--cross-fit"),
    ],
)
def test_an_option_without_effect_is_refused_by_name(
    tagfit: Command, rows: Path, row_run: Path, words: tuple[str, ...], named: str
) -> None:
    Path("s.npz").touch()
    Path("t.npz").touch()
    places = {"ROWS": rows, "RUN": row_run}
    assert named in tagfit.refused(*(places.get(word, word) for word in words))
