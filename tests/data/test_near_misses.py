"""Pictures that are nearly named: found where unique, with a note; otherwise the error shows what is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from table_sources import pictures, refusal, table, tags

from tagfit.data.read import read


@pytest.mark.parametrize(
    ("names", "files", "note"),
    [
        ("train_0 train_1", "train-jpg/train_0.jpg train-jpg/train_1.jpg", "an ending and another folder"),
        ("a.jpg b.jpg", "a.JPG b.JPG", "another case"),
        ("A.jpg b.JPG", "a.jpg b.jpg", "another case"),
        ("a.jpg b.jpg", "a.png b.png", "another ending"),
        ("a b", "images/a.webp images/b.webp", "an ending and another folder"),
        ("images/a.jpg images/b.jpg", "Images/a.jpg Images/b.jpg", "another folder"),
        ("/content/drive/My/a.jpg /content/drive/My/b.jpg", "a.jpg b.jpg", "another folder"),
        ("/content/x/train/a.jpg /content/x/train/b.jpg", "train/a.jpg train/b.jpg", "another folder"),
        ("../input/set/a.jpg ../input/set/b.jpg", "images/a.jpg images/b.jpg", "another folder"),
        (r"C:\data\train\a.jpg C:\data\train\b.jpg", "train/a.jpg train/b.jpg", "/ for \\"),
        ("small/train/a.jpg small/train/b.jpg", "train/a.jpg train/b.jpg", "another folder"),
        ("cafe\u0301.jpg b.jpg", "caf\u00e9.jpg b.jpg", "another"),
    ],
)
def test_near_misses_are_found_and_noted(tmp_path: Path, names: str, files: str, note: str) -> None:
    first, second = names.split()
    source = table(tmp_path, f"image,tags\n{first},x\n{second},y\n", files=files)
    data = read(source)
    assert data.files is not None
    assert [os.path.relpath(file, tmp_path) for file in data.files] == files.split()
    assert data.ids.tolist() == [first, second]
    (said,) = [text for text in data.notes if "found with" in text]
    assert note in said
    assert "is '" in said


@pytest.mark.parametrize(
    ("name", "files", "reason"),
    [
        ("a", "a.jpg a.png", "'a' may be 'a.jpg' or 'a.png'"),
        ("1.jpg", "train/1.jpg valid/1.jpg", "may be 'train/1.jpg' or 'valid/1.jpg'"),
        ("train/1.jpg", "valid/1.jpg", "no file 'train/1.jpg', but 'valid/1.jpg' is there"),
        ("IMG_1O.jpg", "IMG_10.jpg", "no file 'IMG_1O.jpg', but 'IMG_10.jpg' is there"),
        ("quite-else.jpg", "IMG_10.jpg", "no file 'quite-else.jpg'"),
    ],
)
def test_what_is_not_unique_or_only_alike_is_left_out_with_what_is_there(
    tmp_path: Path, name: str, files: str, reason: str
) -> None:
    source = table(tmp_path, f"image,tags\nz1.jpg,x\nz2.jpg,y\n{name},x\n", files=f"z1.jpg z2.jpg {files}")
    data = read(source)
    assert len(data) == 2
    assert reason in str(data.quarantined[0])
    assert "row 4" in str(data.quarantined[0])


def test_two_names_do_not_share_one_file(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags\ntrain/1.jpg,x\nvalid/1.jpg,y\na.jpg,x\nb.jpg,y\n", files="1.jpg a.jpg b.jpg")
    data = read(source)
    assert data.ids.tolist() == ["a.jpg", "b.jpg"]
    assert all("several names" in str(fault) for fault in data.quarantined)
    source.write_text("image,tags\na.jpg,x\nA.JPG,y\nb.jpg,y\n")
    assert read(source).ids.tolist() == ["a.jpg", "b.jpg"]


def test_what_lies_outside_is_not_found_by_its_tail(tmp_path: Path) -> None:
    pictures(tmp_path, "secret/a.jpg secret/b.jpg")
    source = table(tmp_path / "home", "image,tags\nc.jpg,x\nd.jpg,y\na.jpg,x\n", files="c.jpg d.jpg")
    os.symlink(tmp_path / "secret", tmp_path / "home" / "link")
    assert [str(fault) for fault in read(source).quarantined] == ["tags.csv, row 4: there is no file 'a.jpg'"]
    source.write_text(f"image,tags\nc.jpg,x\nd.jpg,y\n{tmp_path}/secret/a.jpg,x\n")
    assert "--allow-outside permits it" in refusal(source)
    assert tags(source, allow_outside=True) == ["x", "y", "x"]
    assert tags(source, allow_outside=True, images=tmp_path / "home") == ["x", "y", "x"]
