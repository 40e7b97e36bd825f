"""What programs leave in tables: sep=, empty rows and columns, count lines, blanks as delimiters, encodings, Excel."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from table_sources import advised, pictures, refusal, roles, table, tags

from tagfit.data.read import read

ROWS = ["sea sun", "sea", "sun"]


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\nimage;tags\na.jpg;sea,sun\nb.jpg;sea\nc.jpg;sun\n",
        "SEP=,\r\nimage,tags\r\na.jpg,sea|sun\r\nb.jpg,sea\r\nc.jpg,sun\r\n",
        "image,tags,,\na.jpg,sea|sun,,\nb.jpg,sea,,\nc.jpg,sun,,\n,,,\n,,,\n",
        "image,tags,,\na.jpg,sea|sun\nb.jpg,sea\nc.jpg,sun\n",
        "image,tags\na.jpg,sea|sun,\nb.jpg,sea,,\nc.jpg,sun\n \n",
        "image|tags\na.jpg|sea,sun\nb.jpg|sea\nc.jpg|sun\n",
        "\nimage,tags\na.jpg,sea|sun\n\nb.jpg,sea\nc.jpg,sun\n",
    ],
)
def test_what_spreadsheets_leave_behind(tmp_path: Path, text: str) -> None:
    assert tags(table(tmp_path, text)) == ROWS


def test_rows_are_numbered_as_an_editor_shows_them_after_a_first_line(tmp_path: Path) -> None:
    message = refusal(table(tmp_path, "sep=;\nimage;tags\na.jpg;x|!x\n"))
    assert "tags.csv, row 3" in message


def test_celeba(tmp_path: Path) -> None:
    text = "4\n5_o_Clock_Shadow Bald Male \na.jpg -1  1  1\nb.jpg  1 -1 -1\nc.jpg -1 -1  1\nd.jpg  1  1 -1\n"
    source = table(tmp_path, text, name="list_attr_celeba.txt")
    assert "--minus-one absent" in refusal(source)
    data = read(source, minus_one="absent")
    assert tags(data) == ["Bald Male", "5_o_Clock_Shadow", "Male", "5_o_Clock_Shadow Bald"]
    assert any("counts the rows" in note for note in data.notes)
    assert any("separated by blanks" in note for note in data.notes)


def test_the_partition_of_celeba_and_other_splits(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags,partition\na.jpg,x,0\nb.jpg,y,1\nc.jpg,x,2\nd.jpg,y,\n")
    data = read(source)
    assert data.split is not None
    assert data.split.tolist() == ["train", "validation", "test", ""]
    source.write_text("image,tags,is_valid\na.jpg,x,True\nb.jpg,y,False\nc.jpg,x,nan\nd.jpg,y,0\n")
    data = read(source)
    assert data.split is not None
    assert data.split.tolist() == ["validation", "train", "", "train"]
    source.write_text("image,tags,split\na.jpg,x,0\nb.jpg,y,1\nc.jpg,x,2\nd.jpg,y,0\n")
    message = refusal(source)
    assert message.count("\n") == 1
    assert advised(message) == [{"ignore_columns": "split"}]
    assert read(source, ignore_columns="split").split is None


def test_numbers_that_pandas_made_floats(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags,fold,weight\na.jpg,x,0.0,1\nb.jpg,y,1.0,2.5\nc.jpg,x,2.0,0.5\n")
    data = read(source)
    assert data.fold is not None
    assert data.fold.tolist() == [0, 1, 2]
    source.write_text("image;tags;weight\na.jpg;x;0,5\nb.jpg;y;1,25\n")
    weights = read(source, learnable=False).weights
    assert weights is not None
    assert weights.tolist() == [0.5, 1.25]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_needs_no_option(tmp_path: Path, encoding: str) -> None:
    source = table(tmp_path, "")
    source.write_bytes("image,tags\na.jpg,mär|x\nb.jpg,x\nc.jpg,海\n".encode(encoding))
    assert tags(source) == ["mär x", "x", "海"]


@pytest.mark.parametrize(("text", "encoding"), [("mär", "cp1252"), ("海", "gb18030"), ("мир", "cp1251")])
def test_other_encodings_are_refused_with_what_they_would_read(tmp_path: Path, text: str, encoding: str) -> None:
    source = table(tmp_path, "")
    source.write_bytes(f"image,tags\na.jpg,{text}\nb.jpg,x\n".encode(encoding))
    message = refusal(source)
    assert "tags.csv, row 2" in message
    assert f"--encoding {encoding} reads 'a.jpg,{text}'" in message
    assert tags(source, encoding=encoding) == [text, "x"]


def test_excel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import openpyxl

    pictures(tmp_path, "a.jpg b.jpg c.jpg")
    workbook = openpyxl.Workbook()
    workbook.active.title = "empty"
    sheet = workbook.create_sheet("labels")
    for row in (["image", "sea", "sun", None], ["a.jpg", 1, 0.0, None], [], ["b.jpg", True, 1, None], ["c", 0, None]):
        sheet.append(row)
    workbook.create_sheet("more").append(["x"])
    source = tmp_path / "tags.xlsx"
    workbook.save(source)
    data = read(source)
    assert tags(data) == ["sea", "sea sun", "?sun"]
    assert any("sheet 'labels', not from 'more'" in note for note in data.notes)
    sheet["B4"] = 8
    workbook.save(source)
    assert tags(source, label_columns="sun") == ["", "sun", "?sun"]
    assert "tags.xlsx, row 4: the column 'sea' holds '8'" in refusal(source, label_columns="sea,sun")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "pip install 'tagfit[excel]'" in refusal(source)


@pytest.mark.parametrize("content", [b"PK\x03\x04 nothing", b"", b"image,tags\n"])
def test_a_workbook_that_is_none(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "tags.xlsx"
    source.write_bytes(content)
    assert "cannot be read as an Excel workbook" in refusal(source, format="excel")


def test_a_frame_of_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Frame(dict[str, list[object]]):
        """What a DataFrame is to tagfit: columns that are taken by their names."""

        columns = property(lambda self: list(self))

    monkeypatch.chdir(tmp_path)
    pictures(tmp_path, "a.jpg b.jpg c.jpg")
    frame = Frame(image=["a.jpg", "b.jpg", "c.jpg"], tags=[["x", "y"], [], None], fold=[0.0, 1.0, 0.0])
    data = read(frame, learnable=False)
    assert tags(data) == ["x y", "", ""]
    assert roles(data) == {"image": "picture", "tags": "tags", "fold": "fold"}
    assert data.source is None
    frame = Frame(image=["a.jpg", "b.jpg"], sea=[True, False], sun=[1.0, float("nan")])
    assert tags(read(frame, learnable=False)) == [
        "sea sun",
        "?sun",
    ]
