"""tagfit cure and tagfit verify as commands: what they print, their exit codes, and their documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from curable import GOAL, OVERFITTING

from commands import Command
from tagfit.curing.request import duration
from tagfit.errors import InputError
from tagfit.runs.run import Run

BOUNDS = ("--goal", GOAL[0], "--goal", GOAL[1])


def test_a_source_is_trained_cured_and_verified(tagfit: Command, noisy: Path, tmp_path: Path) -> None:
    OVERFITTING.save(tmp_path / "mine.toml")
    words = (noisy, *BOUNDS, "--recipe", "mine.toml", "--trials", 12, "--seeds", 1, "--out", "cure")
    done = tagfit("cure", *words)
    assert done.code in (0, 3)
    assert "trial 0, the regularised recipe (" in done.err
    for said in ("Met", "effect of each change", "before, validation", "after, test", "certificate:", "page:"):
        assert said in done.out
    assert (tmp_path / "cure" / "certificate.html").is_file()

    held = tagfit("verify", "cure")
    assert held.code == 0
    assert "Everything holds" in held.out
    assert "ALTERED" not in held.out

    again = tagfit("cure", "--resume", "cure", "--json")
    assert again.code == done.code
    assert again.json["verdict"] == json.loads((tmp_path / "cure" / "certificate.json").read_text())["verdict"]


def test_out_of_reach_is_exit_code_4_and_one_document(tagfit: Command, overfitted: Run) -> None:
    done = tagfit(
        "cure", overfitted.folder, "--goal", "macro_f1>=0.99", "--trials", 1, "--seeds", 1, "--out", "far", "--json"
    )
    assert done.code == 4
    assert done.json["verdict"] == "out of reach"
    assert done.json["limits"]["says"]
    assert done.err == ""


def test_what_was_altered_is_printed_with_exit_code_4(tagfit: Command, cured: Path) -> None:
    path = cured / "certificate.json"
    document = json.loads(path.read_text())
    document["means"]["validation.label_accuracy"] = 0.99
    path.write_text(json.dumps(document))
    done = tagfit("verify", path)
    assert done.code == 4
    assert "ALTERED" in done.out
    assert "certified as 0.99" in done.out
    found = tagfit("verify", cured, "--json")
    assert found.code == 4
    assert not found.json["holds"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--goal", "accuracy>0.9"), "label_accuracy (0."),
        (("--goal", "argmax_accuracy>0.9"), "a perfect model fails it"),
        (("--goal", "validation.label_accuracy>=0.3"), "proves nothing"),
        (("--budget", "soon"), "'soon' is not a duration"),
        (("--maximise", "test.mAP"), "there to confirm"),
        (("--search-on", "5000"), "5000 of 160 train rows"),
        (("--size", "32", "--labels", "sea"), "is a run with its own recipe, data and splits; --size, --labels"),
        (
            ("--resume", "elsewhere"),
            "--resume continues the cure with its own settings; RUN|SOURCE, --out",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_written(
    tagfit: Command, overfitted: Run, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in tagfit.refused("cure", overfitted.folder, *words, "--trials", 1, "--out", "cure")
    assert not (tmp_path / "cure").exists()


@pytest.mark.parametrize(("text", "expected"), [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400)])
def test_durations(text: str, expected: float) -> None:
    assert duration(text) == expected
    for wrong in ("", "0", "-3m", "ten", "5d"):
        with pytest.raises(InputError, match="not a duration"):
            duration(wrong)
