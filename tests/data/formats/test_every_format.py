"""Every format: recognised by its content, read to the truth that its rules give, refused under its own name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from format_fixtures import WRITTEN, Truth

from tagfit.data.read import read
from tagfit.data.readers.formats import BY_NAME, recognised
from tagfit.data.readers.names import FormatName
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError


def states(data: TaggedSet) -> Truth:
    """The set as picture (name without folder and ending) -> label -> P, A or U."""
    return {
        os.path.splitext(os.path.basename(str(data.ids[row])))[0]: {
            label: "U" if not data.known[row, column] else "P" if data.truth[row, column] else "A"
            for column, label in enumerate(data.labels)
        }
        for row in range(len(data))
    }


@pytest.fixture(params=sorted(WRITTEN))
def format_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_is_recognised_and_read_as_its_rules_say(format_name: str, tmp_path: Path) -> None:
    write, truth = WRITTEN[format_name]
    source = write(tmp_path / "set")
    assert recognised(source)[1].name == format_name
    data = read(source, learnable=False)
    assert states(data) == truth
    assert data.quarantined == ()
    assert states(read(source, format=format_name, learnable=False)) == truth


def test_unlisted_unknown_leaves_only_what_is_said(format_name: str, tmp_path: Path) -> None:
    write, truth = WRITTEN[format_name]
    data = read(write(tmp_path / "set"), unlisted="unknown", learnable=False)
    for name, labels in states(data).items():
        for label, state in labels.items():
            said = truth[name][label]
            assert state == said or (said == "A" and state == "U"), (name, label)


def test_unlisted_absent_holds_for_open_images(tmp_path: Path) -> None:
    write, truth = WRITTEN["openimages"]
    data = read(write(tmp_path / "set"), unlisted="absent", learnable=False)
    fractions = sum(state == "U" for name in truth for state in truth[name].values()) - 1  # d, dog: no row names it
    assert (~data.known).sum() == fractions


def test_open_images_are_cut_at_a_confidence(tmp_path: Path) -> None:
    write, truth = WRITTEN["openimages"]
    source = write(tmp_path / "set")  # U: a confidence of 0.4, or no row for the dog on d
    above = read(source, confidence_at_least=0.4, learnable=False)
    assert above.truth.sum() == sum(state != "A" for one in truth.values() for state in one.values()) - 1
    below = read(source, confidence_at_least=0.41, unlisted="absent", learnable=False)
    assert below.known.all()
    assert below.truth.sum() == sum(state == "P" for one in truth.values() for state in one.values())
    assert any("from a confidence of 0.41 on" in note and "are absent" in note for note in below.notes)
    lines = source.read_text().replace(",1\n", ",0.9\n").replace(",0.0\n", ",0.1\n")
    source.write_text(lines)
    with pytest.raises(InputError, match="--confidence-at-least"):
        read(source)


def test_a_missing_picture_is_quarantined_with_its_place(format_name: str, tmp_path: Path) -> None:
    if format_name in ("label-folders", "webdataset", "huggingface"):
        pytest.skip("it lists the pictures that are there")
    source = WRITTEN[format_name][0](tmp_path / "set")
    gone = next((tmp_path / "set").rglob("b.png"))
    gone.unlink()
    data = read(source, learnable=False)
    if format_name == "yolo":  # it lists the pictures that are there
        assert len(data) == 3
        return
    (fault,) = data.quarantined
    assert "b" in fault.what
    assert fault.where
    with pytest.raises(InputError, match="strict"):
        read(source, strict=True, learnable=False)


def test_a_picture_that_is_none_is_quarantined(format_name: str, tmp_path: Path) -> None:
    if format_name in ("webdataset", "huggingface"):
        pytest.skip("its pictures are inside its files")
    source = WRITTEN[format_name][0](tmp_path / "set")
    for path in (tmp_path / "set").rglob("d*.png"):
        path.write_bytes(b"<html>404</html>")
    data = read(source, learnable=False)
    assert len(data) == 3
    assert "HTML" in data.quarantined[0].what


def test_split_folders_and_lists_become_splits(tmp_path: Path) -> None:
    for name in ("voc", "yolo", "roboflow", "cvat", "supervisely", "webdataset", "huggingface"):
        data = read(WRITTEN[name][0](tmp_path / name), learnable=False)
        assert data.split is not None
        by_picture = {Path(row).stem: split for row, split in zip(data.ids.tolist(), data.split.tolist(), strict=True)}
        assert by_picture == {"a": "train", "b": "train", "c": "validation", "d": "train"}, name


def test_the_names_on_the_command_line_are_those_of_the_table() -> None:
    assert set(get_args(FormatName)) == set(BY_NAME)


def test_an_unknown_format_name_is_answered_with_all_names(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read(WRITTEN["coco"][0](tmp_path), format="koko")
    assert all(name in str(error.value) for name in BY_NAME)


def test_the_order_of_rows_does_not_hang_on_the_machine(format_name: str, tmp_path: Path) -> None:
    write, _ = WRITTEN[format_name]
    one, other = (read(write(tmp_path / name), learnable=False) for name in ("one", "other"))
    assert one.ids.tolist() == other.ids.tolist()
    assert np.array_equal(one.truth, other.truth)


def test_open_images_without_a_0_say_what_makes_them_learnable(tmp_path: Path) -> None:
    source = WRITTEN["openimages"][0](tmp_path / "set")
    rows = [line for line in source.read_text().splitlines() if not line.endswith((",0.0", ",0.4"))]
    source.write_text("\n".join(rows) + "\n")
    with pytest.raises(InputError, match=r"take what is unknown as absent \(--unlisted absent\)"):
        read(source)
    assert read(source, unlisted="absent").known.all()
