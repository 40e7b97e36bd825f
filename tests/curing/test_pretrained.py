"""Pretrained backbones in a cure: only where that is allowed, and the certificate says whose weights they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tagfit
from tagfit.backbones import BACKBONES, best_installed
from tagfit.curing.certificate import Certificate, sealed
from tagfit.curing.moves import HEADS, moves
from tagfit.curing.request import CureOptions
from tagfit.data.problem import Problem
from tagfit.errors import InputError, MissingExtraError
from tagfit.recipe import NAMED, Recipe
from tagfit.training.backbones import extract

PLAIN = Recipe(widths=(8,), epochs=2)
GOAL = "validation.label_accuracy>=0.95"


def colours(_backbone: Any, pixels: np.ndarray) -> np.ndarray:
    """Stands for a backbone: each picture's mean colour, with its deviation from grey, repeated."""
    means = pixels.reshape(len(pixels), -1, 3).mean(axis=1)
    return np.tile(means, (1, 427))[:, :1280].astype(np.float32)


@pytest.fixture
def problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Problem:
    """Pictures whose three labels are bright channels, hidden in noise from a dense net with two epochs."""
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(extract, "extract", colours)
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, (150, 3), dtype=np.uint8)
    noise = rng.integers(0, 120, (150, 16, 16, 3))
    pixels = (noise + 100 * truth[:, None, None, :]).astype(np.uint8)
    rows = tagfit.from_arrays(pixels, truth, labels=["red", "green", "blue"])
    return tagfit.split(rows, validation=0.3, test=0.2, method="random")


def cured(problem: Problem, out: Path, **options: Any) -> Certificate:
    return tagfit.cure(problem, GOAL, recipe=PLAIN, trials=3, seeds=1, out=out, **options)


def test_the_certificate_says_whose_weights_they_are_and_verifies(problem: Problem, tmp_path: Path) -> None:
    found = cured(problem, tmp_path / "cure", pretrained=True)
    document = found.document
    assert document.after.recipe["architecture"] == "pretrained"
    (one,) = document.outside
    backbone = best_installed()
    assert (one.used_by, one.name, one.sha256) == (("after",), backbone.name, backbone.sha256)
    assert (one.package, one.data) == (backbone.package, "ImageNet")
    assert f"uses weights that others trained: {backbone.name}" in document.paragraph[-1]
    assert tagfit.verify(found.folder, problem=problem).altered == ()


FORGERIES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "another hash": (lambda raw: raw["outside"][0].update(sha256="0" * 64), "have SHA-256"),
    "another package": (lambda raw: raw["outside"][0].update(package="mine"), "outside.0.package is certified as"),
    "no word of it": (lambda raw: raw.pop("outside"), "outside is certified as None"),
    "never allowed": (lambda raw: raw["asked"].pop("pretrained"), "asked.pretrained"),
}


def test_forged_origins_are_named(problem: Problem, tmp_path: Path) -> None:
    found = cured(problem, tmp_path / "cure", pretrained=True)
    for forge, expected in FORGERIES.values():
        raw = json.loads(json.dumps(found.raw))
        forge(raw)
        altered = tagfit.verify(Certificate(sealed(raw), found.folder), problem=problem).altered
        assert any(expected in line for line in altered), altered


def test_it_is_off_unless_allowed(problem: Problem, tmp_path: Path) -> None:
    found = cured(problem, tmp_path / "cure")
    raw = found.raw
    assert "outside" not in raw
    assert "pretrained" not in raw["asked"]
    assert {trial["name"] for trial in raw["search"]["log"]}.isdisjoint(name for name, _ in HEADS)


def test_heads_are_tried_first_and_only_on_pictures() -> None:
    tried = [move.name for move in moves((), 64, augment=False, backbone="efficientnet-lite0")]
    assert tried[: len(HEADS)] == [name for name, _ in HEADS]
    for size, backbone in ((None, "efficientnet-lite0"), (64, None)):
        assert {move.name for move in moves((), size, augment=False, backbone=backbone)}.isdisjoint(dict(HEADS))
    first, *others = moves((), 64, augment=False, backbone="efficientnet-lite0")[: len(HEADS)]
    head = first.applied(NAMED["plain-conv"])
    assert head == NAMED["pretrained"].changed(backbone="efficientnet-lite0")
    assert first.applied(head) is None
    for move in others:
        assert move.applied(NAMED["plain-conv"]) is None
        assert move.applied(head) not in (None, head)


def test_without_a_backbone_it_is_refused_before_anything_is_trained(
    problem: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagfit.backbones.importlib.util.find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match="a pretrained backbone"):
        cured(problem, tmp_path / "cure", pretrained=True)
    assert not (tmp_path / "cure").exists()
    assert not any(backbone.installed for backbone in BACKBONES.values())


def test_the_option_is_a_truth_value() -> None:
    with pytest.raises(InputError, match="pretrained = 'yes'"):
        CureOptions.of(pretrained="yes")  # type: ignore[arg-type]
