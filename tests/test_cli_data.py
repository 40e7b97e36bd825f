"""tagfit data and recipes: a look at a source, folds, the painted set, the named recipes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from commands import Command
from small_sets import write_features
from tagfit.recipe import NAMED


def test_check_prints_what_a_source_holds(tagfit: Command, photos: Path) -> None:
    shown = tagfit("data", "check", photos)
    assert shown.code == 0
    for said in ("40 rows of picture files, 3 labels", "cardinality", "16 x 12: 40", "separator of the tags: '|'"):
        assert said in shown.out
    document = tagfit("data", "check", photos, "--json").json
    assert (document["rows"], [one["label"] for one in document["labels"]]) == (40, ["people", "sea", "sun"])


def test_check_names_all_faults_with_file_and_row(tagfit: Command) -> None:
    Path("tags.csv").write_text("image,tags\nabsent.jpg,sea\nalso-absent.jpg,sun\n")
    done = tagfit("data", "check", "tags.csv")
    for said in ("absent.jpg", "also-absent.jpg", "row 2", "row 3"):
        assert said in done.out + done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "csv"), "UTF-8"),
        (("--labels", "nope"), "no label 'nope'"),
        (("--exclude-labels", "*"), "labels remains"),
        (("--min-positives", "1000"), "labels remains"),
    ],
)
def test_options_that_a_source_cannot_meet(tagfit: Command, rows: Path, words: tuple[str, ...], said: str) -> None:
    assert said in tagfit.refused("data", "check", rows, *words)


def test_folds_are_written_once(tagfit: Command, photos: Path) -> None:
    assert tagfit("data", "split", photos, "--out", "folds.csv", "--folds", 4).code == 0
    with Path("folds.csv").open(encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert sorted({row["fold"] for row in written}) == ["0", "1", "2", "3"]
    assert all(Path(row["image"]).is_file() for row in written)
    before = Path("folds.csv").read_bytes()
    assert "is not overwritten" in tagfit.refused("data", "split", photos, "--out", "folds.csv", "--seed", 1)
    assert Path("folds.csv").read_bytes() == before


def test_folds_that_cannot_be(tagfit: Command, photos: Path) -> None:
    write_features(Path("rows.npz"))
    assert "a CSV cannot name" in tagfit.refused("data", "split", "rows.npz", "--out", "x.csv")
    assert "--folds 1" in tagfit.refused("data", "split", photos, "--out", "x.csv", "--folds", 1)
    assert "41 folds of 40 rows" in tagfit.refused("data", "split", photos, "--out", "x.csv", "--folds", 41)
    Path("a file").touch()
    assert "cannot write" in tagfit.refused("data", "split", photos, "--out", "a file/x.csv")


def test_a_folder_that_holds_something_else_is_not_painted_in(tagfit: Command, photos: Path) -> None:
    assert "holds no generated set" in tagfit.refused("data", "generate", photos)


def test_the_named_recipes_are_listed_and_shown(tagfit: Command) -> None:
    listed = tagfit("recipes").out
    assert all(name in listed for name in NAMED)
    assert [one["name"] for one in tagfit("recipes", "--json").json["recipes"]] == list(NAMED)
    for name, recipe in NAMED.items():
        assert tagfit("recipes", "show", name).out == recipe.to_toml()
        assert tagfit("recipes", "show", name, "--json").json["recipe"] == recipe.model_dump(mode="json")
