"""Columns of 0 and 1: every spelling, and the two customs of -1 and blank."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from table_sources import advised, refusal, table, tags

import tagfit
from commands import Command
from tagfit.data.read import read
from tagfit.data.readers.arrays import from_arrays
from tagfit.errors import InputError


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("1", "0"),
        ("1.0", "0.0"),
        ("True", "False"),
        ("TRUE", "FALSE"),
        ("yes", "no"),
        ("Y", "N"),
        ("x", "0"),
        ("t", "f"),
    ],
)
def test_spellings_of_yes_and_no(tmp_path: Path, yes: str, no: str) -> None:
    source = table(tmp_path, f"image,sea,sun\na.jpg,{yes},{no}\nb.jpg,{no},{yes}\nc.jpg,{yes},{yes}\n")
    assert tags(source) == ["sea", "sun", "sea sun"]


@pytest.mark.parametrize("unknown", ["?", "", "nan", "<NA>", "None", "-1", "-1.0", "N/A"])
def test_spellings_of_unknown_beside_0(tmp_path: Path, unknown: str) -> None:
    source = table(tmp_path, f"image,sea,sun\na.jpg,1,0\nb.jpg,0,{unknown}\nc.jpg,1,1\n")
    assert tags(source) == ["sea", "?sun", "sea sun"]


def test_ticks_and_blanks_need_no_word(tmp_path: Path) -> None:
    source = table(tmp_path, "image,sea,sun\na.jpg,x,\nb.jpg,,X\nc.jpg,x,x\n")
    assert tags(source) == ["sea", "sun", "sea sun"]
    assert any("next to ticks is absent (2 cells)" in note for note in read(source).notes)


@pytest.mark.parametrize(
    ("cells", "option"),
    [(("-1", "1"), "minus_one"), (("", "1"), "blank"), (("nan", "True"), "blank"), (("-1.0", "1.0"), "minus_one")],
)
def test_a_custom_that_is_doubtful_is_refused_with_both_readings(
    tmp_path: Path, cells: tuple[str, str], option: str
) -> None:
    no, yes = cells
    source = table(tmp_path, f"image,sea,sun\na.jpg,{yes},{no}\nb.jpg,{no},{yes}\nc.jpg,{yes},{yes}\n")
    message = refusal(source)
    assert "no cell says 0" in message
    assert advised(message) == [{option: "absent"}, {option: "unknown"}]
    assert tags(source, **{option: "absent"}) == ["sea", "sun", "sea sun"]
    assert tags(source, **{option: "unknown"}) == ["sea ?sun", "?sea sun", "sea sun"]


def test_u_zeros_of_chexpert(tmp_path: Path) -> None:
    source = table(tmp_path, "Path,Edema,Mass\na.jpg,1.0,-1.0\nb.jpg,,0.0\nc.jpg,0.0,\nd.jpg,-1.0,1.0\n")
    assert tags(source) == ["Edema ?Mass", "?Edema", "?Mass", "?Edema Mass"]
    assert tags(source, minus_one="absent", blank="absent") == ["Edema", "", "", "Mass"]
    assert tags(source, blank="absent") == ["Edema ?Mass", "", "", "?Edema Mass"]


PLUS_MINUS = np.asarray([[1, -1], [-1, 1], [1, 1], [-1, -1]])


@pytest.mark.parametrize("truth", [PLUS_MINUS, PLUS_MINUS.astype(float), PLUS_MINUS.tolist(), PLUS_MINUS.astype(str)])
def test_arrays_of_plus_and_minus_one_are_refused_alike(truth: object) -> None:
    X = np.arange(8.0).reshape(4, 2)
    with pytest.raises(InputError, match="is -1 absent or unknown") as raised:
        from_arrays(X, truth)  # type: ignore[arg-type]
    assert "minus_one='absent'" in str(raised.value)
    absent = from_arrays(X, truth, minus_one="absent")  # type: ignore[arg-type]
    assert (absent.truth.tolist(), absent.known.all()) == ((PLUS_MINUS == 1).tolist(), True)
    unknown = from_arrays(X, truth, minus_one="unknown")  # type: ignore[arg-type]
    assert unknown.known.tolist() == (PLUS_MINUS == 1).tolist()
    with pytest.raises(InputError, match="minus_one is 'no'"):
        from_arrays(X, truth, minus_one="no")  # type: ignore[arg-type]


def test_evaluate_refuses_plus_and_minus_one_and_takes_what_it_advises() -> None:
    scores = np.random.default_rng(0).random((40, 2))
    truth = np.where(scores > 0.5, 1, -1)
    with pytest.raises(InputError, match="is -1 absent or unknown"):
        tagfit.evaluate(truth, scores)
    assert tagfit.evaluate((truth == 1).astype(int), scores)["label_accuracy"] == 1
    assert tagfit.evaluate(np.where(truth == -1, np.nan, truth), scores)["label_accuracy"] == 1


def test_npz_and_the_command_take_the_option(tagfit: Command, tmp_path: Path) -> None:
    rows = np.tile(PLUS_MINUS, (8, 1))
    np.savez(tmp_path / "d.npz", X=np.arange(64.0).reshape(32, 2), Y=rows)
    assert "--minus-one absent" in tagfit.refused("data", "check", "d.npz")
    shown = tagfit("data", "check", "d.npz", "--minus-one", "absent", "--json").json
    assert [(one["present"], one["absent"]) for one in shown["labels"]] == [(16, 16), (16, 16)]
    table(tmp_path, "image,sea,sun\na.jpg,1,-1\nb.jpg,-1,1\nc.jpg,1,1\n")
    for reading, unknown in (("absent", 0), ("unknown", 1)):
        shown = tagfit("data", "check", "tags.csv", "--minus-one", reading, "--json").json
        assert [one["unknown"] for one in shown["labels"]] == [unknown, unknown]


@pytest.mark.parametrize(
    ("text", "options", "advice"),
    [
        ("image,sea,sun\na.jpg,1,0\nb.jpg,,1\nc.jpg,,0\n", {}, [{"blank": "absent"}]),
        ("image,sea,sun\na.jpg,1,0\nb.jpg,-1,1\nc.jpg,-1,0\n", {}, [{"minus_one": "absent"}]),
        ("image,tags\na.jpg,sea\nb.jpg,sun\nc.jpg,sun\n", {"unlisted": "unknown"}, [{"unlisted": "absent"}]),
        ("image,tags\na.jpg,sea|sun\nb.jpg,sea\nc.jpg,sea\n", {}, []),
        ("image,sea,sun\na.jpg,1,0\nb.jpg,1,1\nc.jpg,1,0\n", {}, []),
    ],
)
def test_what_is_advised_where_only_positives_are_known_helps(
    tmp_path: Path, text: str, options: dict[str, str], advice: list[dict[str, str]]
) -> None:
    source = table(tmp_path, text)
    message = refusal(source, learnable=True, **options)
    assert [one for one in advised(message) if "exclude_labels" not in one] == advice
    for option in advice:
        assert len(read(source, **{**options, **option})) == 3  # type: ignore[arg-type]
    assert len(read(source, exclude_labels="sea", learnable=False)) == 3
