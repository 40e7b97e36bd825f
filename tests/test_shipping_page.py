"""The commands of docs/shipping.md, run as they are written."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from commands import Command

PAGE = Path(__file__).parent.parent / "docs" / "shipping.md"


def test_the_commands_of_the_page_work(
    tagfit: Command, photo_run: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").symlink_to(photo_run)
    (tmp_path / "photos").symlink_to(photos)
    monkeypatch.chdir(tmp_path)
    lines = [line.strip() for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("    tagfit ")]
    assert len(lines) >= 4
    for line in lines:
        done = tagfit(*shlex.split(line)[1:])
        assert done.code in ((0, 4) if "--int8" in line else (0,)), (line, done.err)  # 6 pictures are few to judge on
    assert (tmp_path / "tags.csv").read_text(encoding="utf-8").count("\n") == 41
