"""Readers under fire: whatever the bytes, the right result or an error with its place; never another exception."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tagfit.data.labels import names_in_file
from tagfit.data.read import read
from tagfit.data.readers.tag_cells import reads_otherwise
from tagfit.data.source_report import check
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError

SAMPLE, LONG = 40, 1200
TABLE = b'image,tags,split,fold,weight\na.png,"sea|!sun",train,0,1\nb.png,?sea|x,test,1,0.5\nc.png,,,2,2\n'
COLUMNS = b"path;sea;sun\na.png;1;0\nb.png;0;1\n"
ARFF = b"@relation t\n@attribute f numeric\n@attribute 'g h' {a,b,c}\n@attribute sea {0,1}\n"
ARFF += b"@data\n1,a,1\n{0 2,1 'b'}\n3,c,?\n"
XML = b'<?xml version="1.0" encoding="utf-8"?><labels><label name="sea"></label></labels>'


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (3, 3)).save(buffer, format="PNG")
    return buffer.getvalue()


def arrays() -> bytes:
    buffer = io.BytesIO()
    np.savez(
        buffer, X=np.zeros((3, 2)), Y=np.eye(3, 2), labels=["a", "b"], split=["train", "", "test"], weight=[1, 2, 3]
    )
    return buffer.getvalue()


PICTURE, ARRAYS = picture(), arrays()
FILES = {
    "a.png": PICTURE,
    "b.png": PICTURE + b" ",
    "c.png": PICTURE + b"  ",
    "t.csv": TABLE,
    "c.csv": COLUMNS,
    "t.arff": ARFF,
    "t.xml": XML,
    "t.npz": ARRAYS,
}
# Pieces that readers give a meaning to; random bytes alone seldom reach the code behind the first check.
PIECES = st.sampled_from(
    [
        b"",
        b",",
        b";",
        b"|",
        b'"',
        b"'",
        b"\n",
        b"\r",
        b"\t",
        b"\0",
        b"?",
        b"!",
        b"{",
        b"}",
        b"%",
        b"@data\n",
        b"-1",
        b"nan",
        b"1e999",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xe9",
        b"../",
        b"/",
        b"a.png",
        b"image",
        b"labels",
        b"<",
        b"&a;",
        b"\xe2\x80\xae",
        b"\x1b[31m",
        b"9" * 30,
        b"<!DOCTYPE a [<!ENTITY a 'b'>]>",
        b"allow_pickle",
        b"\\",
        b"PK\x03\x04",
    ]
) | st.binary(max_size=6)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """``whole`` with up to four cuts, insertions or overwritten places."""
    content = whole
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 1, 2, 5, 20, len(content)]))
        content = content[:start] + draw(PIECES) + content[start + length :]
    return content


def right_or_refused(use: Callable[[], object]) -> None:
    """Run ``use``: an InputError must say something, on printable lines; a TaggedSet must hold together."""
    try:
        result = use()
    except InputError as error:
        text = str(error)
        assert text
        assert all(line.isprintable() for line in text.split("\n"))
        text.encode("utf-8")
        return
    if isinstance(result, TaggedSet):
        assert len(result) > 0
        assert len(result.labels) == len(set(result.labels)) > 0
        assert len(np.unique(result.ids)) == len(result)
        assert set(np.unique(result.truth)) <= {0, 1}
        assert not (result.truth.astype(bool) & ~result.known).any()
        if result.arrays is not None:
            assert np.isfinite(result.arrays).all()
        for file in result.files or ():
            assert file.is_file()


def attack(name: str, target: str, content: bytes, **options: object) -> None:
    """Read ``target`` in a folder of whole files, of which ``name`` holds ``content``."""
    with TemporaryDirectory() as folder:
        for other, whole in FILES.items():
            Path(folder, other).write_bytes(whole)
        Path(folder, name).write_bytes(content)
        right_or_refused(lambda: read(Path(folder, target), **options))  # type: ignore[arg-type]


def fire(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


TARGETS = [
    ("t.csv", "t.csv"),
    ("c.csv", "c.csv"),
    ("t.arff", "t.arff"),
    ("t.xml", "t.arff"),
    ("t.npz", "t.npz"),
    ("a.png", "t.csv"),
]


@pytest.mark.parametrize("target", sorted({target for _, target in TARGETS}))
def test_the_files_are_right_before_they_are_damaged(tmp_path: Path, target: str) -> None:
    for name, whole in FILES.items():
        (tmp_path / name).write_bytes(whole)
    assert len(read(tmp_path / target)) >= 2


ROUNDS = [pytest.param(SAMPLE, id="sample"), pytest.param(LONG, id="long", marks=pytest.mark.long)]


@pytest.mark.parametrize("examples", ROUNDS)
@pytest.mark.parametrize(("name", "target"), TARGETS)
def test_damaged_files(name: str, target: str, examples: int) -> None:
    @fire(examples)
    @given(damaged(FILES[name]), st.booleans())
    def run(content: bytes, learnable: bool) -> None:
        attack(name, target, content, learnable=learnable)

    run()


@pytest.mark.parametrize("examples", ROUNDS)
@pytest.mark.parametrize("kind", ["csv", "npz", "arff"])
def test_bytes_of_any_kind(kind: str, examples: int) -> None:
    @fire(examples)
    @given(st.lists(PIECES, max_size=30).map(b"".join))
    def run(content: bytes) -> None:
        attack("t.arff", "t.arff", content, format=kind)

    run()


@pytest.mark.parametrize("examples", ROUNDS)
def test_files_of_labels_and_their_order(examples: int) -> None:
    @fire(examples)
    @given(st.lists(PIECES, max_size=12).map(b"".join))
    def run(content: bytes) -> None:
        attack("labels.txt", "t.csv", content, learnable=False)
        with TemporaryDirectory() as folder:
            path = Path(folder, "mine.txt")
            path.write_bytes(content)
            right_or_refused(lambda: names_in_file(path))

    run()


@pytest.mark.parametrize("examples", ROUNDS)
def test_options_of_any_kind(examples: int) -> None:
    words = st.text(max_size=6)

    @fire(examples)
    @given(
        st.none() | words, words | st.lists(words, max_size=3), words | st.lists(words, max_size=3), st.integers(-2, 4)
    )
    def run(separator: str | None, labels: object, exclude: object, least: int) -> None:
        attack("t.csv", "t.csv", TABLE, separator=separator, labels=labels, exclude_labels=exclude, min_positives=least)

    run()


TAG = st.text(
    st.characters(exclude_characters="|\0", exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=6
).filter(lambda tag: tag[0] not in "!?" and not reads_otherwise(tag))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.sets(TAG, max_size=4), min_size=2, max_size=6).filter(lambda rows: any(rows)))
def test_any_tags_come_back_as_they_were_written(rows: list[set[str]]) -> None:
    with TemporaryDirectory() as folder:
        with open(Path(folder, "tags.csv"), "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["image", "tags"])
            for number, tags in enumerate(rows):
                Path(folder, f"{number}.png").write_bytes(PICTURE)
                writer.writerow([f"{number}.png", "|".join(sorted(tags))])
        data = read(folder, separator="|", learnable=False)
        assert [set(data.tags(row)) for row in range(len(data))] == rows
        assert list(data.labels) == sorted(set.union(*rows))


def test_a_corrupt_corpus(tmp_path: Path) -> None:
    """Everything at once: what can be read is, and each of the others is named with its row and reason."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "good.jpg")
    Image.fromarray(noise[::-1]).save(tmp_path / "wrong_ending.png", format="JPEG")
    frames = [Image.new("P", (8, 8), number) for number in range(3)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    (tmp_path / "truncated.jpg").write_bytes((tmp_path / "good.jpg").read_bytes()[:900])
    (tmp_path / "zero.jpg").write_bytes(b"")
    (tmp_path / "page.jpg").write_bytes(b"<html><body>404</body></html>")
    os.symlink("loop.jpg", tmp_path / "loop.jpg")
    os.mkdir(tmp_path / "folder.jpg")
    odd = os.fsdecode(b"caf\xe9.jpg")
    (tmp_path / odd).write_bytes((tmp_path / "good.jpg").read_bytes())
    usable = ["good.jpg", "wrong_ending.png", "moving.gif"]
    broken = ["truncated.jpg", "zero.jpg", "page.jpg", "loop.jpg", "folder.jpg", "café.jpg", "sub/"]
    lines = [f'{name},"{"sea" if number % 2 else "sun"}"' for number, name in enumerate([*usable, *broken])]
    (tmp_path / "tags.csv").write_bytes(b"\xef\xbb\xbfimage,tags\r\n" + "\r\n".join(lines).encode())
    report = check(tmp_path)
    assert report.rows == len(usable)
    assert len(report.quarantined) == len(broken)
    assert all(name in "\n".join(map(str, report.quarantined)) for name in broken)
