"""The generated set: what is in the folder, that it comes out the same again, and that the flips are as stated."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagfit.data.scenes.generate import GeneratedSet, generate, read_summary
from tagfit.data.scenes.painting import Camera, paint
from tagfit.data.scenes.scene import FACTORS, LABELS, Scene, draw_scenes, flipped, truth_of
from tagfit.errors import InputError

SMALL = {"train": 24, "validation": 10, "test": 7, "size": 48}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def multi_hot(path: Path) -> np.ndarray:
    return np.array([[label in row["tags"].split("|") for label in LABELS] for row in rows(path)])


def contents(directory: Path) -> dict[str, bytes]:
    return {str(p.relative_to(directory)): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> GeneratedSet:
    return generate(tmp_path_factory.mktemp("generated") / "set", seed=3, noise=0.1, **SMALL)


def test_the_folder_holds_what_it_says(made: GeneratedSet) -> None:
    assert sorted(p.name for p in made.directory.iterdir()) == [
        "README.md",
        "generated.json",
        "images",
        "labels.txt",
        "tags.csv",
        "true_tags.csv",
    ]
    assert (made.directory / "labels.txt").read_text().split() == list(made.labels) == list(LABELS)
    listed = rows(made.directory / "tags.csv")
    assert [row["split"] for row in listed] == ["train"] * 24 + ["validation"] * 10 + ["test"] * 7
    assert {row["image"] for row in listed} == {f"images/{p.name}" for p in (made.directory / "images").iterdir()}
    for row in listed:
        with Image.open(made.directory / row["image"]) as picture:
            assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (48, 48))
            picture.load()


def test_flips_are_counted_as_they_are(made: GeneratedSet) -> None:
    tags, truth = multi_hot(made.directory / "tags.csv"), multi_hot(made.directory / "true_tags.csv")
    split = np.array([row["split"] for row in rows(made.directory / "tags.csv")])
    for name, counts in made.splits.items():
        wrong = int((tags != truth)[split == name].sum())
        assert (counts.pictures, counts.entries) == ((split == name).sum(), (split == name).sum() * len(LABELS))
        assert counts.flipped == wrong == round(0.1 * counts.entries)
        assert counts.flipped_share == wrong / counts.entries
        assert counts.ceiling == pytest.approx((tags == truth)[split == name].mean())
    readme = (made.directory / "README.md").read_text()
    assert f"| train | 24 | {made.splits['train'].flipped} of 144 |" in readme
    assert read_summary(made.directory) == made


def test_the_same_settings_give_the_same_bytes_and_another_seed_gives_others(
    made: GeneratedSet, tmp_path: Path
) -> None:
    again = generate(tmp_path / "again", seed=3, noise=0.1, **SMALL)
    assert contents(again.directory) == contents(made.directory)
    assert again.sha256 == made.sha256
    other = generate(tmp_path / "other", seed=4, noise=0.1, **SMALL)
    first = "images/train-01.jpg"
    assert (other.directory / first).read_bytes() != (made.directory / first).read_bytes()


def test_a_split_does_not_depend_on_the_others(made: GeneratedSet, tmp_path: Path) -> None:
    more = generate(tmp_path / "set", seed=3, noise=0.1, **SMALL | {"train": 30, "test": 0})
    assert list(more.splits) == ["train", "validation"]

    def validation(directory: Path) -> list[tuple[str, bytes]]:
        listed = [row for row in rows(directory / "tags.csv") if row["split"] == "validation"]
        return [(row["tags"], (directory / row["image"]).read_bytes()) for row in listed]

    assert validation(more.directory) == validation(made.directory)


def test_train_can_have_more_wrong_tags_than_the_rest(made: GeneratedSet, tmp_path: Path) -> None:
    worse = generate(tmp_path / "set", seed=3, noise=0.1, train_noise=0.25, **SMALL)
    train = worse.splits["train"]
    assert train.flipped == round(0.25 * train.entries)
    for split in ("validation", "test"):
        assert worse.splits[split] == made.splits[split]
    assert read_summary(worse.directory) == worse
    assert worse.settings == {**made.settings, "train_noise": 0.25}
    with pytest.raises(InputError, match=r"train_noise is -0\.1"):
        generate(tmp_path / "other", train_noise=-0.1)


def test_no_picture_is_there_twice(made: GeneratedSet) -> None:
    pictures = [path.read_bytes() for path in (made.directory / "images").iterdir()]
    assert len(set(pictures)) == len(pictures)


def test_every_scene_has_one_truth_and_each_label_tells_something() -> None:
    scenes = [Scene(*factors) for factors in itertools.product((True, False), repeat=4)]
    truth = truth_of(scenes)
    assert truth.shape == (16, len(LABELS))
    assert len(np.unique(truth, axis=0)) == 16
    for first, second in itertools.combinations(range(len(LABELS)), 2):
        assert (truth[:, first] != truth[:, second]).any()
        assert (truth[:, first] == truth[:, second]).any()


def test_beach_sunset_and_people_are_on_half_of_the_pictures() -> None:
    truth = truth_of(draw_scenes(301, np.random.default_rng(0)))
    for label in ("beach", "sunset", "people"):
        assert truth[:, LABELS.index(label)].sum() == 150


@pytest.mark.parametrize("share", [0.0, 0.1, 0.49])
def test_flips_fall_on_labels_and_values_alike(share: float) -> None:
    truth = np.repeat(np.array([[1, 1, 0, 0, 0, 0]], dtype=np.uint8), 4000, axis=0)
    turned = flipped(truth, share, np.random.default_rng(1)) != truth
    assert turned.sum() == round(share * truth.size)
    assert turned.mean(axis=0) == pytest.approx(share, abs=4 * (share / 4000) ** 0.5)
    assert (truth[:, 0] == 1).all(), "the truth itself is left alone"


def test_the_factors_show_all_over_the_picture() -> None:
    """What the set is for: without grain, a handful of average colours tells each factor from its opposite."""
    camera = Camera(exposure=0, white_balance=0, grain=0, blur=0)
    scenes = draw_scenes(320, np.random.default_rng(0))
    pictures = [paint(scene, 32, np.random.default_rng(row), camera) for row, scene in enumerate(scenes)]
    coarse = np.stack([np.asarray(picture.reduce(8), dtype=float).ravel() for picture in pictures])
    inputs = np.column_stack([coarse, np.ones(len(coarse))])
    for factor in FACTORS:
        wanted = np.array([2.0 * getattr(scene, factor) - 1 for scene in scenes])
        weights, *_ = np.linalg.lstsq(inputs[:240], wanted[:240], rcond=None)
        assert ((inputs[240:] @ weights > 0) == (wanted[240:] > 0)).mean() >= 0.85, factor


def test_an_empty_directory_is_filled(tmp_path: Path) -> None:
    assert generate(tmp_path, train=2, validation=0, test=0, size=32).splits["train"].pictures == 2


def test_the_same_set_is_left_as_it_is(tmp_path: Path) -> None:
    first = generate(tmp_path / "set", train=3, validation=2, test=0, size=32)
    before = {path: path.stat().st_mtime_ns for path in first.directory.rglob("*")}
    assert generate(tmp_path / "set", train=3, validation=2, test=0, size=32) == first
    assert {path: path.stat().st_mtime_ns for path in first.directory.rglob("*")} == before


def test_what_is_not_that_set_is_refused_and_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "set"
    generate(target, train=3, validation=2, test=0, size=32)
    with pytest.raises(InputError, match=r"other settings.*'seed': 0.*name another directory"):
        generate(target, train=3, validation=2, test=0, size=32, seed=1)
    (target / "tags.csv").write_text("image,tags,split\nmine,,train\n")
    with pytest.raises(InputError, match="has been altered"):
        generate(target, train=3, validation=2, test=0, size=32)
    assert "mine" in (target / "tags.csv").read_text()

    holiday = tmp_path / "holiday"
    holiday.mkdir()
    (holiday / "photo.jpg").write_bytes(b"precious")
    with pytest.raises(InputError, match=r"holiday is not empty and holds no generated set"):
        generate(holiday)
    assert contents(holiday) == {"photo.jpg": b"precious"}
    with pytest.raises(InputError, match="is a file"):
        generate(holiday / "photo.jpg")


def test_a_death_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> object:
        raise OSError("no space left on device")

    monkeypatch.setattr("tagfit.data.scenes.generate._sha256", full_disk)
    with pytest.raises(InputError, match="no space left"):
        generate(tmp_path / "set", train=2, validation=0, test=0, size=32)
    assert list(tmp_path.iterdir()) == []


def test_all_wrong_settings_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        generate(tmp_path / "set", seed=-1, train=-5, noise=0.5, size=8)
    text = str(caught.value)
    for part in ("seed is -1", "train is -5", "noise is 0.5", "size is 8"):
        assert part in text
    with pytest.raises(InputError, match="all splits have 0 pictures"):
        generate(tmp_path / "set", train=0, validation=0, test=0)
    assert list(tmp_path.iterdir()) == []
