"""tagfit recipes show --as and from-keras: from somebody's Keras net to a run, and from a run to code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from keras_models import BCE, HEAD, HIDDEN, NORM, sequential, write

from commands import Command
from tagfit.recipe import Recipe, load
from tagfit.runs.run import Run


def test_a_keras_net_becomes_a_run_and_the_run_becomes_code(tagfit: Command, rows: Path) -> None:
    write(Path("mine.keras"), sequential([HIDDEN, NORM, HEAD], (5,), optimizer="adam", **BCE))
    read = tagfit("recipes", "from-keras", "mine.keras", "--out", "my.toml")
    assert (read.code, read.out) == (0, "my.toml\n")
    assert read.err.startswith("note: a Keras file does not store epochs")
    assert load(Path("my.toml")) == Recipe(widths=(8,), norm="batch")
    trained = tagfit("train", rows, "--recipe", "my.toml", "--set", "epochs=1", "--out", "r", "--threads", 1)
    assert trained.code == 0, trained.err
    mean = repr(Run(Path("r")).problem["preprocessing"]["mean"][0])
    for tongue, library in (("keras", "import keras"), ("torch", "import torch")):
        shown = tagfit("recipes", "show", "r", "--as", tongue)
        assert (shown.code, shown.err) == (0, "")
        compile(shown.out, "<shown>", "exec")
        for said in (library, "def build(input_shape=(5,), labels=3)", '["a", "b", "c"]', mean, "weights.safetensors"):
            assert said in shown.out
        assert tagfit("recipes", "show", "r", "--as", tongue, "--json").json == {
            "name": "r",
            "as": tongue,
            "code": shown.out,
        }


def test_without_a_run_the_functions_ask_for_what_it_would_have_said(tagfit: Command) -> None:
    shown = tagfit("recipes", "show", "regularised-conv", "--as", "torch").out
    assert "def build(input_shape, labels):" in shown
    assert "LABELS" not in shown


def test_the_recipe_of_a_net_is_printed_or_told_as_json(tagfit: Command) -> None:
    write(Path("mine.json"), sequential([HIDDEN, HEAD], (5,)))
    assert tagfit("recipes", "from-keras", "mine.json").out == Recipe(widths=(8,)).to_toml()
    done = tagfit("recipes", "from-keras", "mine.json", "--json")
    assert done.json["recipe"] == Recipe(widths=(8,)).model_dump(mode="json")
    assert len(done.json["notes"]) == 2
    assert done.err == ""


def test_names_in_a_file_do_not_reach_the_terminal(tagfit: Command) -> None:
    write(Path("mine.json"), sequential([("Dense", {"units": 3, "name": "\x1b[2J", "activation": "softmax"})]))
    assert "\x1b" not in tagfit("recipes", "from-keras", "mine.json").err


def test_a_run_with_a_net_of_its_own_has_no_code_here(tagfit: Command, row_run: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(row_run, copied)
    Run(copied).save_info(net="mine:towers")
    assert "a custom net, mine:towers" in tagfit.refused("recipes", "show", copied, "--as", "keras")


@pytest.mark.parametrize("name", ["run.json", "problem.json"])
def test_a_damaged_run_is_told(name: str, tagfit: Command, row_run: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(row_run, copied)
    (copied / name).write_text("{}", encoding="utf-8")
    tagfit.refused("recipes", "show", copied, "--as", "torch")
