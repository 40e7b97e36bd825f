"""Roles of columns: by option, by name, by content; ties and swallowed labels are reported with what decides them."""

from __future__ import annotations

from pathlib import Path

import pytest
from table_sources import advised, pictures, refusal, roles, table, tags

from tagfit.data.read import read


@pytest.mark.parametrize(
    "header",
    [
        "image_name,tags", "Image Index,Finding Labels", "ImageID,labels", "ID,TARGET", "Path,Keywords",
        "file_name,Genre", "SOURCEFILE,subject", "FName,attribute_ids", "image-path,category", "Id,Labels",
    ],
)  # fmt: skip
def test_usual_names_whatever_their_case_blanks_and_signs(tmp_path: Path, header: str) -> None:
    source = table(tmp_path, f"{header}\na.jpg,sea|sun\nb.jpg,sea\nc.jpg,\n")
    data = read(source)
    assert list(roles(data).values()) == ["picture", "tags"]
    assert tags(data) == ["sea sun", "sea", ""]


def test_by_content_where_no_name_is_known(tmp_path: Path) -> None:
    source = table(tmp_path, "bild,worte,nummer\na.jpg,sea|sun,1.5\nb.jpg,sea,2.5\nc.jpg,sun|sea,3.5\nd.jpg,sun,4.5\n")
    data = read(source)
    assert roles(data) == {"bild": "picture", "worte": "tags", "nummer": "ignored"}
    assert "its cells name picture files" in data.columns[0].why
    assert "sets of few values" in data.columns[1].why


def test_names_without_ending_are_found_by_content_as_well(tmp_path: Path) -> None:
    source = table(tmp_path, "bild,sea,sun\na,1,0\nb,0,1\nc,1,1\nd,0,0\n")
    assert roles(read(source)) == {"bild": "picture", "sea": "label", "sun": "label"}


def test_options_name_every_role(tmp_path: Path) -> None:
    text = "left,right,words,who,note,sea\na.jpg,b.jpg,x|y,anna,1,0\nc.jpg,d.jpg,x,ben,0,1\n"
    source = table(tmp_path, text)
    data = read(source, image_column="right", tags_column="words", group_column="WHO", learnable=False)
    assert roles(data) == {
        "left": "ignored", "right": "picture", "words": "tags", "who": "group", "note": "ignored", "sea": "ignored",
    }  # fmt: skip
    assert data.ids.tolist() == ["b.jpg", "d.jpg"]
    assert data.groups is not None
    assert data.groups.tolist() == ["anna", "ben"]
    labels = read(source, image_column="left", label_columns="note:sea", learnable=False)
    assert labels.labels == ("note", "sea")
    assert read(source, image_column="left", label_columns="s*", learnable=False).labels == ("sea",)
    data = read(source, image_column="left", label_columns="note,sea", ignore_columns="n*", learnable=False)
    assert "'who': ignored (it holds 'anna', not 0 and 1)" in data.notes[0]


def test_several_columns_of_tags_are_one_list(tmp_path: Path) -> None:
    source = table(tmp_path, "id,kind,colour\na.jpg,shirt,red\nb.jpg,shirt,blue\nc.jpg,shoe,red\nd.jpg,,blue\n")
    assert tags(source, tags_column="kind,colour") == ["red shirt", "blue shirt", "red shoe", "blue"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("left,right,tags\na.jpg,b.jpg,x\nc.jpg,d.jpg,y\n", "several columns name pictures: 'left', 'right'"),
        ("image,tags,Keywords\na.jpg,x,y\nb.jpg,y,x\n", "several columns may hold the tags: 'tags', 'Keywords'"),
        ("image,kind,hue\na.jpg,x,r\nb.jpg,x,s\nc.jpg,y,r\nd.jpg,y,s\n", "may hold the tags: 'kind', 'hue'"),
        ("image,label\na.jpg,0\nb.jpg,1\n", "'label' holds nothing but 0 and 1".replace("'", "")),
        ("image,sea,sun,split\na.jpg,1,0,0\nb.jpg,0,1,1\nc.jpg,1,1,0\n", "is it a label or a split"),
    ],
)
def test_a_tie_is_reported_and_each_option_it_names_decides(tmp_path: Path, text: str, part: str) -> None:
    source = table(tmp_path, text)
    message = refusal(source)
    assert part in message
    options = advised(message)
    assert len(options) >= 2
    for option in options:
        assert len(read(source, learnable=False, **option)) >= 2


@pytest.mark.parametrize(
    "text",
    [
        "filename,image,path,sea\na.jpg,1,0,0\nb.jpg,0,1,1\nc.jpg,1,0,1\n",
        "image,label,target,sea\na.jpg,1,0,0\nb.jpg,0,1,1\nc.jpg,1,0,1\n",
    ],
)
def test_labels_with_the_names_of_pictures_and_tags_are_labels(tmp_path: Path, text: str) -> None:
    data = read(table(tmp_path, text))
    assert data.labels == tuple(text.partition("\n")[0].split(",")[1:])


@pytest.mark.parametrize(("role", "meaning"), [("fold", "fold"), ("group", "group"), ("weight", "weight")])
def test_labels_with_the_names_of_roles_are_not_swallowed_in_silence(tmp_path: Path, role: str, meaning: str) -> None:
    source = table(tmp_path, f"image,sea,{role}\na.jpg,1,0\nb.jpg,0,1\nc.jpg,1,1\n")
    data = read(source)
    assert data.labels == ("sea",)
    (warning,) = data.warnings
    assert f"'{role}' is taken as the {meaning} of each row" in str(warning)
    (option,) = advised(str(warning))
    other = read(source, **option)  # type: ignore[arg-type]
    assert other.labels == ("sea", role)
    assert not other.warnings


def test_groups_and_weights_that_are_meant_are_listed(tmp_path: Path) -> None:
    text = "image,sea,group,weight,split\na.jpg,1,g,0.5,train\nb.jpg,0,h,1,val\nc.jpg,1,nan,2,\n"
    data = read(table(tmp_path, text))
    assert list(roles(data).values()) == ["picture", "label", "group", "weight", "split"]
    assert data.groups is not None
    assert data.groups.tolist() == ["g", "h", ""]
    assert "'group': group (by its name)" in data.notes[0]


def test_a_reserved_name_can_be_asked_for_as_a_label(tmp_path: Path) -> None:
    source = table(tmp_path, "image,sea,group\na.jpg,1,0\nb.jpg,0,1\nc.jpg,1,1\n")
    assert read(source, labels=["sea", "group"]).labels == ("sea", "group")
    grouped = read(source, group_column="group", learnable=False)
    assert grouped.labels == ("sea",)
    assert grouped.groups is not None


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"image_column": "pictur"}, "no column 'pictur', which --image-column names"),
        ({"tags_column": "nope"}, "no column 'nope', which --tags-column names"),
        ({"label_columns": "sun:image"}, "'sun:image' ends before it begins"),
        ({"label_columns": "z*"}, "no column matches 'z*'"),
        ({"ignore_columns": "seaa"}, "did you mean 'sea'?"),
        ({"label_columns": "sea", "tags_column": "sun"}, "both --tags-column and --label-columns"),
        ({"label_columns": "sea,,sun"}, "each name once"),
        ({"images": "nowhere"}, "no folder nowhere"),
        ({"blank": "no"}, "blank is 'no'"),
        ({"encoding": "klingon"}, "no encoding 'klingon'"),
    ],
)
def test_options_that_cannot_be_met_are_named(tmp_path: Path, options: dict[str, str], part: str) -> None:
    source = table(tmp_path, "image,sea,sun\na.jpg,1,0\nb.jpg,0,1\n")
    assert part in refusal(source, **options)


def test_a_table_without_a_header(tmp_path: Path) -> None:
    source = table(tmp_path, "a.jpg,x\nb.jpg,y\nc.jpg,x\n")
    assert "the first row names a picture, 'a.jpg'" in refusal(source)
    assert "--columns image,tags" in refusal(source)
    assert tags(source, columns="image,tags") == ["x", "y", "x"]


def test_images_names_the_folder_from_here_or_from_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tmp_path / "elsewhere", "a.jpg b.jpg")
    source = table(tmp_path / "data", "image,tags\na.jpg,x\nb.jpg,y\n", files="pictures/a.jpg pictures/b.jpg")
    for images in (tmp_path / "elsewhere", "pictures"):
        data = read(source, images=images)
        assert data.files is not None
        assert [file.parent.name for file in data.files] == [Path(images).name] * 2
    monkeypatch.chdir(tmp_path)
    assert len(read(source, images="elsewhere")) == 2


def test_a_label_named_none_says_nothing(tmp_path: Path) -> None:
    source = table(tmp_path, "image,No Finding,sea\na.jpg,1,0\nb.jpg,0,1\n")
    assert read(source).labels == ("No Finding", "sea")
    assert read(source, none_label="no finding").labels == ("sea",)
