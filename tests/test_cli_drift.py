"""tagfit drift: the pictures that a model was judged on have not shifted, and brighter ones have."""

from __future__ import annotations

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
    for file in same.iterdir():
        pixels = np.asarray(Image.open(file))
        Image.fromarray((pixels // 4).astype(np.uint8)).save(file, quality=95)
    darker = tagfit("drift", run, same, "--fail")
    assert darker.code == 4
    assert "labels have shifted" in darker.out
    assert tagfit("drift", run, same).code == 0


def test_equal_pictures_count_once(tagfit: Command, run: Path, tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "new", n=40, seed=6) / "images"
    for file in list(folder.iterdir()):
        (folder / f"copy-{file.name}").write_bytes(file.read_bytes())
    found = tagfit("drift", run, folder, "--json").json
    assert found["now"] == 40
    assert found["notes"] == ["40 equal pictures count once"]
