"""Near-duplicates: copies are found whatever was done to them, look-alikes and chains stay apart."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from tagfit.data.pictures import likeness, views
from tagfit.data.pictures.decode import decode
from tagfit.data.pictures.duplicates import (
    NEAR,
    SAME_BYTES,
    SAME_FEATURES,
    SAME_PIXELS,
    DuplicateGroup,
    DuplicateGroups,
    complete_linkage,
    duplicate_groups,
    duplicate_rows,
)
from tagfit.data.pictures.square import squared
from tagfit.errors import InputError

WIDTH, HEIGHT = 240, 160


def painted(seed: int, layout: int | None = None) -> Image.Image:
    """A picture with structure at every scale, as photographs have; with ``layout``, the large parts are that one's."""
    canvas = np.zeros((HEIGHT, WIDTH, 3))
    for octave in range(6):
        coarse = octave < 3 and layout is not None
        random = np.random.default_rng([layout if coarse else seed, octave])
        cells = random.normal(size=(2 << octave, 3 << octave, 3)) * 0.6**octave
        cells += random.normal(size=cells.shape[:2])[..., None] * 0.6**octave
        for colour in range(3):
            layer = Image.fromarray(cells[..., colour].astype(np.float32))
            canvas[..., colour] += np.asarray(layer.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(128 + 36 * canvas, 0, 255).astype(np.uint8))


def seen(image: Image.Image, size: int = 64, **options: int) -> NDArray[np.uint8]:
    out = BytesIO()
    image.save(out, "JPEG", **{"quality": 90, **options})
    return decode(out.getvalue(), size)


def cut(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    """The image without these shares of its width and height."""
    box = (left * WIDTH, top * HEIGHT, (1 - right) * WIDTH, (1 - bottom) * HEIGHT)
    return image.crop(tuple(round(edge) for edge in box))


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "recompressed": lambda image: image,
    "half the size": lambda image: image.resize((WIDTH // 2, HEIGHT // 2)),
    "another shape": lambda image: image.resize((WIDTH, WIDTH)),
    "cropped all round": lambda image: cut(image, 0.03, 0.03, 0.03, 0.03),
    "cropped at a corner": lambda image: cut(image, 0.03, 0.03, 0, 0),
    "brighter": lambda image: image.point(lambda value: min(255, round(1.25 * value))),
    "darker": lambda image: image.point(lambda value: round(0.7 * value)),
    "grey": lambda image: image.convert("L"),
    "cropped, smaller and brighter": lambda image: (
        cut(image, 0.03, 0.03, 0.03, 0.03).resize((160, 100)).point(lambda value: min(255, round(1.2 * value)))
    ),
}


TURNS = Image.Transpose
VIEWS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "mirrored": lambda image: image.transpose(TURNS.FLIP_LEFT_RIGHT),
    "upside down": lambda image: image.transpose(TURNS.FLIP_TOP_BOTTOM),
    "a quarter to the left": lambda image: image.transpose(TURNS.ROTATE_90),
    "a half": lambda image: image.transpose(TURNS.ROTATE_180),
    "a quarter to the right": lambda image: image.transpose(TURNS.ROTATE_270),
    "transposed": lambda image: image.transpose(TURNS.TRANSPOSE),
    "transversed": lambda image: image.transpose(TURNS.TRANSVERSE),
    "cut all round": lambda image: cut(image, 0.15, 0.15, 0.15, 0.15),
    "cut at a corner": lambda image: cut(image, 0.15, 0.15, 0, 0),
    "cut at one edge": lambda image: cut(image, 0, 0, 0.15, 0),
    "cut by less": lambda image: cut(image, 0.1, 0.02, 0.04, 0.11),
    "mirrored and cut": lambda image: cut(image.transpose(TURNS.FLIP_LEFT_RIGHT), 0.15, 0.1, 0.05, 0.15),
    "turned and cut": lambda image: cut(
        image.transpose(TURNS.ROTATE_90).resize((WIDTH, HEIGHT)), 0.15, 0.1, 0.05, 0.15
    ),
    "mirrored, smaller and brighter": lambda image: (
        image.transpose(TURNS.FLIP_LEFT_RIGHT).resize((120, 80)).point(lambda value: min(255, round(1.2 * value)))
    ),
}


@pytest.fixture(scope="module")
def originals() -> list[Image.Image]:
    return [painted(seed) for seed in range(40)]


@pytest.mark.parametrize("size", [32, 64, 100])
@pytest.mark.parametrize("kind", COPIES)
def test_copies_are_found_and_nothing_else(originals: list[Image.Image], kind: str, size: int) -> None:
    copies = [seen(COPIES[kind](image), size, quality=60) for image in originals[:20]]
    pixels = np.stack([seen(image, size) for image in originals] + copies)
    found = duplicate_groups(pixels)
    assert [group.rows for group in found] == [(row, 40 + row) for row in range(20)]
    assert {group.reason for group in found} == {NEAR}


@pytest.mark.parametrize("fewest_for_cells", [2400, 8])
def test_views_are_found_and_nothing_else(
    originals: list[Image.Image], fewest_for_cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "FEWEST_FOR_CELLS", fewest_for_cells)
    copies = [seen(view(image), quality=60) for view, image in zip(VIEWS.values(), originals, strict=False)]
    pixels = np.stack([seen(image) for image in originals] + copies)
    found = {group.rows for group in duplicate_groups(pixels)}
    missed = [name for row, name in enumerate(VIEWS) if (row, 40 + row) not in found]
    assert missed == []
    assert len(found) == len(VIEWS)


def test_in_a_large_set_whole_pictures_are_looked_for(
    originals: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST_TO_CUT", 40)
    copies = [seen(view(image), quality=60) for view, image in zip(VIEWS.values(), originals, strict=False)]
    found = {group.rows for group in duplicate_groups(np.stack([seen(image) for image in originals] + copies))}
    assert found == {(row, 40 + row) for row, name in enumerate(VIEWS) if "cut" not in name}


def test_views_in_a_padded_square_are_found(originals: list[Image.Image]) -> None:
    wide = [image.resize((96, 48)) for image in originals[:6]]
    copies = [
        wide[0].transpose(TURNS.FLIP_LEFT_RIGHT),
        wide[1].transpose(TURNS.ROTATE_90),
        wide[2].crop((14, 0, 96, 48)),
    ]
    pixels = np.stack([np.asarray(squared(image, 64, "pad")) for image in (*wide, *copies)])
    assert [group.rows for group in duplicate_groups(pixels)] == [(0, 6), (1, 7), (2, 8)]


def test_one_layout_mirrored_makes_no_copies() -> None:
    pixels = np.stack([seen(painted(seed, layout=seed // 10)) for seed in range(40)])
    pixels[1::2] = pixels[1::2, :, ::-1]
    thumbs = likeness.grey(pixels, likeness.SIGNATURE_SIDE)
    assert sum(map(len, views.similar_views(thumbs))) > 10, "they are alike at first sight"
    assert len(duplicate_groups(pixels)) == 0


def test_a_picture_that_is_its_own_mirror_image_is_no_copy_of_itself(originals: list[Image.Image]) -> None:
    pixels = np.stack([seen(image) for image in originals[:4]])
    pixels[:, :, 32:] = pixels[:, :, 31::-1]
    darker = (pixels[:1] * 0.8).astype(np.uint8)
    assert [group.rows for group in duplicate_groups(np.concatenate([pixels, darker]))] == [(0, 4)]


def test_small_pictures_are_compared_as_they_are(originals: list[Image.Image]) -> None:
    mirrored = [VIEWS["mirrored"](image) for image in originals[:4]]
    pixels = np.stack([seen(image, 48) for image in (*originals[:4], *mirrored)])
    assert len(duplicate_groups(pixels)) == 0


def test_cells_lose_few_of_the_near_and_add_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "FEWEST_FOR_CELLS", 600)
    random = np.random.default_rng(0)
    signatures = random.normal(size=(900, 63)).astype(np.float32)
    signatures /= np.linalg.norm(signatures, axis=1, keepdims=True)
    asked = signatures[::3] + random.normal(size=(300, 63)).astype(np.float32) * 0.05
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    everywhere = {(int(row), int(column)) for row, column in np.argwhere(asked @ signatures.T > views.SIGNATURES_ALIKE)}
    assert len(everywhere) == 300
    query, found, alike = views._Cells(signatures).matches(asked)
    pairs = set(zip(query.tolist(), found.tolist(), strict=True))
    assert pairs <= everywhere
    assert len(pairs) == len(query) >= 0.97 * len(everywhere)
    np.testing.assert_allclose(alike, (asked[query] * signatures[found]).sum(axis=1), atol=1e-5)


def test_signatures_of_cuts_are_those_of_the_cut_pictures(originals: list[Image.Image]) -> None:
    thumbs = likeness.grey(np.stack([seen(image) for image in originals[:8]]), likeness.SIGNATURE_SIDE)
    np.testing.assert_allclose(
        likeness.cut_signatures(thumbs, [(0.0, 0.0)])[:, 0], likeness.signatures(thumbs), atol=1e-4
    )
    of_cuts = likeness.cut_signatures(thumbs, [(0.0, 0.125), (0.25, 0.0)])
    for number, box in enumerate([(0, 0, 28, 28), (8, 0, 32, 28)]):
        cut_out = [Image.fromarray(thumb).resize((96, 96), box=box) for thumb in thumbs]
        expected = likeness.signatures(np.stack([np.asarray(one) for one in cut_out]))
        assert (of_cuts[:, number] * expected).sum(axis=1).min() > 0.98
    blank = np.full((1, 32, 32), 90, dtype=np.float32)
    assert not likeness.cut_signatures(blank, [(0.0, 0.15)]).any()


@given(st.lists(st.floats(-0.2, 0.2), min_size=8, max_size=8))
@settings(max_examples=30, deadline=None)
def test_composed_moves_are_one_after_the_other(values: list[float]) -> None:
    outer, inner = np.array(values, dtype=np.float32).reshape(2, 1, 4)
    slope = np.add.outer(np.arange(64), 2 * np.arange(64)).astype(np.float32)[None]
    twice = likeness.moved(likeness.moved(slope, outer), inner)
    once = likeness.moved(slope, likeness.composed(outer, inner))
    np.testing.assert_allclose(twice[:, 20:44, 20:44], once[:, 20:44, 20:44], atol=0.05)


def test_pictures_of_one_layout_are_no_copies() -> None:
    pixels = np.stack([seen(painted(seed, layout=seed // 10)) for seed in range(40)])
    signatures = likeness.signatures(likeness.grey(pixels, likeness.SIGNATURE_SIDE))
    assert (np.triu(signatures @ signatures.T, 1) > 0.8).sum() > 10, "they are alike at first sight"
    assert len(duplicate_groups(pixels)) == 0


def test_a_horizon_alone_makes_no_copies() -> None:
    pictures = []
    for seed in range(8):
        ground = np.asarray(painted(seed)).astype(float) - 128
        ground = 0.3 * ground + np.where(np.arange(HEIGHT) < 60, 200, 60)[:, None, None]
        pictures.append(seen(Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))))
    assert len(duplicate_groups(np.stack(pictures))) == 0


def test_equal_files_equal_pixels_and_near_copies_are_told_apart(originals: list[Image.Image]) -> None:
    a, b, c = (seen(image) for image in originals[:3])
    near = seen(originals[2], quality=50)
    pixels = np.stack([a, b, c, a, b, near, c])
    found = duplicate_groups(pixels, ["a", "b", "c", "a", "B", "near", "c"])
    assert found.groups == (
        DuplicateGroup((0, 3), SAME_BYTES),
        DuplicateGroup((1, 4), SAME_PIXELS),
        DuplicateGroup((2, 5, 6), NEAR),
    )
    assert {group.reason for group in duplicate_groups(pixels)} == {SAME_PIXELS, NEAR}


def test_blank_pictures_are_grouped_only_where_equal() -> None:
    random = np.random.default_rng(0)
    noisy = random.integers(99, 102, (6, 64, 64, 3), dtype=np.uint8)
    white = np.full((2, 64, 64, 3), 255, dtype=np.uint8)
    nearly = np.full((2, 64, 64, 3), 254, dtype=np.uint8)
    nearly[:, 20:] = 252
    nearly[1, 40, 40] = 250
    assert [group.rows for group in duplicate_groups(np.concatenate([noisy, white, nearly]))] == [(6, 7)]


@pytest.mark.parametrize("colours", [1, 2, 3, 4])
def test_grey_and_alpha_channels_are_understood(originals: list[Image.Image], colours: int) -> None:
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[colours]
    copies = [image.resize((80, 90)) for image in originals[:2]]
    pixels = np.stack([np.asarray(image.convert(mode).resize((72, 64))) for image in [*originals[:4], *copies]])
    found = duplicate_groups(pixels.reshape(6, 64, 72, colours))
    assert [group.rows for group in found] == [(0, 4), (1, 5)]


def test_tiny_pictures_and_none_at_all() -> None:
    tiny = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    assert [group.rows for group in duplicate_groups(tiny[[0, 1, 0, 2]])] == [(0, 2)]
    assert duplicate_groups(tiny[:0]).as_groups().tolist() == []


def test_the_order_of_the_rows_does_not_matter(originals: list[Image.Image], monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [*originals[:12], *(COPIES["cropped all round"](image) for image in originals[:6])]
    pictures += [VIEWS["mirrored and cut"](image) for image in originals[6:12]]
    pixels = np.stack([seen(image) for image in pictures])
    order = np.random.default_rng(0).permutation(len(pixels))
    for fewest_for_cells in (2400, 4):
        monkeypatch.setattr(views, "FEWEST_FOR_CELLS", fewest_for_cells)
        there = {tuple(sorted(order[list(group.rows)].tolist())) for group in duplicate_groups(pixels[order])}
        assert there == {group.rows for group in duplicate_groups(pixels)}


def test_signatures_look_past_light_above_dark() -> None:
    slope = np.linspace(90, -90, HEIGHT)[:, None, None]
    pictures = [np.clip(0.4 * np.asarray(painted(seed)) + 77 + slope, 0, 255).astype(np.uint8) for seed in range(8)]
    thumbs = likeness.grey(np.stack([seen(Image.fromarray(picture)) for picture in pictures]), 32)
    signatures, others = likeness.signatures(thumbs), np.triu_indices(8, 1)
    assert np.corrcoef(thumbs.reshape(8, -1))[others].min() > 0.8
    assert (signatures @ signatures.T)[others].max() < 0.8


def test_what_only_one_of_two_crops_shows_does_not_count(originals: list[Image.Image]) -> None:
    one, other = (
        likeness.grey(np.stack([seen(cut(image, *edges)) for image in originals[:8]]), 64)
        for edges in [(0.05, 0, 0, 0), (0, 0, 0.05, 0)]
    )
    moves = np.repeat(np.array([[0, 0, -0.1, 0]], dtype=np.float32), 8, axis=0) / np.float32(0.95)
    assert likeness.likeness(one, other, moves).min() > 0.97


def test_moving_brings_a_crop_back_to_its_place() -> None:
    image = painted(1)
    whole, part = (likeness.grey(seen(picture)[None], 64) for picture in (image, cut(image, 0.04, 0.02, 0, 0.02)))
    moves = np.zeros((1, 4), dtype=np.float32)
    for side in (16, 32, 64):
        moves = likeness.refined(likeness.shrunk(whole, side), likeness.shrunk(part, side), moves)
    assert moves[0] == pytest.approx([0, -0.04, 0.04, -0.04], abs=0.01)
    assert likeness.likeness(whole, part, moves)[0] > 0.9 > likeness.likeness(whole, part, 0 * moves)[0]


def test_a_chain_of_similar_rows_falls_apart() -> None:
    pairs = np.array([[0, 1], [1, 2], [2, 3]])
    assert complete_linkage(5, pairs, np.array([0.9, 0.8, 0.7], np.float32)) == [[0, 1], [2, 3], [4]]


@given(st.integers(2, 12), st.integers(0, 2**32 - 1), st.floats(0.1, 0.9))
@settings(max_examples=60, deadline=None)
def test_linkage_is_that_of_scipy(n: int, seed: int, cutoff: float) -> None:
    distances = np.random.default_rng(seed).permutation(n * (n - 1) // 2) / (n * (n - 1) / 2)
    pairs = np.argwhere(np.triu(squareform(distances) <= cutoff, 1))
    alike = 1 - squareform(distances)[pairs[:, 0], pairs[:, 1]]
    names = fcluster(linkage(distances, "complete"), cutoff, "distance")
    expected = sorted(np.flatnonzero(names == name).tolist() for name in np.unique(names))
    assert sorted(complete_linkage(n, pairs, alike.astype(np.float32))) == expected


@given(st.lists(st.lists(st.sampled_from([0.0, -0.0, 1.0, np.nan]), min_size=2, max_size=2), max_size=12))
@settings(max_examples=40, deadline=None)
def test_equal_feature_rows_are_found(rows: list[list[float]]) -> None:
    features = np.array(rows, dtype=np.float32).reshape(-1, 2)
    equal = [[row for row, other in enumerate(features) if np.array_equal(one, other, True)] for one in features]
    expected = sorted({tuple(group) for group in equal if len(group) > 1})
    found = duplicate_rows(features)
    assert [group.rows for group in found] == expected
    assert {group.reason for group in found} <= {SAME_FEATURES}


def test_groups_become_names_and_join_the_groups_that_are_there() -> None:
    found = DuplicateGroups(
        (DuplicateGroup((0, 4), NEAR), DuplicateGroup((1, 2), NEAR), DuplicateGroup((5, 6), NEAR)), 8
    )
    assert found.as_groups().tolist() == [
        "duplicates 1", "duplicates 2", "duplicates 2", "", "duplicates 1", "duplicates 3", "duplicates 3", "",
    ]  # fmt: skip
    names = found.as_groups(np.array(["", "house", "tree", "tree", "", "duplicates 1", "", "house"])).tolist()
    assert [names[row] for row in (1, 2, 3, 7)] == ["house"] * 4, "a group of duplicates joins the two it touches"
    assert [names[row] for row in (5, 6)] == ["duplicates 1"] * 2, "a name that was given stays"
    assert [names[row] for row in (0, 4)] == ["duplicates 1'"] * 2, "and is not used for anything else"


def test_other_shapes_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(3, 4\)"):
        duplicate_groups(np.zeros((3, 4), np.uint8))
    with pytest.raises(InputError, match=r"\(3,\)"):
        duplicate_rows(np.zeros(3))


def test_bars_of_padding_make_no_copies_and_hide_none(originals: list[Image.Image]) -> None:
    wide = [image.resize((96, 48)) for image in originals]
    copies = [image.resize((60, 30)) for image in wide[:3]]
    pixels = np.stack([np.asarray(squared(image, 64, "pad")) for image in (*wide, *copies)])
    found = {group.rows for group in duplicate_groups(pixels)}
    assert found == {(row, len(wide) + row) for row in range(3)}
