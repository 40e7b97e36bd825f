"""tagfit pack: the tagger tags as its run does, with the thresholds it was packed with, when the run is gone."""

from __future__ import annotations

import shutil
from pathlib import Path

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
