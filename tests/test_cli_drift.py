"""tagfit drift: the pictures that a model was judged on have not shifted, and brighter ones have."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import Command
from small_sets import write_photos
from tagfit.data.plan import Plan
from tagfit.recipe import Recipe
from tagfit.workflow import fit


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Path:
    folder = write_photos(tmp_path_factory.mktemp("drift") / "photos", n=120)
    problem = Plan(str(folder), split={"validation_share": 0.4}, size=8, cache_dir=str(cache_dir)).problem()
    return fit(problem, Recipe(widths=(16,), epochs=6), out=folder.parent / "run", threads=1).folder


def test_new_pictures_of_the_same_kind_have_not_shifted_and_darker_ones_have(
    tagfit: Command, run: Path, tmp_path: Path
) -> None:
    same = write_photos(tmp_path / "same", n=60, seed=5) / "images"
    found = tagfit("drift", run, same, "--json", "--fail")
    assert (found.code, found.json["shifted"], found.json["now"]) == (0, [], 60)
    assert found.json["features"]["shifted"] is False
    assert len(found.json["unlike"]) == 10
    for file in same.iterdir():
        pixels = np.asarray(Image.open(file))
        Image.fromarray((pixels // 4).astype(np.uint8)).save(file, quality=95)
    darker = tagfit("drift", run, same, "--fail")
    assert darker.code == 4
    assert "labels have shifted" in darker.out
    assert "features: shifted" in darker.out
    assert tagfit("drift", run, same).code == 0


def test_equal_pictures_count_once(tagfit: Command, run: Path, tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "new", n=40, seed=6) / "images"
    for file in list(folder.iterdir()):
        (folder / f"copy-{file.name}").write_bytes(file.read_bytes())
    found = tagfit("drift", run, folder, "--json").json
    assert found["now"] == 40
    assert found["notes"] == ["40 equal pictures count once"]


@pytest.mark.parametrize("kind", ["safetensors", "onnx"])
def test_a_tagger_gives_the_answer_of_its_run(tagfit: Command, run: Path, tmp_path: Path, kind: str) -> None:
    if kind == "onnx":
        pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    same = write_photos(tmp_path / "same", n=60, seed=5) / "images"
    assert tagfit("pack", run, "tagger", "--format", kind).code == 0
    expected, found = tagfit("drift", run, same, "--json").json, tagfit("drift", "tagger", same, "--json").json
    assert [one["picture"] for one in found["unlike"]] == [one["picture"] for one in expected["unlike"]]
    assert found["features"]["p"] == pytest.approx(expected["features"]["p"], abs=0.02)
    assert found["before"] == expected["before"]
    for one, other in zip(found["labels"], expected["labels"], strict=True):
        assert one["distance"] == pytest.approx(other["distance"], abs=0.05)


def test_without_the_pictures_of_validation_scores_are_compared_alone(
    tagfit: Command, run: Path, tmp_path: Path
) -> None:
    gone = Path(shutil.copytree(run, tmp_path / "run"))
    about = json.loads((gone / "problem.json").read_text(encoding="utf-8"))
    about["source"]["data"] = str(tmp_path / "nowhere")
    (gone / "problem.json").write_text(json.dumps(about), encoding="utf-8")
    same = write_photos(tmp_path / "same", n=60, seed=5) / "images"
    found = tagfit("drift", gone, same, "--json").json
    assert (found["features"], found["unlike"]) == (None, [])
    assert any("features are not compared" in note for note in found["notes"])
    packed = tagfit("pack", gone, "tagger")
    assert "`tagfit drift` cannot use it" in packed.out
    assert "pack its run again" in tagfit.refused("drift", "tagger", same)


def test_a_picture_unlike_the_others_is_named_first(tagfit: Command, run: Path, tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "new", n=40, seed=6) / "images"
    pixels = np.random.default_rng(0).integers(0, 2, (12, 16, 3)) * 255
    Image.fromarray(pixels.astype(np.uint8)).save(folder / "odd.png")
    first = tagfit("drift", run, folder, "--json").json["unlike"][0]
    assert first["picture"].endswith("odd.png")
    assert first["share"] == 0


def test_a_rate_too_small_for_features_compares_scores_alone(tagfit: Command, run: Path, tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "new", n=40, seed=6) / "images"
    found = tagfit("drift", run, folder, "--rate", "1e-6", "--json").json
    assert found["features"] is None
    assert "so small a rate" in found["notes"][0]
