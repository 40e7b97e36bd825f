"""Parquet with several columns that may hold labels: roles by option, by type, by name; confidences; plain tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from format_fixtures import PICTURES, huggingface_table, picture

from tagfit.data.read import read
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def parquet(folder: Path, **columns: object) -> Path:
    """A file with embedded pictures and these columns."""
    table = huggingface_table().drop_columns(["labels"]).replace_schema_metadata({})
    for name, column in columns.items():
        table = table.append_column(name, column if isinstance(column, pa.Array) else pa.array(column))
    pq.write_table(table, folder / "a.parquet")
    return folder / "a.parquet"


def paths(folder: Path, **columns: object) -> Path:
    """A file of paths beside the pictures, as pandas writes it."""
    for name in PICTURES:
        picture(folder / f"{name}.png")
    columns = {"image": [f"{name}.png" for name in PICTURES], **columns}
    table = pa.table(columns)
    pq.write_table(table, folder / "t.parquet")
    return folder / "t.parquet"


def tags(data: TaggedSet) -> list[str]:
    return [
        " ".join(
            f"?{label}" if not known else label
            for label, present, known in zip(data.labels, truth, mask, strict=True)
            if present or not known
        )
        for truth, mask in zip(data.truth, data.known, strict=True)
    ]


def said(source: Path, **options: Any) -> list[str]:
    return tags(read(source, learnable=False, **options))


def refusal(source: Path, **options: Any) -> str:
    with pytest.raises(InputError) as raised:
        read(source, learnable=False, **options)
    return str(raised.value)


def test_several_columns_of_labels_are_decided_by_options(tmp_path: Path) -> None:
    source = parquet(tmp_path, kind=[["cat"], ["dog"], [], None], hue=[["red"], ["blue"], ["red"], ["blue"]])
    message = refusal(source)
    assert "several columns hold labels: 'kind', 'hue'" in message
    assert "--tags-column kind or --tags-column hue, or --tags-column kind,hue for all of them" in message
    assert said(source, tags_column="kind") == ["cat", "dog", "", "?cat ?dog"]
    assert said(source, tags_column="hue") == ["red", "blue", "red", "blue"]
    assert said(source, tags_column="kind,hue") == ["cat red", "blue dog", "red", "blue ?cat ?dog"]
    assert said(source, ignore_columns="kind") == ["red", "blue", "red", "blue"]
    assert said(source, tags_column="kind", blank="absent") == ["cat", "dog", "", ""]
    assert "no column 'kin', which --tags-column names (did you mean 'kind'?)" in refusal(source, tags_column="kin")


def test_columns_of_0_and_1_are_chosen_by_name_pattern_or_range(tmp_path: Path) -> None:
    source = parquet(tmp_path, cat=[1, 0, 0, 1], dog=[0, 1, 1, 0], is_day=[1, 1, 0, 0], tags=[["x"], [], ["y"], []])
    assert read(source, learnable=False).labels == ("x", "y")
    assert read(source, label_columns="cat:dog").labels == ("cat", "dog")
    assert read(source, label_columns="is_*").labels == ("is_day",)
    assert read(source, ignore_columns="tags,is_day").labels == ("cat", "dog")
    assert "'tags' holds list" in refusal(source, label_columns="cat,tags")


def test_what_pandas_writes_where_a_value_is_missing_is_still_a_label(tmp_path: Path) -> None:
    source = parquet(tmp_path, cat=[1, 0, 0, 1], dog=[0.0, 1.0, float("nan"), None], sun=["yes", "no", "no", ""])
    assert said(source) == ["cat sun", "dog", "?dog", "cat ?dog ?sun"]


@pytest.mark.parametrize(
    ("values", "option"), [([1, -1, -1, 1], "minus_one"), ([1, None, None, 1], "blank"), (["1", "", "", "1"], "blank")]
)
def test_doubtful_customs_are_refused_with_both_readings(tmp_path: Path, values: list[Any], option: str) -> None:
    source = parquet(tmp_path, cat=values, dog=[values[0], *values[:-1]])
    name = option.replace("_", "-")
    assert f"--{name} absent, or --{name} unknown" in refusal(source)
    assert said(source, **{option: "absent"}) == ["cat dog", "dog", "", "cat"]
    assert said(source, **{option: "unknown"}) == ["cat dog", "?cat dog", "?cat ?dog", "cat ?dog"]


def test_a_label_called_group_is_not_swallowed_in_silence(tmp_path: Path) -> None:
    source = parquet(tmp_path, cat=[1, 0, 0, 1], group=[0, 1, 1, 0], weight=[1, 1, 0, 1])
    data = read(source)
    assert data.labels == ("cat",)
    assert data.groups is not None
    assert ["group" in str(one) for one in data.warnings] == [True, False]
    assert "--label-columns cat,group" in str(data.warnings[0])
    assert read(source, label_columns="cat,group").labels == ("cat", "group")
    assert read(source, label_columns="cat,group").groups is None


def test_the_group_is_any_column_and_is_not_a_label(tmp_path: Path) -> None:
    source = parquet(tmp_path, tags=[["x"], [], ["y"], []], patient=[7, 7, 8, 9], kind=[["a"], ["b"], [], []])
    data = read(source, tags_column="tags", group_column="Patient", learnable=False)
    assert data.groups is not None
    assert data.groups.tolist() == ["7", "7", "8", "9"]


def test_several_columns_of_pictures_are_decided_by_an_option(tmp_path: Path) -> None:
    image = huggingface_table().column("image").combine_chunks()
    source = parquet(tmp_path, mask=image, tags=[["x"], [], ["y"], []])
    assert "--image-column image or --image-column mask" in refusal(source)
    assert len(read(source, image_column="mask", learnable=False)) == 4
    assert "'tags' holds list" in refusal(source, image_column="tags")


def test_confidences_beside_lists_of_labels(tmp_path: Path) -> None:
    source = parquet(tmp_path, tags=[["x", "y"], ["x"], ["y"], []], scores=[[1.0, 0.6], [0.0], [0.3], []])
    assert said(source) == ["x ?y", "?y", "?x ?y", "?x ?y"]
    assert said(source, confidence_at_least=0.5) == ["x y", "?y", "?x ?y", "?x ?y"]
    assert said(source, confidence_at_least=0.5, unlisted="absent") == ["x y", "", "", ""]
    odd = parquet(tmp_path, tags=[["x", "y"], [], [], []], scores=[[1.0], [], [], []])
    assert "row 1: scores has 1 numbers for 2 labels" in refusal(odd)
    fractions = parquet(tmp_path, tags=[["x"], ["y"], [], []], scores=[[0.4], [0.6], [], []])
    assert "--confidence-at-least" in refusal(fractions)
    beyond = parquet(tmp_path, tags=[["x"], ["y"], [], []], scores=[[0.4], [6.0], [], []])
    assert "row 2: a confidence is 6" in refusal(beyond)


@pytest.mark.parametrize(
    "columns", [{"tags": [["x"], ["y"], [], []]}, {"tags": ["x", "y", "x", "y"]}, {"x": [1, 0, 0, 1]}]
)
def test_a_cut_without_confidences_is_refused(columns: dict[str, object], tmp_path: Path) -> None:
    assert "--confidence-at-least is given, but" in refusal(parquet(tmp_path, **columns), confidence_at_least=0.5)


def test_texts_are_read_as_the_cells_of_a_table_are(tmp_path: Path) -> None:
    source = parquet(tmp_path, tags=["sea;sun", "sun", "", None], place=["a", "b", "c", "d"])
    assert said(source) == ["sea sun", "sun", "", "?sea ?sun"]
    assert said(source, blank="absent")[3] == ""
    plus = parquet(tmp_path, tags=["sea+sun", "sun", "none", "sea"])
    assert said(plus, separator="+", none_label="none") == ["sea sun", "sun", "", "sea"]


def test_a_file_of_paths_and_texts_is_a_table(tmp_path: Path) -> None:
    names = ["a.png", "a.png", "b.png", "b.png", "c.png", "c.png"]
    labels, sure = ["x", "y", "x", "y", "x", "y"], [1.0, 0.0, 0.6, 0.7, 0.0, 1.0]
    source = paths(tmp_path, image=names, label=labels, confidence=sure)
    data = read(source, learnable=False)
    assert tags(data) == ["x", "?x ?y", "y"]
    assert data.columns
    assert said(source, confidence_at_least=0.7) == ["x", "?x y", "y"]
    whole = paths(tmp_path, Keywords=["x,y", "x", "y", ""], camera=["n", "n", "m", "m"])
    assert said(whole, group_column="camera") == ["x y", "x", "y", ""]


def test_shards_of_a_table_are_one_table(tmp_path: Path) -> None:
    for name in PICTURES:
        picture(tmp_path / f"{name}.png")
    for number, rows in enumerate(([("a", "x"), ("a", "y"), ("b", "x")], [("b", "y"), ("c", "x"), ("c", "y")])):
        table = pa.table({"image": [f"{name}.png" for name, _ in rows], "label": [label for _, label in rows]})
        pq.write_table(table, tmp_path / f"{number}.parquet")
    assert said(tmp_path) == ["x y", "x y", "x y"]


def test_folds_with_a_gap_are_whole_numbers_as_floats(tmp_path: Path) -> None:
    data = read(parquet(tmp_path, tags=[["x"], ["y"], [], []], fold=[0.0, 1.0, 1.0, 0.0]))
    assert data.fold is not None
    assert data.fold.dtype == np.int64
    assert "the fold is 0.5" in refusal(parquet(tmp_path, tags=[["x"], ["y"], [], []], fold=[0.0, 0.5, 1.0, 0.0]))
    assert "'weight' holds string" in refusal(parquet(tmp_path, tags=[["x"], [], [], []], weight=["a", "b", "c", "d"]))


def test_categories_of_pandas_are_texts(tmp_path: Path) -> None:
    source = parquet(tmp_path, tags=pa.array(["x", "y", "x", "y"]).dictionary_encode())
    assert said(source) == ["x", "y", "x", "y"]
