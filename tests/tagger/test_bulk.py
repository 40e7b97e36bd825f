"""Bulk tagging writes what ``tag`` returns, once for each picture, whatever interrupts it."""

from __future__ import annotations

import csv
import io
import json
import os
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from red_and_bright import LABELS

import tagfit
from tagfit.errors import InputError
from tagfit.tagger import stream
from tagfit.tagger.picture_paths import list_pictures

BATCH = 7


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PICTURES_AT_ONCE", BATCH)


@pytest.fixture(scope="module")
def whole(saved_once: Path, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of an uninterrupted call."""
    out = tmp_path_factory.mktemp("whole") / "tags.jsonl"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "PICTURES_AT_ONCE", BATCH)
        tagfit.tag_to_file(saved_once, photos, out)
    return out.read_bytes()


def test_each_format_holds_what_tag_returns(saved_once: Path, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"<html>")
    pictures = [photos, tmp_path / "broken.png"]
    expected = tagfit.tag(saved_once, pictures)
    for name in ("tags.jsonl", "tags.csv"):
        written = tagfit.tag_to_file(saved_once, pictures, tmp_path / name)
        assert (written.pictures, written.unreadable, written.resumed) == (41, 1, 0)
    lines = (tmp_path / "tags.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == expected
    with (tmp_path / "tags.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, record in zip(rows, expected, strict=True):
        assert row["picture"] == record["picture"]
        assert row["tags"] == "|".join(record["tags"])
        assert row["problem"] == record.get("problem", "")
        assert [row[label] for label in LABELS] == [str(record["scores"].get(label, "")) for label in LABELS]
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".part") == []


def test_parquet_has_lists_of_tags_and_a_struct_of_scores(saved_once: Path, photos: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    (tmp_path / "broken.png").write_bytes(b"<html>")
    tagfit.tag_to_file(saved_once, [photos, tmp_path / "broken.png"], tmp_path / "tags.parquet")
    rows = parquet.read_table(tmp_path / "tags.parquet").to_pylist()
    for row, record in zip(rows, tagfit.tag(saved_once, [photos, tmp_path / "broken.png"]), strict=True):
        assert row["picture"] == record["picture"]
        assert row["problem"] == record.get("problem")
        assert (row["tags"] or []) == record["tags"]
        assert (row["scores"] or {}) == pytest.approx(record["scores"], abs=1e-6)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.integers(0, 5), min_size=1, max_size=3), torn=st.integers(0, 60))
def test_an_interrupted_call_goes_on_and_repeats_and_loses_nothing(
    saved_once: Path, photos: Path, whole: bytes, tmp_path_factory: pytest.TempPathFactory, stops: list[int], torn: int
) -> None:
    out = tmp_path_factory.mktemp("cut") / "tags.jsonl"
    journal = out.with_name("tags.jsonl.part")
    for stop in stops:
        calls = iter(range(100))

        def killed(_done: int, _of: int, calls: object = calls, stop: int = stop) -> None:
            if next(calls) == stop:  # type: ignore[call-overload]
                raise KeyboardInterrupt

        try:
            tagfit.tag_to_file(saved_once, photos, out, on_tagged=killed)
        except KeyboardInterrupt:
            with journal.open("ab") as file:  # as a kill in the middle of a write leaves it
                file.write(b'["half a line", ["red"], [0.123456, 0.98'[:torn])
            assert not out.exists()
        if out.exists():
            break
    else:
        resumed = tagfit.tag_to_file(saved_once, photos, out)
        assert resumed.pictures == 40
        assert resumed.resumed % BATCH == 0
    assert out.read_bytes() == whole
    assert not journal.exists()


def test_an_unfinished_file_of_other_thresholds_is_not_continued(
    saved_once: Path, photos: Path, tmp_path: Path
) -> None:
    def stop(_done: int, _of: int) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "tags.csv"
    with pytest.raises(KeyboardInterrupt):
        tagfit.tag_to_file(saved_once, photos, out, on_tagged=stop)
    before = (tmp_path / "tags.csv.part").read_bytes()
    with pytest.raises(InputError, match="begun by another tagger, or with other thresholds"):
        tagfit.tag_to_file(saved_once, photos, out, thresholds=0.9)
    assert (tmp_path / "tags.csv.part").read_bytes() == before


def test_a_file_that_exists_or_has_no_table_ending_or_is_being_written_is_refused(
    saved_once: Path, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.csv").write_text("mine")
    with pytest.raises(InputError, match="exists and is not overwritten"):
        tagfit.tag_to_file(saved_once, photos, tmp_path / "mine.csv")
    with pytest.raises(InputError, match="no ending that names a table"):
        tagfit.tag_to_file(saved_once, photos, tmp_path / "tags.xlsx")
    with FileLock(tmp_path / "tags.csv.part.lock"), pytest.raises(InputError, match="written by another process"):
        tagfit.tag_to_file(saved_once, photos, tmp_path / "tags.csv")
    assert (tmp_path / "mine.csv").read_text() == "mine"


def test_an_archive_is_tagged_as_its_folder_is(saved_once: Path, photos: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for file in sorted(photos.iterdir()):
            archive.write(file, f"deep/{file.name}")
    found = tagfit.tag(saved_once, tmp_path / "photos.zip")
    expected = tagfit.tag(saved_once, photos)
    assert [record["scores"] for record in found] == [record["scores"] for record in expected]
    assert found[0]["picture"] == str(tmp_path / "photos.zip") + "/deep/00.png"


def test_file_names_that_are_not_unicode_and_formulas_come_through(
    saved_once: Path, photos: Path, tmp_path: Path
) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9.png")
    odd.write_bytes((photos / "00.png").read_bytes())
    written = tagfit.tag_to_file(saved_once, odd, tmp_path / "tags.csv")
    assert (written.pictures, written.unreadable) == (1, 0)
    assert "caf\\udce9.png" in (tmp_path / "tags.csv").read_text(encoding="utf-8")


def test_no_cell_of_a_csv_is_a_formula() -> None:
    from tagfit.tagger.tables import write_csv

    file = io.StringIO()
    write_csv(file, ["=red"], [{"picture": "=1+1.png", "tags": ["@x"], "scores": {"=red": 0.5}}])
    assert file.getvalue() == "picture,tags,'=red,problem\n'=1+1.png,'@x,0.5,\n"


def test_the_pictures_of_a_folder_are_listed_as_their_sorted_paths(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b-1/1.JPG", "b.jpg", "b/a/3.png", "a.webp", "c.txt", "B/1.jpg", "x.jpg/in.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "dead.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "linked").symlink_to(tmp_path / "b", target_is_directory=True)
    expected = [
        path
        for path in sorted(tmp_path.rglob("*"))
        if path.is_file() and path.suffix.lower() in {".jpg", ".png", ".webp"}
    ]
    assert len(expected) == 7
    found = list_pictures([tmp_path])
    assert list(found) == found[:] == expected
    assert (found[2], found[-1], found[1:3]) == (expected[2], expected[-1], expected[1:3])
    assert list_pictures([tmp_path / "b.jpg", tmp_path]) == [tmp_path / "b.jpg", *expected]


@pytest.mark.parametrize("at_once", [1, 3])
def test_no_more_batches_are_scored_side_by_side_than_the_engine_takes(
    saved_once: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    model, lock = tagfit.Tagger.load(saved_once), threading.Lock()
    running = most = 0

    def score(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        found = model.probabilities(pixels) if at_once == 1 else np.zeros((len(pixels), 2), np.float32)
        with lock:
            running -= 1
        return found

    monkeypatch.setattr(tagfit.Tagger, "side_by_side", lambda _: (at_once, score))
    pictures = list_pictures([photos] * 5)
    rows = [one.picture for some in stream.tag_each(model, pictures, threads=8) for one in some]
    assert rows == [str(picture) for picture in pictures]
    assert 1 <= most <= at_once
