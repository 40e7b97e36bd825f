"""Explanations: peaks lie on the thing that gives a label away, and what is shown is where it is in the picture."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import tagfit as package
from commands import Command
from tagfit import tagger, workflow
from tagfit.data.pictures.decode import decode, shape
from tagfit.data.pictures.square import content
from tagfit.data.splits.split import split
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError
from tagfit.recipe import NAMED, Recipe
from tagfit.runs.run import Run
from tagfit.tagger.explanation import LabelMap
from tagfit.tagger.maps import unexplained
from tagfit.workflow.explaining import explain_pixels

SIZE, SPOT = 32, 8
COLOURS = {"red": (230, 30, 30), "blue": (30, 30, 230)}


def spots(row: int) -> tuple[np.ndarray, dict[str, tuple[int, int]]]:
    """Grey noise with a spot for each label that is there, and where their corners (left, top) are."""
    generator = np.random.default_rng([3, row])
    pixels = generator.integers(90, 150, size=(SIZE, SIZE, 3)).astype(np.uint8)
    corners: dict[str, tuple[int, int]] = {}
    for half, (label, colour) in enumerate(COLOURS.items()):
        left, top = int(generator.integers(0, SIZE - SPOT)), int(generator.integers(0, SIZE // 2 - SPOT))
        if generator.random() < 0.5:
            top += half * SIZE // 2
            pixels[top : top + SPOT, left : left + SPOT] = colour
            corners[label] = left, top
    return pixels, corners


@pytest.fixture(scope="module")
def spotted(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small conv net that tells red and blue spots."""
    folder = tmp_path_factory.mktemp("spots")
    truth = []
    for row in range(120):
        pixels, corners = spots(row)
        Image.fromarray(pixels).save(folder / f"{row:03}.png")
        truth.append([label in corners for label in COLOURS])
    Y = np.array(truth, dtype=np.uint8)
    files = tuple(sorted(folder.glob("*.png")))
    data = TaggedSet(np.arange(len(Y)).astype(np.str_), Y, np.ones_like(Y, dtype=bool), tuple(COLOURS), files=files)
    problem = split(data, size=SIZE, fit="pad", test_share=0.0, cache_dir=folder / "cache")
    recipe = Recipe(architecture="conv", widths=(8, 16), norm="batch", epochs=14, batch_size=16, learning_rate=0.01)
    return workflow.fit(problem, recipe, out=folder / "run", device="cpu", threads=1)


def on_it(corner: tuple[int, int], place: tuple[float, float]) -> bool:
    """Whether a place is on a spot or within 2 pixels of it, which is one place of the net's larger map."""
    return all(start - 2 <= at < start + SPOT + 2 for start, at in zip(corner, place, strict=True))


def hits(model: package.Tagger, rows: range) -> list[bool]:
    """For each spot of pictures the net has not seen: whether its label is predicted and the peak lies on it."""
    found = []
    for row in rows:
        pixels, corners = spots(row)
        if corners:
            for one in explain_pixels(model, pixels, "picture", list(corners)).labels:
                x, y = one.peak or (-1.0, -1.0)
                found.append(one.predicted and on_it(corners[one.label], (x * SIZE, y * SIZE)))
    return found


def test_the_peak_lies_on_the_thing(spotted: Run) -> None:
    found = hits(tagger.of_run(spotted), range(1000, 1040))
    assert len(found) > 30
    assert np.mean(found) >= 0.8


def test_the_strongest_region_is_what_is_connected_to_the_peak() -> None:
    values = np.zeros((10, 10), dtype=np.float32)
    values[2:4, 1:4], values[2, 2], values[8, 8] = 0.6, 1.0, 0.9
    one = LabelMap.of("sea", 0.9, 0.5, True, values)
    assert one.peak == (0.25, 0.25)
    assert one.box == (0.1, 0.2, 0.4, 0.4)
    assert one.share == pytest.approx(4.0 / 4.9)
    nothing = LabelMap.of("sea", 0.1, 0.5, False, -values)
    assert (nothing.peak, nothing.box) == (None, None)


@given(width=st.integers(1, 90), height=st.integers(1, 90), size=st.integers(4, 40))
@settings(max_examples=40, deadline=None)
def test_what_is_shown_of_a_padded_picture_is_all_but_its_bars(width: int, height: int, size: int) -> None:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (250, 0, 0)).save(file, "PNG")
    pixels = decode(file.getvalue(), size, "pad")
    assert shape(file.getvalue()) == (width, height)
    left, top, right, bottom = content(width, height, size, "pad")
    red = pixels[..., 0] == 250
    assert red[top:bottom, left:right].all()
    assert red.sum() == (right - left) * (bottom - top)


def test_a_picture_turned_by_its_header_has_the_shape_that_is_seen(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "turned.jpg", exif=exif)
    assert shape((tmp_path / "turned.jpg").read_bytes()) == (20, 40)


def test_the_command_shows_the_table_and_writes_both_kinds_of_file(
    tagfit: Command, spotted: Run, tmp_path: Path
) -> None:
    row = next(row for row in range(2000, 2100) if len(spots(row)[1]) == 2)
    wide = Image.new("RGB", (2 * SIZE, SIZE), (120, 120, 120))
    wide.paste(Image.fromarray(spots(row)[0]), (SIZE, 0))
    wide.save(tmp_path / "<b>.png")
    found = tagfit("explain", spotted.folder, tmp_path / "<b>.png", "--labels", "blue,red", "--json").json
    assert [one["label"] for one in found["labels"]] == ["blue", "red"]
    assert all(one["peak"] is None or one["peak"][0] > 0.4 for one in found["labels"])
    assert found["method"] == "grad-cam"
    for name in ("maps.html", "maps.png"):
        done = tagfit("explain", spotted.folder, tmp_path / "<b>.png", "-o", tmp_path / name)
        assert done.code == 0
        assert "written" in done.out
    text = (tmp_path / "maps.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<b>.png" not in text
    assert text.count("data:image/jpeg") >= 2
    assert f"tagfit explain {spotted.folder}" in text
    assert "Intervals" not in text
    with Image.open(tmp_path / "maps.png") as picture:
        assert picture.width > 500


def test_what_cannot_be_explained_is_refused_in_one_line(
    tagfit: Command, spotted: Run, photo_run: Path, row_run: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "one.png"
    Image.new("RGB", (40, 20)).save(picture)
    assert "there is no label 'rad'" in tagfit.refused("explain", spotted.folder, picture, "--labels", "rad")
    assert "dense" in tagfit.refused("explain", photo_run, picture)
    assert "rows of features" in tagfit.refused("explain", row_run, picture)
    (tmp_path / "no.png").write_bytes(b"text")
    assert "no.png" in tagfit.refused("explain", spotted.folder, tmp_path / "no.png")
    with pytest.raises(InputError, match="no label"):
        package.explain(spotted, picture, labels=["rad"])


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (NAMED["fine-tuned"], "fine-tuned"),
        (NAMED["plain-dense"], "dense"),
        (NAMED["regularised-conv"], ""),
        (NAMED["pretrained"], ""),
    ],
)
def test_nets_whose_maps_were_not_measured_are_not_explained(recipe: Recipe, said: str) -> None:
    assert said in unexplained(recipe, None)
    assert bool(unexplained(recipe, None)) == bool(said)
    assert "mine" in unexplained(recipe, "mine")
