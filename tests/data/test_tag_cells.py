"""Cells of tags: separators found by what parts share with other cells, lists, and words for nothing."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_sources import advised, pictures, refusal, table, tags

from tagfit.data.read import read
from tagfit.data.readers.list_cells import parse_list
from tagfit.data.readers.tag_cells import read_cells


def words(cells: list[str], **options: str) -> list[list[str]]:
    """The tags of each cell."""
    read_as = read_cells(cells, options.pop("separator", None), **options)  # type: ignore[arg-type]
    assert not [fault for cell in read_as.cells for fault in cell.faults]
    return [sorted(read_as.cells[which].states) for which in read_as.which]


PLANET = ["haze primary", "agriculture clear primary water", "clear primary", "primary", "haze", "clear", "water haze",
          "haze primary water", "clear habitation primary", "agriculture habitation clear", "cloudy", "cloudy haze",
          "agriculture clear primary", "road water"]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["sea#sun", "sea", "sun"], [["sea", "sun"], ["sea"], ["sun"]]),
        (["sea+sun", "sun", "sea"], [["sea", "sun"], ["sun"], ["sea"]]),
        (["a & b", "a", "b"], [["a", "b"], ["a"], ["b"]]),
        (["sea；sun", "sea"], [["sea", "sun"], ["sea"]]),
        (["海、空", "空", "海，空"], [["海", "空"], ["空"], ["海", "空"]]),
        (["sea｜sun", "sea|sky"], [["sea", "sun"], ["sea", "sky"]]),
        (["sea\nsun", "sea"], [["sea", "sun"], ["sea"]]),
        (["5 0", "16 0", "7 1 2 0", "25"], [["0", "5"], ["0", "16"], ["0", "1", "2", "7"], ["25"]]),
        (["5.0", "3.0", "nan"], [["5"], ["3"], []]),
        (PLANET, [sorted(cell.split()) for cell in PLANET]),
        (["red car", "blue car", "red bus"], [["red car"], ["blue car"], ["red bus"]]),
        (["New York", "Rio de Janeiro", "Rome"], [["New York"], ["Rio de Janeiro"], ["Rome"]]),
        (["/m/01g317", "/m/0k4j", "!/m/0k4j"], [["/m/01g317"], ["/m/0k4j"], ["/m/0k4j"]]),
        (["C++", "C", "R&B"], [["C++"], ["C"], ["R&B"]]),
        (["sea:sun", "sun", "sea"], [["sea", "sun"], ["sun"], ["sea"]]),
        (["sea_sun", "sun", "sea"], [["sea", "sun"], ["sun"], ["sea"]]),
        (["X-ray", "X-mas", "A-1", "A-2"], [["X-ray"], ["X-mas"], ["A-1"], ["A-2"]]),
    ],
)
def test_separators(cells: list[str], expected: list[list[str]]) -> None:
    assert words(cells) == expected


@pytest.mark.parametrize(
    ("cells", "option", "expected"),
    [
        (["red car", "blue car", "red bus"], "space", [["car", "red"], ["blue", "car"], ["bus", "red"]]),
        (["a#b", "a", "c#d", "e#f"], "#", [["a", "b"], ["a"], ["c", "d"], ["e", "f"]]),
        (["Smith, John", "Doe, Jane", "Roe, Max"], "none", [["Smith, John"], ["Doe, Jane"], ["Roe, Max"]]),
    ],
)
def test_what_is_doubtful_is_warned_of_and_the_option_decides(
    cells: list[str], option: str, expected: list[list[str]]
) -> None:
    (warning,) = read_cells(cells, None).warnings
    assert advised(str(warning)) == [{"separator": option}]
    assert words(cells, separator=option) == expected


@pytest.mark.parametrize(
    ("cell", "members"),
    [
        ("['Comedy', 'Drama']", ["Comedy", "Drama"]),
        ('["Comedy", "Drama"]', ["Comedy", "Drama"]),
        ("('Comedy', 'Drama')", ["Comedy", "Drama"]),
        ("{'Drama'}", ["Drama"]),
        ("['Comedy' 'Drama']", ["Comedy", "Drama"]),
        ("['Comedy'\n 'Drama']", ["Comedy", "Drama"]),
        ("[Comedy, Drama]", ["Comedy", "Drama"]),
        ("{sea;sun}", ["sea", "sun"]),
        ("[sea | sun]", ["sea", "sun"]),
        ("[]", []),
        ("[ ]", []),
        ("[3, 5]", ["3", "5"]),
        ("['it\\'s']", ["it's"]),
        ("['a, b']", ["a, b"]),
        ("[nan]", []),
        ("['nan']", ["nan"]),
        ("['sea', nan, 'nan sea']", ["sea", "nan sea"]),
        ("[None]", []),
        ('["sea", null]', ["sea"]),
        ("[{'id': 28, 'name': 'Action'}, {'id': 35, 'name': 'Comedy'}]", ["Action", "Comedy"]),
        ("[{'id': 28}]", None),
        ("[['a'], ['b']]", None),
        ("[True]", None),
        ("{'a': 1}", None),
        ("['a' + 'b']", None),
        ("[" * 5000 + "]" * 5000, None),
    ],
)
def test_lists(cell: str, members: list[str] | None) -> None:
    assert parse_list(cell) == members


@pytest.mark.parametrize("cell", ["'sea', 'sun'", "'sea';'sun'", '""sea"", ""sun""'])
def test_quotes_without_brackets_are_no_part_of_tags(tmp_path: Path, cell: str) -> None:
    source = table(tmp_path, f"image,tags\na.jpg,\"{cell}\"\nb.jpg,'sea'\nc.jpg,\n")
    assert tags(source) == ["sea sun", "sea", ""]


def test_quotes_in_some_cells_are_warned_of(tmp_path: Path) -> None:
    data = read(table(tmp_path, "image,tags\na.jpg,'sea'\nb.jpg,sea\nc.jpg,sun\n"), learnable=False)
    assert any("1 cells are in quotes" in fault.what for fault in data.warnings)


def test_confidences_of_which_none_is_0_or_1_are_refused(tmp_path: Path) -> None:
    source = table(tmp_path, "image,label,confidence\na.jpg,sea,0.4\na.jpg,sun,0.9\nb.jpg,sea,0.2\n")
    assert "every confidence is between 0 and 1" in refusal(source)


def test_lists_in_a_table(tmp_path: Path) -> None:
    source = table(tmp_path, "image,labels\na.jpg,\"['x', 'y']\"\nb.jpg,\"['x']\"\nc.jpg,[]\nd.jpg,?\n")
    assert tags(source) == ["x y", "x", "", "?x ?y"]
    source.write_text("image,labels\na.jpg,\"['x', 'y']\"\nb.jpg,\"['x']\"\nc.jpg,x\n")
    assert "row 4: 'x' is not a list of tags, though other cells are lists" in refusal(source)


@pytest.mark.parametrize("nothing", ["nan", "None", "<NA>", "-", "N/A", "null"])
def test_words_for_nothing_are_no_tags_and_are_warned_of(tmp_path: Path, nothing: str) -> None:
    source = table(tmp_path, f"image,tags\na.jpg,sea\nb.jpg,{nothing}\nc.jpg,sun\n")
    data = read(source)
    assert tags(data) == ["sea", "", "sun"]
    (warning,) = data.warnings
    assert advised(str(warning)) == [{"blank": "unknown"}]
    assert tags(source, blank="unknown") == ["sea", "?sea ?sun", "sun"]


def test_the_label_for_none(tmp_path: Path) -> None:
    source = table(tmp_path, "image,tags\na.jpg,Edema|Mass\nb.jpg,No Finding\nc.jpg,Mass\n")
    data = read(source)
    assert data.labels == ("Edema", "Mass", "No Finding")
    (warning,) = data.warnings
    (option,) = advised(str(warning))
    assert tags(source, **option) == ["Edema Mass", "", "Mass"]
    source.write_text("image,tags\na.jpg,Edema|No Finding\nb.jpg,No Finding\nc.jpg,Mass\n")
    assert "says 'No Finding' and names tags" in refusal(source, none_label="No Finding")


NAME = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=6).filter(
    lambda name: name[0] not in "!?"
)


TAGS = st.one_of(NAME, st.sampled_from(["nan", "-", "5.0", "[x]", "a b", "a, b", "None"]))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.sets(TAGS, max_size=4), min_size=1, max_size=5).filter(any))
def test_folds_are_written_so_that_any_tags_read_back(rows: list[set[str]]) -> None:
    from tempfile import TemporaryDirectory

    import numpy as np

    from tagfit.data.readers.arrays import from_arrays
    from tagfit.data.splits.folds import write_folds

    with TemporaryDirectory() as name:
        folder = Path(name)
        pictures(folder, [f"{row}.png" for row in range(len(rows))])
        labels = sorted(set().union(*rows))
        truth = [[int(label in row) for label in labels] for row in rows]
        data = from_arrays(
            np.zeros((len(rows), 1)), truth, labels=labels, ids=[f"{row}.png" for row in range(len(rows))]
        )
        data = replace(data, arrays=None, files=tuple(folder / name for name in data.ids))
        write_folds(data, np.zeros(len(rows), dtype=np.int64), folder / "folds.csv")
        with (folder / "folds.csv").open(encoding="utf-8") as file:
            assert len(list(csv.reader(file))) == len(rows) + 1
        back = read(folder / "folds.csv", learnable=False)
        assert [set(back.tags(row)) for row in range(len(back))] == rows
