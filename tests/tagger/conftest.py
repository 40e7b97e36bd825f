"""A small run on pictures, shared by the tests of taggers."""

from __future__ import annotations

import importlib.machinery
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_ray import FakeRay
from PIL import Image
from red_and_bright import LABELS, RECIPE

from tagfit import tagger, workflow
from tagfit.data.splits.split import split
from tagfit.data.tagged import TaggedSet
from tagfit.runs.run import Run


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 pictures; the first label is a bright red channel, the second a bright upper half."""
    folder = tmp_path_factory.mktemp("photos")
    generator = np.random.default_rng(0)
    for row in range(40):
        pixels = generator.integers(0, 60, size=(8, 12, 3))
        pixels[:, :, 0] += 120 * (row % 2)
        pixels[:4] += 60 * (row // 2 % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{row:02}.png")
    return folder


@pytest.fixture(scope="session")
def run(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("trained")
    rows = np.arange(40)
    truth = np.stack([rows % 2, rows // 2 % 2], axis=1).astype(np.uint8)
    files = tuple(sorted(photos.iterdir()))
    data = TaggedSet(rows.astype(np.str_), truth, np.ones_like(truth, dtype=bool), LABELS, files=files)
    problem = split(data, size=8, fit="crop", test_share=0.0, cache_dir=folder / "cache")
    return workflow.fit(problem, RECIPE, out=folder / "run", device="cpu", threads=1)


@pytest.fixture
def saved(run: Run, tmp_path: Path) -> Path:
    tagger.save(run, tmp_path / "tagger", thresholds=[0.4, 0.6])
    return tmp_path / "tagger"


@pytest.fixture(scope="session")
def saved_once(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its tagger, for tests that only read it."""
    folder = tmp_path_factory.mktemp("tagger") / "tagger"
    tagger.save(run, folder, thresholds=[0.4, 0.6])
    return folder


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRay]:
    """A fake of Ray where tagfit finds it, for one test; each connection has to be closed."""
    fake, grpc = FakeRay(), types.ModuleType("grpc")
    grpc.__spec__ = importlib.machinery.ModuleSpec("grpc", None)
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setitem(sys.modules, "grpc", grpc)
    yield fake
    assert fake.calls.count("shutdown") == (fake.calls.count("init") if fake.raises is None else 0)
