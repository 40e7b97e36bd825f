"""Shards of WebDataset: classes, texts, and what is wrong with them."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from format_fixtures import (
    add_to_tar,
    png,
    text,
)

from tagfit.data.read import read
from tagfit.errors import InputError


def webdataset(path: Path, *members: tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members:
            add_to_tar(tar, name, content)
    return path


def test_webdataset_class_numbers_and_their_names(tmp_path: Path) -> None:
    shard = webdataset(
        tmp_path / "s.tar", ("a.png", png(0)), ("a.cls", b"1\n"), ("b.png", png(1)), ("b.json", b'{"labels": [0, 1]}')
    )
    assert read(tmp_path, learnable=False).labels == ("0", "1")
    text(tmp_path / "classes.txt", "cat\ndog\n")
    data = read(tmp_path, learnable=False)
    assert [data.tags(row) for row in range(2)] == [("dog",), ("cat", "dog")]
    assert read(shard, learnable=False).labels == ("0", "1")


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([("a.png", png(0)), ("a.json", b"{}"), ("a.jpg", png(1))], "several pictures"),
        ([("a.png", png(0)), ("a.cls", b"1"), ("b.png", png(1)), ("b.cls", b"1"), ("a.json", b"{}")], "do not follow"),
        ([("a.png", png(0)), ("a.cls", b"one")], "s.tar/a.cls: it holds 'one'"),
        ([("a.png", png(0)), ("a.json", b'{"tags": [')], "s.tar/a.json, line 1, column 11: it is not JSON"),
        ([("a.png", png(0)), ("a.json", b'{"tags": 3}')], "a number"),
    ],
)
def test_faults_of_a_shard_are_named(members: list[tuple[str, bytes]], said: str, tmp_path: Path) -> None:
    webdataset(tmp_path / "s.tar", *members)
    with pytest.raises(InputError, match=said):
        read(tmp_path, format="webdataset")


def test_samples_without_picture_or_label_are_quarantined(tmp_path: Path) -> None:
    webdataset(
        tmp_path / "s.tar",
        ("a.png", png(0)), ("a.cls", b"1"), ("b.json", b"{}"), ("c.png", png(2)), ("c.txt", b"a caption"),
    )  # fmt: skip
    data = read(tmp_path, learnable=False)
    assert len(data) == 1
    assert [fault.what for fault in data.quarantined] == ["it has no picture, but .json", "it has no .json and no .cls"]


def texts(path: Path, *contents: bytes) -> Path:
    members = [
        (f"{name}.{part}", content)
        for number, (name, label) in enumerate(zip("abcdefgh", contents, strict=False))
        for part, content in (("png", png(number)), ("txt", label))
    ]
    return webdataset(path, *members)


LINES = (b"cat\ndog\n", b"dog\n", b"", b"cat", b"dog\r\ncat", b"sun", b"sun\ncat")
EACH = [("cat", "dog"), ("dog",), (), ("cat",), ("cat", "dog"), ("sun",), ("cat", "sun")]


@pytest.mark.parametrize("separator", [b"\n", b", ", b";"])
def test_webdataset_texts_that_return_are_labels(separator: bytes, tmp_path: Path) -> None:
    lines = [line.replace(b"\r", b"").strip().replace(b"\n", separator) for line in LINES]
    data = read(texts(tmp_path / "s.tar", *lines), learnable=False)
    assert [data.tags(row) for row in range(7)] == EACH
    assert "labels are read from .txt" in data.notes


def test_webdataset_texts_of_named_classes_are_labels(tmp_path: Path) -> None:
    texts(tmp_path / "s.tar", b"0\n1", b"dog")
    text(tmp_path / "classes.txt", "cat\ndog\n")
    data = read(tmp_path, learnable=False)
    assert [data.tags(row) for row in range(2)] == [("cat", "dog"), ("dog",)]


@pytest.mark.parametrize(
    "captions",
    [
        [b"a cat on a mat", b"two dogs, running", b"the sun sets, over the sea"],
        [b"cat\nmat", b"dog", b"sun"],
        [b"a photo of a cat", b"a photo of a cat", b"a photo of a dog", b"a photo of a dog"],
    ],
)
def test_webdataset_texts_that_may_be_captions_are_read_when_asked_for(captions: list[bytes], tmp_path: Path) -> None:
    shard = texts(tmp_path / "s.tar", *captions)
    with pytest.raises(InputError, match=r"s.tar/a.txt: the texts may be captions(.|\n)*--tags-column txt"):
        read(shard)
    assert len(read(shard, tags_column="txt", learnable=False).labels) >= 2


def test_webdataset_texts_beside_other_labels_are_not_read_unless_asked_for(tmp_path: Path) -> None:
    shard = webdataset(
        tmp_path / "s.tar",
        ("a.png", png(0)), ("a.json", b'{"tags": ["x"]}'), ("a.txt", b"sun"),
        ("b.png", png(1)), ("b.json", b'{"tags": ["y"]}'), ("b.txt", b"sea"),
    )  # fmt: skip
    data = read(shard, learnable=False)
    assert data.labels == ("x", "y")
    assert any(".txt is not read" in note for note in data.notes)
    assert read(shard, tags_column="txt", learnable=False).labels == ("sea", "sun")
    with pytest.raises(InputError, match=r"there is no \.cls, which --tags-column names"):
        read(shard, tags_column="cls")


def test_the_boxes_of_yolo_in_a_tar_are_no_webdataset(tmp_path: Path) -> None:
    with tarfile.open(texts(tmp_path / "s.tar", b"0 0.5 0.5 0.1 0.1"), "a") as tar:
        add_to_tar(tar, "classes.txt", b"cat\ndog\n")
    with pytest.raises(InputError) as raised:
        read(tmp_path / "s.tar")
    assert "WebDataset" not in str(raised.value)


def test_a_text_that_is_no_text_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="more than 65,536 bytes"):
        read(texts(tmp_path / "s.tar", b"cat", b"dog " * 20_000))
    with pytest.raises(InputError, match=r"s.tar/b.txt: it is not UTF-8"):
        read(texts(tmp_path / "s.tar", b"cat", b"\xff\xfe\x00"))
