"""tagfit suggest and similar: what is untagged is suggested once, copies are found, and nothing is half-written."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tagfit as package
from commands import Command
from small_sets import LABELS, write_photos


@pytest.fixture
def pool(photos: Path, tmp_path: Path) -> Path:
    """20 new pictures, 3 that the run has tags for under other names, a copy of a new one, and a broken one."""
    folder = write_photos(tmp_path / "new", n=20, seed=7) / "images"
    for row in range(3):
        shutil.copy(photos / "images" / f"{row:02}.jpg", folder / f"tagged-{row}.jpg")
    shutil.copy(folder / "04.jpg", folder / "zz-copy.jpg")
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


def test_untagged_pictures_are_suggested_most_uncertain_first(tagfit: Command, photo_run: Path, pool: Path) -> None:
    found = tagfit("suggest", photo_run, pool, "--count", 8, "--json").json
    assert (found["considered"], found["already_tagged"], len(found["pictures"])) == (20, 3, 8)
    assert [Path(one["picture"]).name for one in found["unreadable"]] == ["broken.jpg"]
    assert found["notes"] == []
    names = [Path(one["picture"]).name for one in found["pictures"]]
    assert len(set(names)) == 8
    assert not [name for name in names if name.startswith(("tagged", "zz"))]
    first = found["pictures"][0]
    assert set(first["scores"]) == set(LABELS)
    assert sorted(first["unsure"]) == sorted(LABELS)
    assert first["uncertainty"] == max(one["uncertainty"] for one in found["pictures"])
    tagged = {one["picture"]: one["scores"] for one in package.tag(photo_run, pool)}
    for one in found["pictures"]:
        assert one["scores"] == pytest.approx(tagged[one["picture"]], abs=1e-5)


def test_the_table_and_the_csv_say_the_same(tagfit: Command, photo_run: Path, pool: Path, tmp_path: Path) -> None:
    done = tagfit("suggest", photo_run, pool, "--count", 5, "--out", "next.csv")
    assert done.code == 0
    with (tmp_path / "next.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5
    assert all(row["image"] in done.out for row in rows)
    assert [name for name in rows[0] if name.startswith("score ")] == [f"score {label}" for label in LABELS]
    assert "5 of 20 untagged pictures; left out: 3 that have tags already, 1 that cannot be read" in done.out
    assert "exists and is not overwritten" in tagfit.refused("suggest", photo_run, pool, "--out", "next.csv")


def test_tags_that_were_added_since_the_training_count(
    tagfit: Command, photos: Path, tmp_path: Path, cache_dir: Path
) -> None:
    source = Path(shutil.copytree(photos, tmp_path / "source"))
    rows = (source / "tags.csv").read_text().splitlines()
    (source / "tags.csv").write_text("\n".join(rows[:31]) + "\n")
    run = tagfit("train", source, "--recipe", "plain-dense", "--set", "epochs=2", "--size", 8, "--out", "run", "--json")
    assert run.code == 0
    assert tagfit("suggest", "run", source / "images", "--json").json["considered"] == 10
    (source / "tags.csv").write_text("\n".join(rows[:36]) + "\n")
    assert tagfit("suggest", "run", source / "images", "--json").json["considered"] == 5
    shutil.copy(photos / "tags.csv", source / "tags.csv")
    assert "all 40 pictures have tags already" in tagfit.refused("suggest", "run", source / "images")
    (source / "tags.csv").unlink()
    said = tagfit("suggest", "run", source / "images").out
    assert "note: pictures that have tags may be among these" in said


def test_copies_are_the_most_similar(tagfit: Command, photo_run: Path, photos: Path, pool: Path) -> None:
    found = tagfit("similar", photo_run, pool / "tagged-1.jpg", "--count", 3, "--json").json
    assert Path(found["pictures"][0]["picture"]).name == "01.jpg"
    assert found["pictures"][0]["similarity"] == pytest.approx(1, abs=1e-4)
    assert found["pictures"][0]["split"] in ("train", "validation")
    with (photos / "tags.csv").open(encoding="utf-8") as file:
        tags = {row["image"]: row["tags"].split("|") for row in csv.DictReader(file)}
    assert sorted(found["pictures"][0]["tags"]) == sorted(filter(None, tags["01.jpg"]))
    among = tagfit("similar", photo_run, pool / "04.jpg", "--in", pool, "--json").json
    assert Path(among["pictures"][0]["picture"]).name == "zz-copy.jpg"
    assert among["compared"] == 23, "the picture itself is left out"
    source = tagfit("similar", photo_run, pool / "tagged-1.jpg", "--in", photos, "--json").json
    assert source["pictures"][0]["tags"] == found["pictures"][0]["tags"]


def test_runs_on_feature_rows_have_no_pictures(tagfit: Command, row_run: Path, photos: Path) -> None:
    assert "rows of features" in tagfit.refused("suggest", row_run, photos)
    assert "rows of features" in tagfit.refused("similar", row_run, photos / "images" / "00.jpg")


def test_results_go_to_frames_and_a_conv_net_gives_its_pooled_features(
    photos: Path, cache_dir: Path, pool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(cache_dir))
    problem = package.split(package.read(photos), size=16)
    recipe = package.Recipe(architecture="conv", widths=(4, 8), epochs=1)
    run = package.fit(problem, recipe, out=tmp_path / "run")
    assert len(package.suggest(run, pool, count=4).to_frame()) == 4
    model = package.Tagger.of_run(run)
    pixels = np.stack([np.asarray(Image.open(photos / "images" / "00.jpg").resize((16, 16)))])
    seen = model.represent(pixels)
    assert seen.features.shape == (1, 8)
    np.testing.assert_allclose(seen.scores, model.probabilities(pixels), atol=1e-6)
    similar = package.similar(run, photos / "images" / "00.jpg", count=2)
    assert len(similar.to_frame()) == 2
    assert "by features" in repr(similar)


def test_pictures_become_squares_as_those_of_the_run(tagfit: Command, tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "wide", height=4)
    words = ("--recipe", "plain-dense", "--set", "epochs=1", "--size", 8, "--fit", "pad", "--out", "run")
    assert tagfit("train", photos, *words).code == 0
    pool = write_photos(tmp_path / "new", n=6, seed=3, height=4) / "images"
    suggested = tagfit("suggest", "run", pool, "--json").json["pictures"]
    tagged = {one["picture"]: one["scores"] for one in tagfit("tag", "run", pool, "--json").json["pictures"]}
    for one in suggested:
        assert one["scores"] == pytest.approx(tagged[one["picture"]], abs=1e-5)
    shutil.copy(photos / "images" / "03.jpg", pool / "copy.jpg")
    found = tagfit("similar", "run", pool / "copy.jpg", "--json").json["pictures"]
    assert found[0]["similarity"] == pytest.approx(1, abs=1e-4)
