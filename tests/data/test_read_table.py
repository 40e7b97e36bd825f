"""CSV and TSV: columns, what a cell means, rows that cannot be used, and paths that must not leave the folder."""

from __future__ import annotations

import os
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagfit import multihot
from tagfit.data.read import read
from tagfit.errors import InputError


def picture(path: Path, colour: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), (colour, 0, 0)).save(path)


def table(folder: Path, text: str, *, name: str = "tags.csv", pictures: str = "abcd") -> Path:
    for number, letter in enumerate(pictures):
        picture(folder / f"{letter}.png", number)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def tags(data: object) -> list[tuple[str, ...]]:
    return multihot.decode(data.truth, data.labels)  # type: ignore[attr-defined]


def faults(source: Path, **options: object) -> str:
    with pytest.raises(InputError) as raised:
        read(source, **options)  # type: ignore[arg-type]
    return str(raised.value)


def test_tags_cells_say_present_absent_unknown(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags\na.png,sea|sun\nb.png,\nc.png,?\nd.png,!sun|?sea\n")
    data = read(source)
    assert data.labels == ("sea", "sun")
    assert data.truth.tolist() == [[1, 1], [0, 0], [0, 0], [0, 0]]
    assert data.known.tolist() == [[True, True], [True, True], [False, False], [False, True]]
    assert data.ids.tolist() == ["a.png", "b.png", "c.png", "d.png"]
    assert any("'|'" in note for note in data.notes)


def test_what_is_not_listed_is_absent_or_unknown_as_asked(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags\na.png,sea|!sun\nb.png,sun|!sea\n")
    assert read(source, unlisted="unknown").known.tolist() == [[True, True], [True, True]]
    source.write_text("image,tags\na.png,sea\nb.png,sun\nc.png,!sea|!sun\n")
    assert read(source, unlisted="unknown").known.tolist() == [[True, False], [False, True], [True, True]]
    assert "absent or unknown" in faults(source, unlisted="maybe")


@pytest.mark.parametrize(
    ("cells", "labels", "warned"),
    [
        (["x|y", "x", "y"], ("x", "y"), False),
        (["x;y", "x", "y"], ("x", "y"), False),
        (["x, y", "x", "y"], ("x", "y"), False),
        (["Places|Italy, x", "x", "y"], ("Places|Italy", "x", "y"), True),
        (["Places|Italy, x", "a|b", "y"], ("Places|Italy", "a|b", "x", "y"), True),
        (["x;New York, NY", "x", "y"], ("New York, NY", "x", "y"), True),
        (["a/b|x", "x", "y"], ("a/b", "x", "y"), True),
        (["x y", "x", "y"], ("x", "x y", "y"), True),
    ],
)
def test_the_separator_is_found_and_told(
    tmp_path: Path, cells: list[str], labels: tuple[str, ...], warned: bool
) -> None:
    rows = "".join(f'{name}.png,"{cell}"\n' for name, cell in zip("abc", cells, strict=True))
    data = read(table(tmp_path, f"image,tags\n{rows}"))
    assert data.labels == labels
    assert any("separator" in note for note in data.notes)
    assert bool(data.warnings) == warned


def test_a_rare_sign_does_not_become_the_separator(tmp_path: Path) -> None:
    rows = "".join(f'{i}.png,"x|y{i % 3}"\n' for i in range(30))
    for i in range(31):
        picture(tmp_path / f"{i}.png", i)
    data = read(table(tmp_path, f'image,tags\n{rows}30.png,"z, w"\n', pictures=""))
    assert data.labels == ("x", "y0", "y1", "y2", "z, w")
    assert any("','" in str(warning) for warning in data.warnings)


def test_a_space_must_be_named(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags\na.png,sea sun\nb.png,sun\nc.png,\n")
    assert read(source, separator="space").labels == read(source, separator=" ").labels == ("sea", "sun")


def test_columns_of_zeros_and_ones(tmp_path: Path) -> None:
    text = "filename\tsea\tsun\tsand\na.png\t1\t0\t\nb.png\tFalse\t1.0\t?\nc.png\tnan\t-1\t1\nd.png\t0\t0\t0\n"
    data = read(table(tmp_path, text, name="x.tsv"))
    assert data.labels == ("sea", "sun", "sand")
    assert data.truth.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert data.known.tolist() == [[True, True, False], [True, True, False], [False, False, True], [True] * 3]


def test_a_column_that_is_no_label_is_ignored_and_listed(tmp_path: Path) -> None:
    source = table(tmp_path, "image,width,sea\na.png,640,1\nb.png,480,0\n")
    for options in ({}, {"exclude_labels": "wid*"}, {"labels": ["sea"]}, {"label_columns": "sea"}):
        data = read(source, **options)  # type: ignore[arg-type]
        assert data.labels == ("sea",)
        assert [column.role for column in data.columns] == ["picture", "ignored", "label"]
    assert "'width': ignored (it holds '640', not 0 and 1)" in "".join(read(source).notes)


def test_a_slip_in_a_column_of_labels_is_refused(tmp_path: Path) -> None:
    source = table(tmp_path, "image,sun,sea\na.png,O,1\nb.png,1,0\nc.png,0,0\nd.png,O,0\n")
    message = faults(source)
    assert "tags.csv, row 2: the column 'sun' holds 'O' (and 1 more such cells)" in message
    assert read(source, ignore_columns="sun").labels == ("sea",)


def test_columns_about_the_row(tmp_path: Path) -> None:
    text = "SourceFile,Keywords,split,fold,group,weight\na.png,x,train,0,g,1\nb.png,y,Val,1,,0.5\nc.png,,,2,g,2\n"
    data = read(table(tmp_path, text))
    assert data.split is not None
    assert data.split.tolist() == ["train", "validation", ""]
    assert data.fold is not None
    assert data.fold.tolist() == [0, 1, 2]
    assert data.groups is not None
    assert data.groups.tolist() == ["g", "", "g"]
    assert data.weights is not None
    assert data.weights.tolist() == [1.0, 0.5, 2.0]


def test_all_faults_come_together_with_their_rows(tmp_path: Path) -> None:
    text = (
        "image,tags,split,fold,weight\na.png,x|!x,train,0,1\nb.png,!|x,dev,1,1\n"
        "c.png,x,tset,-1,1\nd.png,x,test,1,-2\n../e.png,x,,0,1\n,x,,0,1\ngone.png,y,,0,1\n"
    )
    picture(tmp_path.parent / "e.png")
    message = faults(table(tmp_path, text))
    for part in (
        "row 2: conflicting tags",
        "row 3: '!' is not followed by a tag",
        "row 4: the column 'split' says 'tset' in 1 rows",
        "row 4: the fold is '-1'",
        "row 5: the weight is '-2'",
        "row 6: the path '../e.png' leaves the folder",
        "row 7: the row names no picture",
        "row 8: there is no file 'gone.png'",
    ):
        assert part in message


def test_rows_are_numbered_as_an_editor_shows_them(tmp_path: Path) -> None:
    message = faults(table(tmp_path, 'image,tags,fold\na.png,"x\ny",0\n\nb.png,x,bad\n'))
    assert "tags.csv, row 5" in message


def test_unusable_rows_are_quarantined_with_the_reason_or_errors_when_strict(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags\na.png,x\nb.png,y\nempty.jpg,x\npage.jpg,x\ngone.jpg,y\nnoise.jpg,y\n")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "page.jpg").write_text("<!DOCTYPE html><html></html>")
    (tmp_path / "noise.jpg").write_bytes(bytes(range(256)))
    data = read(source)
    assert data.ids.tolist() == ["a.png", "b.png"]
    reasons = [str(fault) for fault in data.quarantined]
    assert [reason.split(":")[0] for reason in reasons] == [f"tags.csv, row {row}" for row in (4, 5, 6, 7)]
    for reason, part in zip(reasons, ("0 bytes", "HTML page", "no file", "holds no picture"), strict=True):
        assert part in reason
    assert "row 6" in faults(source, strict=True)


def test_a_bomb_is_quarantined_and_a_wrong_ending_is_not(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags\na.png,x\nb.jpg,y\nbomb.png,x\n")
    Image.new("RGB", (3, 3)).save(tmp_path / "b.jpg", format="PNG")
    header = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    crc = struct.pack(">I", zlib.crc32(header))
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + crc + b"\0\0\0\0IDAT")
    data = read(source)
    assert data.ids.tolist() == ["a.png", "b.jpg"]
    assert "has more than the" in str(data.quarantined[0])


def test_a_picture_that_starts_a_program_is_not_opened(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags\na.png,x\nb.png,y\nc.eps,x\n")
    (tmp_path / "c.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    assert "holds no picture of a kind that is read" in str(read(source).quarantined[0])


def test_the_same_picture_twice(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags\na.png,x\n./a.png,x\nb.png,y\nc.png,x\nc.png,y\n")
    data = read(source)
    assert data.ids.tolist() == ["a.png", "b.png"]
    assert [fault.where for fault in data.warnings] == ["tags.csv, row 3"]
    assert [fault.where for fault in data.quarantined] == ["tags.csv, row 5", "tags.csv, row 6"]
    assert "with different tags" in str(data.quarantined[0])


def test_pictures_are_found_in_images_beside_the_table(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    picture(tmp_path / "b.png")
    source = table(tmp_path, "image,tags\na.png,x\nb.png,y\n", pictures="")
    data = read(tmp_path)
    assert data.files == (tmp_path / "images" / "a.png", tmp_path / "b.png")
    assert read(source).files == data.files


def test_paths_cannot_leave_the_folder_unless_allowed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    picture(tmp_path / "secret.png")
    source = table(home, f"image,tags\na.png,x\nb.png,y\n{tmp_path}/secret.png,x\n")
    assert "leaves the folder" in faults(source)
    assert len(read(source, allow_outside=True)) == 3
    source.write_text(f"image,tags\na.png,x\n{home}/b.png,y\nimages/../c.png,x\n")
    assert len(read(source)) == 3
    os.symlink(tmp_path / "secret.png", home / "link.png")
    os.symlink(tmp_path, home / "out")
    for name in ("link.png", "out/secret.png"):
        source.write_text(f"image,tags\na.png,x\nb.png,y\n{name},x\n")
        assert "leaves the folder" in faults(source)
        assert len(read(source, allow_outside=True)) == 3


def test_a_loop_of_links_and_odd_paths_are_reported(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags\na.png,x\nb.png,y\nloop.png,x\nno\0ne.png,x\nsub\\gone.png,x\n")
    os.symlink(tmp_path / "loop.png", tmp_path / "loop.png")
    reasons = [str(fault) for fault in read(source).quarantined]
    assert len(reasons) == 3
    assert "link that leads to no file" in reasons[0]
    assert "NUL" in reasons[1]
    assert "written with /" in reasons[2]


def test_labels_txt_fixes_the_order(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags\na.png,x|y\nb.png,y\nc.png,\n")
    (tmp_path / "labels.txt").write_text("y\nz\nx\n")
    assert read(source).labels == ("y", "z", "x")
    (tmp_path / "labels.txt").write_text("y\n")
    assert "the tag 'x' is not in labels.txt" in faults(source)
    assert read(source, exclude_labels=["x"]).labels == ("y",)
    assert read(source, labels="x,y").labels == ("x", "y")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "is empty"),
        ("image,tags\n", "no rows"),
        ("title,tags\nA title,x\n", "no image column"),
        ("image\na.png\n", "neither a tags column nor 0/1 columns"),
        ("image,x,x\na.png,1,0\n", "occurs twice"),
        ("image,tags\na.png,x,y\n", "row 2: 3 cells, the header has 2"),
        ('image,tags\na.png,"x\nb.png,y\n', "row 2"),
        ("image,tags\ngone.png,x\n", "no picture that can be used"),
        ("image,tags\na.png,\n", "labels remains"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, text: str, part: str) -> None:
    assert part in faults(table(tmp_path, text))


def test_encodings_bom_and_delimiters(tmp_path: Path) -> None:
    source = table(tmp_path, "", pictures="ab")
    for content in (
        b"\xef\xbb\xbfimage;tags\r\na.png;m\xc3\xa4r|x\r\nb.png;x\r\n",
        "image\ttags\na.png\tmär|x\nb.png\tx\n".encode("utf-16"),
    ):
        source.write_bytes(content)
        assert read(source, learnable=False).labels == ("mär", "x")
    source.write_bytes(b"image,tags\na.png,m\xe4r\n")
    message = faults(source)
    assert "tags.csv, row 2" in message
    assert "UTF-8" in message


def test_names_that_try_to_command_a_terminal_come_out_escaped(tmp_path: Path) -> None:
    name = "\x1b[31mred\u202e"
    source = table(tmp_path, f"image,tags\na.png,{name}|x\nb.png,{name}|!{name}\n{name}.png,x\n")
    message = faults(source)
    assert message.replace("\n", "").isprintable()
    source.write_text(f"image,tags\na.png,{name}\nb.png,\n{name}.png,x\n", encoding="utf-8")
    data = read(source)
    assert name in data.labels
    (tmp_path / "\x1b[2J.csv").write_text("image,tags,fold\na.png,x,?\n")
    assert faults(tmp_path / "\x1b[2J.csv").replace("\n", "").isprintable()
    assert "".join([*data.notes, *map(str, data.quarantined), *map(str, data.warnings)]).isprintable()


def test_labels_with_nothing_but_positives_are_refused_with_the_choices(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags\na.png,x|y\nb.png,x\n")
    message = faults(source)
    assert "'x' is on in all 2 rows" in message
    assert "--exclude-labels" in message
    assert read(source, exclude_labels="x").labels == ("y",)
    assert read(source, learnable=False).labels == ("x", "y")
    assert "'y'" in faults(source, unlisted="unknown")


def test_a_source_that_is_not_there_and_a_folder_without_a_table(tmp_path: Path) -> None:
    assert "no file or folder" in faults(tmp_path / "nothing")
    assert "has no tags.csv" in faults(tmp_path)
    (tmp_path / "other.csv").write_text("image,tags\n")
    assert "other.csv" in faults(tmp_path)
    assert "no format 'xls'" in faults(tmp_path, format="xls")


def test_ten_thousand_labels(tmp_path: Path) -> None:
    for number in range(20):
        picture(tmp_path / f"{number}.png", number)
    cells = ["|".join(f"l{label}" for label in range(row, 10_000, 20)) for row in range(20)]
    rows = "".join(f"{row}.png,{cell}\n" for row, cell in enumerate(cells))
    data = read(table(tmp_path, f"image,tags\n{rows}", pictures=""))
    assert data.truth.shape == (20, 10_000)
    assert (data.truth.sum(axis=0) == 1).all()
    header = ",".join(data.labels)
    lines = "".join(f"{row}.png,{','.join(map(str, values))}\n" for row, values in enumerate(data.truth.tolist()))
    columns = read(table(tmp_path, f"image,{header}\n{lines}", name="columns.csv", pictures=""))
    assert np.array_equal(columns.truth, data.truth)


@pytest.mark.long
def test_a_million_rows_in_seconds(tmp_path: Path) -> None:
    rows = "".join(f"{number}.jpg,sea|l{number % 50}\n" for number in range(1_000_000))
    source = table(tmp_path, f"image,tags\na.png,x\nb.png,y\n{rows}")
    started = time.perf_counter()
    data = read(source, learnable=False)
    assert len(data) == 2
    assert len(data.quarantined) == 1_000_000
    assert time.perf_counter() - started < 60
