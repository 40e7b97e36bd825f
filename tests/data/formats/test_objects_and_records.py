"""Labels of objects in a row, records of JSON, and the words for yes, no, unknown and nothing in every format."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from format_fixtures import PICTURES, WRITTEN, add_to_tar, picture, png, text
from test_parquet_columns import refusal, said, tags

from tagfit.data.read import read

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

CLASSES = {"names": ["cat", "dog"], "_type": "ClassLabel"}
BOX = {"feature": {"dtype": "float32", "_type": "Value"}, "length": 4, "_type": "Sequence"}
OBJECTS = [
    {"id": [1, 2], "bbox": [[0.0, 0, 1, 1], [0.0, 0, 2, 2]], "category": [0, 0]},
    {"id": [3], "bbox": [[0.0, 0, 1, 1]], "category": [1]},
    {"id": [], "bbox": [], "category": []},
    {"id": [4, 5], "bbox": [[0.0, 0, 1, 1], [0.0, 0, 2, 2]], "category": [1, 0]},
]
LABELS = ("cat", "dog")
EXPECTED = ["cat", "dog", "", "cat dog"]
LISTS = pa.struct(
    [("id", pa.list_(pa.int64())), ("bbox", pa.list_(pa.list_(pa.float32()))), ("category", pa.list_(pa.int64()))]
)
STRUCTS = pa.list_(pa.struct([("id", pa.int64()), ("bbox", pa.list_(pa.float32())), ("category", pa.int64())]))
IN_LISTS = {"id": {"dtype": "int64", "_type": "Value"}, "bbox": BOX, "category": CLASSES}
LAYOUTS = {
    "a Sequence of a dict": (LISTS, {"feature": IN_LISTS, "_type": "Sequence"}),
    "a dict of Lists": (LISTS, {key: {"feature": one, "_type": "List"} for key, one in IN_LISTS.items()}),
    "a List of dicts": (STRUCTS, {"feature": IN_LISTS, "_type": "List"}),
    "a dict in brackets": (STRUCTS, [IN_LISTS]),
}


def objects_table(layout: str, *, null_row: bool = False) -> Any:
    kind, feature = LAYOUTS[layout]
    rows: list[Any] = [dict(one) for one in OBJECTS]
    if kind is STRUCTS:
        rows = [[dict(zip(row, one, strict=True)) for one in zip(*row.values(), strict=True)] for row in rows]
    if null_row:
        rows[1] = None
    features = {"image": {"_type": "Image"}, "image_id": {"dtype": "int64", "_type": "Value"}, "objects": feature}
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema(
        [("image", image), ("image_id", pa.int64()), ("objects", kind)],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    pictures = [{"bytes": png(number), "path": f"{name}.png"} for number, name in enumerate(PICTURES)]
    return pa.table({"image": pictures, "image_id": range(4), "objects": rows}, schema=schema)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_labels_of_objects_in_parquet_are_those_of_their_class_label(layout: str, tmp_path: Path) -> None:
    pq.write_table(objects_table(layout), tmp_path / "a.parquet")
    data = read(tmp_path / "a.parquet")
    assert data.labels == ("cat", "dog")
    assert tags(data) == EXPECTED
    assert "labels are read from 'objects.category'" in data.notes
    assert said(tmp_path / "a.parquet", tags_column="objects.category") == EXPECTED


@pytest.mark.parametrize("layout", LAYOUTS)
def test_objects_that_are_null_say_nothing(layout: str, tmp_path: Path) -> None:
    pq.write_table(objects_table(layout, null_row=True), tmp_path / "a.parquet")
    assert said(tmp_path / "a.parquet") == ["cat", "?cat ?dog", "", "cat dog"]
    assert said(tmp_path / "a.parquet", blank="absent") == ["cat", "", "", "cat dog"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_objects_of_save_to_disk(layout: str, tmp_path: Path) -> None:
    table = objects_table(layout)
    with pa.OSFile(str(tmp_path / "data-0.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table.slice(0, 1))
        writer.write_table(table.slice(1))
    text(tmp_path / "state.json", json.dumps({"_data_files": [{"filename": "data-0.arrow"}]}))
    text(tmp_path / "dataset_info.json", "{}")
    assert said(tmp_path) == EXPECTED


def test_objects_whose_classes_have_no_names_are_refused(tmp_path: Path) -> None:
    pq.write_table(objects_table("a List of dicts").replace_schema_metadata({}), tmp_path / "a.parquet")
    assert "objects.category holds class numbers without names" in refusal(tmp_path / "a.parquet")


def metadata(folder: Path, *rows: dict[str, Any]) -> Path:
    for name in PICTURES[: len(rows)]:
        picture(folder / f"{name}.png")
    lines = [json.dumps({"file_name": f"{name}.png", **row}) for name, row in zip(PICTURES, rows, strict=False)]
    text(folder / "metadata.jsonl", "\n".join(lines) + "\n")
    return folder


def test_objects_in_an_imagefolder(tmp_path: Path) -> None:
    boxes = [{"objects": {"bbox": one["bbox"], "categories": [LABELS[at] for at in one["category"]]}}
             for one in OBJECTS]  # fmt: skip
    assert said(metadata(tmp_path / "structs", *boxes)) == EXPECTED
    lists = [{"objects": [{"bbox": [0, 0, 1, 1], "label": name} for name in row.split()]} for row in EXPECTED]
    assert said(metadata(tmp_path / "lists", *lists[:2], lists[3], lists[3])) == ["cat", "dog", "cat dog", "cat dog"]
    table = objects_table("a dict of Lists").drop_columns(["image"])
    pq.write_table(table.append_column("file_name", pa.array([f"{name}.png" for name in PICTURES])),
                   metadata(tmp_path / "named", *boxes) / "metadata.parquet")  # fmt: skip
    (tmp_path / "named" / "metadata.jsonl").unlink()
    assert said(tmp_path / "named") == EXPECTED


def test_the_options_of_tables_hold_for_an_imagefolder(tmp_path: Path) -> None:
    rows = [{"tags": "sea|sun", "mood": "calm", "shot": 1, "day": "A"}, {"tags": "none", "mood": "wild", "shot": 0}]
    source = metadata(tmp_path, *rows)
    assert said(source, none_label="none") == ["sea sun", ""]
    assert said(source, tags_column="mood") == ["calm", "wild"]
    assert said(source, label_columns="shot") == ["shot", ""]
    assert said(source, separator="none", tags_column="tags") == ["sea|sun", ""]
    assert read(source, none_label="none", group_column="day").groups is not None
    assert "there is no column 'moods'" in refusal(source, tags_column="moods")


def test_a_name_among_lists_of_names_is_a_list_of_one(tmp_path: Path) -> None:
    assert said(metadata(tmp_path, {"tags": ["sea", "sun"]}, {"tags": "sun"}, {"tags": None})) == [
        *("sea sun", "sun", "?sea ?sun"),
    ]


def test_unknown_labels_and_rows_of_an_imagefolder(tmp_path: Path) -> None:
    rows = [{"tags": ["sea"], "unknown": ["sun"]}, {"tags": ["sun"], "unknown": []}, {"tags": None}, {"tags": []}]
    assert said(metadata(tmp_path, *rows)) == ["sea ?sun", "sun", "?sea ?sun", ""]


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_columns_of_yes_and_no_in_an_imagefolder(ending: str, tmp_path: Path) -> None:
    source = metadata(tmp_path, {"sea": "yes", "sun": 1.0}, {"sea": "no", "sun": True}, {"sea": None, "sun": 0})
    if ending == "csv":
        (source / "metadata.jsonl").unlink()
        text(source / "metadata.csv", "file_name,sea,sun\na.png,yes,1.0\nb.png,no,True\nc.png,,0\n")
    assert said(source) == ["sea sun", "sun", "?sea"]
    assert said(source, blank="absent") == ["sea sun", "sun", ""]


def shard(folder: Path, *rows: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / "s.tar", "w") as tar:
        for number, row in enumerate(rows):
            add_to_tar(tar, f"{number}.png", png(number))
            add_to_tar(tar, f"{number}.json", json.dumps(row).encode())
    return folder / "s.tar"


def test_records_of_a_shard_know_the_words_of_tables(tmp_path: Path) -> None:
    source = shard(tmp_path, {"sea": "yes", "sun": 1.0, "split": "val", "weight": "2"}, {"sea": "no", "sun": None})
    data = read(source, learnable=False)
    assert tags(data) == ["sea sun", "?sun"]
    assert data.split is not None
    assert data.split.tolist() == ["validation", ""]
    assert data.weights is not None
    assert data.weights.tolist() == [2.0, 1.0]
    texts = shard(tmp_path / "texts", {"tags": "sea; sun"}, {"tags": "sun"}, {"tags": None}, {"tags": "sea"})
    assert said(texts) == ["sea sun", "sun", "?sea ?sun", "sea"]
    assert said(texts, blank="absent") == ["sea sun", "sun", "", "sea"]


def doubtful(kind: str, folder: Path) -> Path:
    if kind == "webdataset":
        return shard(folder, {"sea": 1, "sun": -1}, {"sea": -1, "sun": 1})
    if kind == "imagefolder":
        return metadata(folder, {"sea": 1, "sun": -1}, {"sea": -1, "sun": 1})
    for name in "ab":
        picture(folder / "train" / f"{name}.png")
    text(folder / "train" / "_classes.csv", "filename,sea,sun\na.png,1,-1\nb.png,-1,1\n")
    return folder


@pytest.mark.parametrize("kind", ["webdataset", "imagefolder", "roboflow"])
def test_minus_one_without_a_zero_is_refused_and_either_option_decides(kind: str, tmp_path: Path) -> None:
    source = doubtful(kind, tmp_path)
    assert "--minus-one absent, or --minus-one unknown" in refusal(source)
    assert said(source, minus_one="absent") == ["sea", "sun"]
    assert said(source, minus_one="unknown") == ["sea ?sun", "?sea sun"]


def test_options_that_change_nothing_are_named(tmp_path: Path) -> None:
    source = WRITTEN["coco"][0](tmp_path / "set")
    assert not read(source, learnable=False, unlisted="absent").warnings
    (warning,) = read(source, learnable=False, tags_column="tags", minus_one="absent").warnings
    assert warning.what == "COCO or LVIS JSON: --tags-column, --minus-one change nothing"


def test_blanks_without_a_zero_are_refused_in_roboflow(tmp_path: Path) -> None:
    source = doubtful("roboflow", tmp_path)
    table = source / "train" / "_classes.csv"
    table.write_text(table.read_text().replace("-1", ""))
    assert "--blank absent, or --blank unknown" in refusal(source)
    assert said(source, blank="absent") == ["sea", "sun"]
    table.write_text("filename,sea,sun\na.png,x,\nb.png,,x\n")
    assert said(source) == ["sea", "sun"], "blanks next to ticks are absent"


def test_a_path_out_of_an_imagefolder_is_refused(tmp_path: Path) -> None:
    source = metadata(tmp_path / "in", {"tags": ["sea"]}, {"tags": ["sun"]})
    picture(tmp_path / "z.png", 5)
    path = source / "metadata.jsonl"
    path.write_text(path.read_text().replace('"a.png"', '"../z.png"'))
    assert "the path '../z.png' leaves the folder" in refusal(source)
