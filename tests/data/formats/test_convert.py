"""Conversion: what was read is written, reads back with the same fingerprint, and appears whole or not at all."""

from __future__ import annotations

import errno
import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from format_fixtures import WRITTEN, picture, png, text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands import Command
from small_sets import write_features
from tagfit.data.convert.convert import Target, convert
from tagfit.data.convert.pictures import Pictures
from tagfit.data.fingerprint import data_fingerprint
from tagfit.data.pictures import decode
from tagfit.data.read import read
from tagfit.data.splits.split import split
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError

TARGETS = get_args(Target)
STATES = {"present": (1, True), "absent": (0, True), "unknown": (0, False)}
ODD_LABELS = ('a|b, "c"; d', "New York/ Bronx", "n/a", "1.0", "[x]", "Ünïcode 猫", "none", "a\\b", "-1", "é: #1 & co")


@pytest.fixture(params=TARGETS)
def to(request: pytest.FixtureRequest) -> Any:
    return request.param


def fingerprint(data: TaggedSet) -> str:
    assert data.files is not None
    names = np.full(len(data), "") if data.split is None else data.split
    return data_fingerprint(data, names, np.array([decode.read(file).hex() for file in data.files]))


def folds(data: TaggedSet) -> list[int]:
    return [0] * len(data) if data.fold is None else data.fold.tolist()


def make(folder: Path, labels: tuple[str, ...], states: list[list[str]], **columns: Any) -> TaggedSet:
    """A set whose pictures have names that are equal but for their folder, their case, or signs that are replaced."""
    names = ["a/1.png", "b/1.png", "A/1.png", "b/1.x.png", "b/1_x.png", "c.png/x,|ü.png", "c.png/x|,ü.png", "c.png"]
    names += ["猫" * 100 + ".png", "images/c.png", "../..", "/"]
    names = names[: len(states)]
    files = tuple(folder / f"{number}.png" for number in range(len(names)))
    for number, file in enumerate(files):
        picture(file, number)
    cells = [[STATES[state] for state in row] for row in states]
    return TaggedSet(
        ids=np.array(names),
        truth=np.array([[present for present, _ in row] for row in cells], dtype=np.uint8),
        known=np.array([[known for _, known in row] for row in cells]),
        labels=labels,
        files=files,
        **columns,
    )


def full(folder: Path, labels: tuple[str, ...] = ODD_LABELS) -> TaggedSet:
    """A set with everything that a format has to keep."""
    random = np.random.default_rng(3)
    states = random.choice(list(STATES), (12, len(labels)), p=(0.4, 0.4, 0.2)).tolist()
    states[1] = ["unknown"] * len(labels)
    states[2] = ["absent"] * len(labels)
    return make(
        folder,
        labels,
        states,
        groups=np.array(["", "p1", "p1", "a, b", "", "x|y", "07", "7", "", "", "p2", "p2"]),
        weights=np.array([1.0, 0.1, 1 / 3, 2e-9, 5, 0, 1, 1, 1, 1, 1, 1e9]),
        split=np.array(["train", "validation", "test", "", *["train"] * 8]),
        fold=np.arange(12) % 4,
    )


def test_what_is_written_reads_back_the_same(to: Target, tmp_path: Path) -> None:
    data = full(tmp_path / "source")
    shown: list[tuple[int, int]] = []
    convert(data, to, tmp_path / "deep" / "out", on_written=lambda done, total: shown.append((done, total)))
    again = read(tmp_path / "deep" / "out", learnable=False)
    assert again.labels == data.labels
    assert fingerprint(again) == fingerprint(data)
    assert folds(again) == folds(data)
    assert shown == [(number + 1, 12) for number in range(12)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "source"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_sources_of_every_format_keep_their_fingerprint(to: Target, name: str, tmp_path: Path) -> None:
    data = read(WRITTEN[name][0](tmp_path / "set"), learnable=False)
    convert(data, to, tmp_path / "out")
    assert fingerprint(read(tmp_path / "out", learnable=False)) == fingerprint(data)


def test_a_table_keeps_the_fingerprint_of_its_problem(to: Target, tmp_path: Path) -> None:
    tags = ["x|y", "x", "?y", ""] * 5
    rows = [f"{number}.png,{cell},s{number // 2},{1 + number}" for number, cell in enumerate(tags)]
    for number in range(20):
        picture(tmp_path / f"{number}.png", number)
    data = read(text(tmp_path / "tags.csv", "\n".join(["image,tags,group,weight", *rows])))
    convert(data, to, tmp_path / "out")
    one, other = (split(part, size=8) for part in (data, read(tmp_path / "out")))
    assert one.fingerprint == other.fingerprint


@pytest.mark.parametrize("name", ["train", "test", "val2017"])
def test_the_name_of_the_folder_is_no_split(to: Target, name: str, tmp_path: Path) -> None:
    data = replace(full(tmp_path / "source"), split=None)
    convert(data, to, tmp_path / name)
    assert fingerprint(read(tmp_path / name, learnable=False)) == fingerprint(data)


label_names = st.text(
    st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=8
).filter(lambda name: name == name.strip() and name[0] not in "?!")


@given(
    labels=st.lists(label_names, min_size=1, max_size=4, unique=True),
    to=st.sampled_from(TARGETS),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_label_survives_or_is_refused(
    labels: list[str], to: Target, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Never a silent change: what a format cannot represent is an InputError, and leaves nothing."""
    folder = tmp_path_factory.mktemp("convert")
    states = np.random.default_rng(seed).choice(list(STATES), (4, len(labels))).tolist()
    data = make(folder / "source", tuple(labels), states)
    try:
        convert(data, to, folder / "out")
    except InputError:
        assert to == "csv"
        assert [path.name for path in folder.iterdir()] == ["source"]
    else:
        again = read(folder / "out", learnable=False)
        assert again.labels == data.labels
        assert fingerprint(again) == fingerprint(data)


@pytest.mark.parametrize(
    ("label", "to", "said"),
    [("?who", "csv", "begins with"), ("a\nb", "csv", "one line"), ("a\nb", "webdataset", "line")],
)
def test_labels_that_a_format_cannot_represent(label: str, to: Target, said: str, tmp_path: Path) -> None:
    data = full(tmp_path / "source", (label, "b"))
    with pytest.raises(InputError, match=said):
        convert(data, to, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
    convert(data, "parquet", tmp_path / "out")


def test_what_would_change_is_refused(to: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault of the writers: the comparison names what differs."""
    data = full(tmp_path / "source")
    monkeypatch.setattr(f"tagfit.data.convert.write_{to}.describe_row", lambda *_: {})
    with pytest.raises(InputError, match="groups, weights, split, fold would differ"):
        convert(data, to, tmp_path / "out")
    monkeypatch.undo()
    contents: Iterator[bytes] = (png(number) for number in range(99))
    monkeypatch.setattr("tagfit.data.convert.pictures.decode.read", lambda _: next(contents))
    with pytest.raises(InputError, match="the pictures would differ"):
        convert(data, to, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_nothing_is_left_after_an_interruption_or_on_a_full_disk(
    to: Target, fault: BaseException, tmp_path: Path
) -> None:
    def stop(done: int, total: int) -> None:
        if done == 5:
            raise fault

    data = full(tmp_path / "source")
    with pytest.raises(InputError if isinstance(fault, OSError) else KeyboardInterrupt, match=r"No space|^$"):
        convert(data, to, tmp_path / "deep" / "out", on_written=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_names_of_pictures_fit_every_file_system(tmp_path: Path) -> None:
    for dots in (True, False):
        names = [name for _, name, _ in Pictures(full(tmp_path)).each(dots=dots)]
        assert names[:3] == ["a/1.png", "b/1.png", "A/1_2.png"]
        assert len({name.casefold() for name in names}) == 12
        assert "c_2.png" in names  # of images/c.png, as c.png is taken
        assert all(len(part.encode()) <= 255 for name in names for part in name.split("/"))


def test_an_existing_folder_is_refused_before_anything_is_written(to: Target, tmp_path: Path) -> None:
    data = full(tmp_path / "source")
    with pytest.raises(InputError, match="source exists and is not overwritten"):
        convert(data, to, tmp_path / "source", on_written=lambda *_: pytest.fail("a picture was written"))
    assert len(list((tmp_path / "source").iterdir())) == 12


def test_a_picture_that_is_gone(to: Target, tmp_path: Path) -> None:
    data = full(tmp_path / "source")
    (tmp_path / "source" / "7.png").unlink()
    with pytest.raises(InputError, match=r"7\.png"):
        convert(data, to, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command(tagfit: Command, photos: Path, to: Target) -> None:
    assert f"out: 40 pictures, 3 labels, as {to}" in tagfit("data", "convert", photos, "--to", to, "out").out
    document = tagfit("data", "convert", photos, "--to", to, "again", "--labels", "sea,sun", "--json").json
    assert document == {"out": "again", "format": to, "rows": 40, "labels": ["sea", "sun"], "left_out": []}
    assert fingerprint(read("out", learnable=False)) == fingerprint(read(photos, learnable=False))
    before = sorted(Path("out").rglob("*"))
    assert "exists and is not overwritten" in tagfit.refused("data", "convert", photos, "--to", to, "out")
    assert sorted(Path("out").rglob("*")) == before


def test_arrays_are_refused(tagfit: Command) -> None:
    write_features(Path("rows.npz"))
    assert "holds arrays" in tagfit.refused("data", "convert", "rows.npz", "--to", "csv", "out")
    assert not Path("out").exists()


def test_a_missing_extra_is_named_before_the_source_is_read(
    tagfit: Command, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "pyarrow" else find(name, *rest)
    )
    monkeypatch.setattr("tagfit.data.read.read", lambda *_, **__: pytest.fail("the source was read"))
    assert "pip install 'tagfit[parquet]'" in tagfit.refused("data", "convert", photos, "--to", "parquet", "out")
