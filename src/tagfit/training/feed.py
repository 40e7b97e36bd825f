"""Feed: rows of a split become batches on the device, shifted and scaled, perhaps moved about."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tagfit.data.problem import Preprocessing

# The moves of `augment`: small enough that a tag stays true.
LARGEST_TURN = math.radians(15)
LARGEST_ZOOM = 0.4
LARGEST_SHIFT = 0.15  # of the picture's side

# Pictures for a dense net are kept as scaled floats where they take no more than this, instead of scaled each epoch.
LARGEST_HELD = 256 * 2**20  # bytes


class Feed:
    """Batches of some rows of ``inputs``.

    Args:
        inputs: (N, H, W, 3) uint8 pixels, perhaps memory-mapped, or (N, D) float32 features.
        rows: which of them, in which order; batches are asked for by position in it.
        preprocessing: the shift and scale, fitted on train.
        device: where batches go.
        channels_first: pictures come as (n, 3, H, W) for a conv net instead of (n, H, W, 3).
    """

    def __init__(
        self,
        inputs: NDArray[np.uint8] | NDArray[np.float32],
        rows: NDArray[np.int64],
        preprocessing: Preprocessing,
        device: str,
        *,
        channels_first: bool,
    ) -> None:
        self.device = device
        self.channels_first = channels_first
        self.mean = torch.tensor(preprocessing.mean, dtype=torch.float32, device=device)
        self.scale = 1 / torch.tensor(preprocessing.std, dtype=torch.float32, device=device)
        self._inputs, self._rows = inputs, rows
        # Features are small: scaled once. On a GPU the pixels move there once, as bytes. Else they stay mapped.
        self._held: Tensor | None = None
        floats = len(rows) * int(np.prod(inputs.shape[1:])) * 4
        if inputs.ndim == 2 or (device == "cpu" and not channels_first and floats <= LARGEST_HELD):
            self._held = self._scaled(torch.from_numpy(inputs[rows]).to(device).float())
        elif device != "cpu":
            self._held = torch.from_numpy(inputs[rows]).to(device)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row: (D,) or (H, W, 3)."""
        return tuple(self._inputs.shape[1:])

    def batch(self, positions: Tensor, *, moving: bool = False) -> Tensor:
        """The rows at ``positions``, float32; ``moving`` pictures are augmented, drawn from torch's generator."""
        if self._held is not None and self._held.is_floating_point():
            return self._held.index_select(0, positions.to(self.device))
        if self._held is not None:
            pixels = self._held.index_select(0, positions.to(self.device))
        else:
            pixels = torch.from_numpy(self._inputs[self._rows[positions.numpy()]])
        pictures = self._scaled(pixels.float())
        if not self.channels_first:
            return pictures
        pictures = pictures.permute(0, 3, 1, 2)
        return moved(pictures) if moving else pictures

    def _scaled(self, values: Tensor) -> Tensor:
        return values.sub_(self.mean).mul_(self.scale)


def moved(pictures: Tensor) -> Tensor:
    """Each picture of (n, 3, H, W) flipped left to right or not, turned, zoomed and shifted a little."""
    n = len(pictures)

    def uniform(largest: float) -> Tensor:
        return (torch.rand(n) * 2 - 1) * largest

    flip = (torch.rand(n) < 0.5).float() * 2 - 1
    turn, zoom = uniform(LARGEST_TURN), torch.exp(uniform(LARGEST_ZOOM))
    # Shifts are in the grid's units, where a picture's side is 2 long.
    right, down = uniform(2 * LARGEST_SHIFT), uniform(2 * LARGEST_SHIFT)
    cos, sin = torch.cos(turn) * zoom, torch.sin(turn) * zoom
    moves_to = torch.stack(
        [torch.stack([flip * cos, -sin, right], dim=1), torch.stack([flip * sin, cos, down], dim=1)], dim=1
    )
    grid = functional.affine_grid(moves_to.to(pictures.device), list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
