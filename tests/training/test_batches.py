"""Batches: the right rows, shifted and scaled, in the form a net takes; and moves that leave a tag true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from problems import features, pictures

from tagfit.data.problem import Preprocessing
from tagfit.training import batches as module
from tagfit.training.batches import Batches, augmented

ROWS = np.array([5, 0, 3])


def test_feature_rows_come_shifted_and_scaled() -> None:
    problem = features()
    before = problem.inputs.copy()
    batches = Batches(problem.inputs, ROWS, problem.preprocessing, "cpu", channels_first=False)
    expected = (problem.inputs[[3, 5]] - problem.preprocessing.mean) / problem.preprocessing.std
    np.testing.assert_allclose(batches.batch(torch.tensor([2, 0])).numpy(), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(problem.inputs, before)
    assert (len(batches), batches.shape) == (3, (10,))


@pytest.mark.parametrize("channels_first", [True, False])
def test_pictures_come_from_a_memory_map_in_the_form_the_net_takes(tmp_path: Path, channels_first: bool) -> None:
    problem = pictures(size=6)
    np.save(tmp_path / "pixels.npy", problem.inputs)
    mapped = np.load(tmp_path / "pixels.npy", mmap_mode="r")
    batches = Batches(mapped, ROWS, problem.preprocessing, "cpu", channels_first=channels_first)
    expected = (problem.inputs[[3, 5]] - np.array(problem.preprocessing.mean)) / problem.preprocessing.std
    found = batches.batch(torch.tensor([2, 0]))
    shown = found.permute(0, 2, 3, 1) if channels_first else found
    np.testing.assert_allclose(shown.numpy(), expected, rtol=1e-4, atol=1e-5)
    assert batches.shape == (6, 6, 3)


def test_pictures_of_any_memory_layout_are_shifted_and_scaled_alike() -> None:
    problem = pictures(size=6)
    turned = np.asfortranarray(problem.inputs)
    of_both = [
        Batches(inputs, ROWS, problem.preprocessing, "cpu", channels_first=True).batch(torch.arange(2))
        for inputs in (problem.inputs, turned)
    ]
    assert torch.equal(*of_both)


def test_a_feature_that_is_constant_in_train_stays_finite() -> None:
    constant = np.full((4, 2), 7, dtype=np.float32)
    batches = Batches(constant, np.arange(4), Preprocessing(None, (7.0, 7.0), (1.0, 1.0)), "cpu", channels_first=False)
    assert not batches.batch(torch.arange(4)).any()


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    for name in names:
        monkeypatch.setattr(module, name, 0.0)


def test_without_turns_zooms_and_shifts_a_picture_is_itself_or_its_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "LARGEST_TURN", "LARGEST_ZOOM", "LARGEST_SHIFT")
    torch.manual_seed(0)
    before = torch.rand(200, 3, 5, 5)
    after = augmented(before)
    same = (after - before).abs().amax(dim=(1, 2, 3)) < 1e-5
    mirrored = (after - before.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-5
    assert (same ^ mirrored).all()
    assert 70 < int(mirrored.sum()) < 130


@pytest.mark.parametrize("kept", ["LARGEST_TURN", "LARGEST_ZOOM", "LARGEST_SHIFT"])
def test_each_move_changes_pictures_within_its_limit(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The centre of a bright spot goes no further than its move allows; flips are undone by looking at both sides."""
    limit = getattr(module, kept)
    without(monkeypatch, *({"LARGEST_TURN", "LARGEST_ZOOM", "LARGEST_SHIFT"} - {kept}))
    torch.manual_seed(0)
    side, at = 41, 30
    axis = torch.arange(side).float()
    spot = torch.exp(-((axis[:, None] - at) ** 2 + (axis[None, :] - at) ** 2) / 8)
    after = augmented(spot.expand(300, 3, side, side).clone())[:, 0]
    weight = after.sum(dim=(1, 2))
    down = (after * axis[:, None]).sum(dim=(1, 2)) / weight - (side - 1) / 2
    right = ((after * axis[None, :]).sum(dim=(1, 2)) / weight - (side - 1) / 2).abs()
    away = (side - 1) / 2 - (side - 1 - at)  # of the spot from the centre, in pixels
    if kept == "LARGEST_SHIFT":
        allowed = limit * side
        moves = torch.maximum((down - away).abs(), (right - away).abs())
    elif kept == "LARGEST_ZOOM":
        allowed = away * (np.exp(limit) - 1)
        moves = torch.maximum((down - away).abs(), (right - away).abs())
    else:
        allowed = limit
        moves = (torch.atan2(down, right) - np.pi / 4).abs()
    assert 0.85 * allowed < float(moves.max()) < 1.1 * allowed


def test_moved_pictures_hold_nothing_that_was_not_there() -> None:
    """Borders are filled by reflection, so that one colour stays one colour, and no value leaves its range."""
    torch.manual_seed(0)
    flat = torch.full((20, 3, 9, 9), 0.7)
    torch.testing.assert_close(augmented(flat), flat)
    noise = torch.rand(20, 3, 9, 9)
    assert float(augmented(noise).min()) >= 0
    assert float(augmented(noise).max()) <= 1
