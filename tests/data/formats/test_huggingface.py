"""Rows of Hugging Face: Parquet files and what `save_to_disk` writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from format_fixtures import (
    FEATURES,
    PLAIN,
    WRITTEN,
    huggingface_table,
    picture,
    png,
    text,
    write_saved,
)
from test_every_format import states

from tagfit.data.inputs import read_inputs
from tagfit.data.read import read
from tagfit.data.readers.formats import recognised
from tagfit.data.source_report import check
from tagfit.errors import InputError


def test_saved_to_disk_is_read_as_the_parquet_files(tmp_path: Path, cache_dir: Path) -> None:
    data = read(write_saved(tmp_path / "saved"), learnable=False)
    assert recognised(tmp_path / "saved")[1].name == "huggingface"
    assert states(data) == PLAIN
    parquet = read(WRITTEN["huggingface"][0](tmp_path / "parquet"), learnable=False)
    digests = [sorted(read_inputs(one, 8, cache_dir=cache_dir).digests.tolist()) for one in (data, parquet)]
    assert digests[0] == digests[1]
    text(tmp_path / "dict" / "dataset_dict.json", json.dumps({"splits": ["train", "test"]}))
    for split in ("train", "test"):
        write_saved(tmp_path / "dict" / split)
    both = read(tmp_path / "dict", learnable=False)
    assert both.split is not None
    assert both.split.tolist() == ["train"] * 4 + ["test"] * 4
    assert len(set(both.ids.tolist())) == 8


LISTS = [
    {"feature": {"names": ["cat", "dog", "sun"], "_type": "ClassLabel"}, "_type": kind}
    for kind in ("List", "Sequence", "LargeList")
] + [[{"names": ["cat", "dog", "sun"], "_type": "ClassLabel"}]]


@pytest.mark.parametrize("feature", LISTS, ids=lambda feature: str(feature)[-20:])
def test_lists_of_classes_in_all_spellings(feature: object, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(huggingface_table(features={**FEATURES, "labels": feature}), path)
    assert states(read(path, learnable=False)) == PLAIN


def parquet(tmp_path: Path, **columns: object) -> Path:
    table = huggingface_table().drop_columns(["labels"]).replace_schema_metadata({})
    for name, column in columns.items():
        table = table.append_column(name, column if isinstance(column, pa.Array) else pa.array(column))
    pq.write_table(table, tmp_path / "a.parquet")
    return tmp_path / "a.parquet"


def test_without_metadata_the_picture_is_known_by_its_type(tmp_path: Path) -> None:
    data = read(parquet(tmp_path, tags=[["cat", "dog"], ["dog"], None, ["sun"]]), learnable=False)
    assert data.truth.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert data.known.tolist() == [[True] * 3, [True] * 3, [False] * 3, [True] * 3]


def test_columns_of_0_and_1_are_labels(tmp_path: Path) -> None:
    source = parquet(tmp_path, cat=[1, 0, None, -1], sun=[True, False, False, None], size=[5, 0, 1, 2])
    data = read(source, learnable=False)
    assert data.labels == ("cat", "sun")
    assert data.truth.tolist() == [[1, 1], [0, 0], [0, 0], [0, 0]]
    assert data.known.tolist() == [[True, True], [True, True], [False, True], [False, False]]


def test_vectors_of_0_and_1_have_no_names(tmp_path: Path) -> None:
    vectors = pa.array([[1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]], pa.list_(pa.int64(), 3))
    source = parquet(tmp_path, labels=vectors)
    with pytest.raises(InputError, match="--labels FILE gives 3 names"):
        read(source)
    assert states(read(source, labels="cat,dog,sun", learnable=False)) == PLAIN


FAULTY: list[tuple[dict[str, object], str]] = [
    ({"tags": [["cat"], [None], [], ["sun"]]}, r"a.parquet, row 2: tags holds null"),
    ({"tags": [["cat"], [" "], [], ["sun"]]}, "empty name"),
    ({"tags": [["cat"], [], [], []], "extra": [["x"], [], [], []]}, "None"),
    ({"first": [["cat"], [], [], []], "second": [["x"], [], [], []]}, "several columns hold labels: 'first', 'second'"),
    ({"labels": [[0], [1], [], []]}, "class numbers without names"),
    ({"tags": [["cat"], [], [], []], "weight": [1.0, 2.0, -1.0, 0.0]}, "row 3: the weight is -1.0"),
    ({"tags": [["cat"], [], [], []], "split": ["train", "dev", "", "test"]}, "the split is 'dev'"),
    ({"text": ["a", "b", "c", "d"]}, "no column holds labels"),
]


@pytest.mark.parametrize(("columns", "said"), FAULTY)
def test_columns_that_cannot_be_read_are_named(columns: dict[str, object], said: str, tmp_path: Path) -> None:
    source = parquet(tmp_path, **columns)
    if said == "None":  # the usual name decides
        assert read(source, learnable=False).labels == ("cat",)
        return
    with pytest.raises(InputError, match=said):
        read(source)


def test_a_class_beyond_the_names_is_refused_with_its_row(tmp_path: Path) -> None:
    table = huggingface_table()
    table = table.set_column(1, table.schema.field(1), pa.array([[0], [7], [], [-1]], pa.list_(pa.int64())))
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"row 2: labels holds the class 7(.|\n)*row 4: labels holds the class -1"):
        read(tmp_path / "a.parquet")


def with_paths(tmp_path: Path, paths: list[str | None], first: bytes | None = None) -> Path:
    table = huggingface_table()
    images = [{"bytes": first if not row else None, "path": path} for row, path in enumerate(paths)]
    table = table.set_column(0, table.schema.field(0), pa.array(images, table.schema.field(0).type))
    (tmp_path / "inner").mkdir(exist_ok=True)
    pq.write_table(table, tmp_path / "inner" / "a.parquet")
    return tmp_path / "inner" / "a.parquet"


@pytest.mark.parametrize("path", ["../secret.png", "/etc/hostname", "link.png"])
def test_a_path_that_leaves_the_folder_is_refused(path: str, tmp_path: Path) -> None:
    picture(tmp_path / "secret.png", 5)
    source = with_paths(tmp_path, ["a.png", path, "c.png", "d.png"], png(0))
    (tmp_path / "inner" / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(InputError, match=r"a.parquet, row 2: .*leaves the folder"):
        read(source)


def test_rows_without_bytes_are_read_from_their_paths(tmp_path: Path, cache_dir: Path) -> None:
    source = with_paths(tmp_path, ["a.png", "b.png", "c.png", None], png(0))
    for name in "bc":
        picture(tmp_path / "inner" / f"{name}.png")
    (tmp_path / "inner" / "c.png").write_bytes(b"no picture")
    data = read(source, learnable=False)
    assert [str(file).rpartition("/")[2] for file in data.files or ()] == ["row 0", "b.png"]
    assert [fault.where for fault in data.quarantined] == ["a.parquet, row 3", "a.parquet, row 4"]
    assert len(read_inputs(data, 8, cache_dir=cache_dir).rows) == 2


def test_rows_are_read_in_any_order(tmp_path: Path) -> None:
    count = 400
    table = pa.table(
        {
            "image": pa.array([png(row) for row in range(count)], pa.binary()),
            "tags": [["a"] if row % 2 else ["b"] for row in range(count)],
        }
    )
    pq.write_table(table, tmp_path / "many.parquet", row_group_size=150)
    data = read(tmp_path / "many.parquet", learnable=False)
    assert data.files is not None
    order = np.random.default_rng(0).permutation(count)
    for row in [*range(count), *order[:60].tolist(), count - 1, 0]:
        assert data.files[row].read_bytes() == png(row), row


def test_a_broken_picture_in_a_file_is_left_out_when_it_is_decoded(tmp_path: Path, cache_dir: Path) -> None:
    source = with_paths(tmp_path, ["a.png"] * 4, b"<html>")
    report = check(source, cache_dir=cache_dir)
    assert report.rows == 0 or "HTML" in str(report.quarantined[-1])
