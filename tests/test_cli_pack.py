"""tagfit pack: the tagger tags as its run does, with the thresholds it was packed with, when the run is gone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from commands import Command


def test_a_packed_tagger_tags_without_its_run(tagfit: Command, photo_run: Path, photos: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(photo_run, tmp_path / "run"))
    assert tagfit("thresholds", run, "--for", "best-f1", "--out", "cuts.json").code == 0
    expected = tagfit("tag", run, photos, "--thresholds", "cuts.json", "--json").json
    packed = tagfit("pack", run, "tagger", "--thresholds", "cuts.json", "--json").json
    assert packed["labels"]
    assert packed["fingerprint"]
    shutil.rmtree(run)
    assert tagfit("tag", "tagger", photos, "--json").json == expected


def test_a_folder_in_use_is_left_alone(tagfit: Command, photo_run: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    assert "mine exists and is not empty" in tagfit.refused("pack", photo_run, "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_8_bits_that_may_lose_too_much_are_refused(tagfit: Command, photo_run: Path, tmp_path: Path) -> None:
    words = ("pack", photo_run, "tagger", "--format", "onnx", "--int8", "--int8-metric", "loss", "--int8-loss", "0")
    done = tagfit(*words)
    assert (done.code, done.err) == (4, "")
    assert "8 bits may lose" in done.out
    assert "of loss on validation, more than 0" in done.out
    done = tagfit(*words, "--json")
    assert (done.code, done.json["folder"]) == (4, None)
    assert not (tmp_path / "tagger").exists()


def test_options_of_8_bits_need_the_format_that_has_them(tagfit: Command, photo_run: Path) -> None:
    assert "--int8 is for ONNX taggers" in tagfit.refused("pack", photo_run, "tagger", "--int8")
    assert "need --int8" in tagfit.refused("pack", photo_run, "tagger", "--int8-loss", "0.1")


def test_an_onnx_tagger_tags_as_its_run_does(tagfit: Command, photo_run: Path, photos: Path) -> None:
    packed = tagfit("pack", photo_run, "tagger", "--format", "onnx", "--json").json
    assert packed["engine"] == "onnx"
    assert packed["measured"]["onnx"]["largest_difference"] < 1e-5
    expected = tagfit("tag", photo_run, photos, "--json").json["pictures"]
    for one, other in zip(tagfit("tag", "tagger", photos, "--json").json["pictures"], expected, strict=True):
        assert one["tags"] == other["tags"]
        assert list(one["scores"].values()) == pytest.approx(list(other["scores"].values()), abs=1e-5)
    assert tagfit("tag", "tagger", photos, "--out", "tags.jsonl").code == 0
