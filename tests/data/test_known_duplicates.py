"""Near-duplicates of a set are kept next to its pictures, and looked for again when anything differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagfit.data import known_duplicates
from tagfit.data.inputs import Inputs
from tagfit.data.known_duplicates import known_duplicate_groups
from tagfit.data.pictures.duplicates import duplicate_groups


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with every search; every number of pictures is kept."""
    counted: list[int] = []

    def counting(pixels: Any, digests: Any) -> Any:
        counted.append(len(pixels))
        return duplicate_groups(pixels, digests)

    monkeypatch.setattr(known_duplicates, "duplicate_groups", counting)
    monkeypatch.setattr(known_duplicates, "FEWEST_KEPT", 0)
    return counted


@pytest.fixture
def inputs() -> Inputs:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    pixels[4] = pixels[1]
    digests = np.array([f"digest {row}" for row in range(6)])
    return Inputs(pixels, np.arange(6), digests, (), 32, "a decoder")


def test_groups_are_found_once(inputs: Inputs, searches: list[int], tmp_path: Path) -> None:
    first, again = (known_duplicate_groups(inputs, tmp_path) for _ in range(2))
    assert first == again == duplicate_groups(inputs.values, inputs.digests)
    assert [group.rows for group in first] == [(1, 4)]
    assert searches == [6]


@pytest.mark.parametrize(
    "changed",
    [
        lambda inputs: replace(inputs, digests=inputs.digests[::-1]),
        lambda inputs: replace(inputs, fit="crop"),
        lambda inputs: replace(inputs, decoder="another"),
        lambda inputs: replace(inputs, values=inputs.values[:, :16, :16], size=16),
    ],
    ids=["order", "fit", "decoder", "size"],
)
def test_other_pictures_are_searched(
    changed: Callable[[Inputs], Inputs], inputs: Inputs, searches: list[int], tmp_path: Path
) -> None:
    known_duplicate_groups(inputs, tmp_path)
    known_duplicate_groups(changed(inputs), tmp_path)
    assert len(searches) == 2


def test_another_search_finds_its_own_groups(
    inputs: Inputs, searches: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_duplicate_groups(inputs, tmp_path)
    monkeypatch.setattr(known_duplicates, "SEARCH", known_duplicates.SEARCH + 1)
    known_duplicate_groups(inputs, tmp_path)
    assert len(searches) == 2


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"pictures": 6}', '{"pictures": 7, "groups": []}', '{"pictures": 6, "groups": [3]}']
)
def test_a_damaged_file_is_replaced(damage: str, inputs: Inputs, searches: list[int], tmp_path: Path) -> None:
    first = known_duplicate_groups(inputs, tmp_path)
    (path,) = tmp_path.rglob("*.json")
    path.write_text(damage)
    assert known_duplicate_groups(inputs, tmp_path) == known_duplicate_groups(inputs, tmp_path) == first
    assert len(searches) == 2


def test_few_pictures_are_not_kept(inputs: Inputs, tmp_path: Path) -> None:
    known_duplicate_groups(inputs, tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_cache_that_cannot_be_written_loses_nothing(inputs: Inputs, searches: list[int], tmp_path: Path) -> None:
    (tmp_path / "duplicates").write_text("not a folder")
    assert [group.rows for group in known_duplicate_groups(inputs, tmp_path)] == [(1, 4)]
    assert searches == [6]
