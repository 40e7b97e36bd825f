"""Regions in the studio: the maps of a conv net's labels over the picture; a dense net is not offered any."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tagfit.data.plan import Plan
from tagfit.recipe import Recipe
from tagfit.workflow import fit

if TYPE_CHECKING:
    from starlette.testclient import TestClient


@pytest.fixture
def conv_run(folder: Path, photos: Path, cache_dir: Path) -> Path:
    problem = Plan(str(photos), size=16, cache_dir=str(cache_dir)).problem()
    recipe = Recipe(architecture="conv", widths=(4, 8), norm="batch", epochs=3, batch_size=8)
    return fit(problem, recipe, out=folder / "runs" / "conv", threads=1).folder


def key_of(client: TestClient, name: str) -> str:
    rows = client.get("/index.json").json()["sections"][0]["rows"]
    return next(cell["href"] for row in rows for cell in row if isinstance(cell, dict) and name in cell["text"])


def test_the_page_of_a_picture_leads_to_the_regions(client: TestClient, conv_run: Path) -> None:
    run = key_of(client, "conv")
    address = client.get(f"{run}/validation/pictures/0.json").json()["data"]["regions"]
    page = client.get(f"{address}.json").json()
    assert Path(page["command"].split()[-1]).is_file()
    (section,) = page["sections"]
    assert section["pictures"]
    shown = client.get(section["pictures"][0]["src"])
    assert (shown.status_code, Image.open(io.BytesIO(shown.content)).format) == (200, "JPEG")
    assert client.get(f"{address}/99.jpg").status_code == 404
    assert client.get(f"{run}/validation/pictures/999/regions").status_code == 404
    dense = key_of(client, "mine")
    assert client.get(f"{dense}/validation/pictures/0.json").json()["data"]["regions"] == ""
    assert client.get(f"{dense}/validation/pictures/0/regions.json").status_code == 400
