"""Batches: rows of a split on the device, standardised and optionally augmented."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tagfit.data.problem import Preprocessing

# Augmentation, small enough that the tags of a picture stay true.
LARGEST_TURN = math.radians(15)
LARGEST_ZOOM = 0.4
LARGEST_SHIFT = 0.15  # of the picture's side

# Pictures for a dense net are standardised once and kept as floats if they take no more than this.
LARGEST_CACHED = 256 * 2**20  # bytes


class Batches:
    """Batches of some rows of ``inputs``.

    Args:
        inputs: (N, H, W, 3) uint8 pixels, perhaps memory-mapped, or (N, D) float32 features.
        rows: indices into ``inputs``; batches are selected by position in ``rows``.
        preprocessing: mean and standard deviation, fitted on train.
        device: of the batches.
        channels_first: whether pictures are returned as (n, 3, H, W), for a conv net, or as (n, H, W, 3).
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
        # Features are small and standardised once; on a GPU the pixels are copied there once, as bytes.
        self._cached: Tensor | None = None
        floats = len(rows) * int(np.prod(inputs.shape[1:])) * 4
        if inputs.ndim == 2 or (device == "cpu" and not channels_first and floats <= LARGEST_CACHED):
            self._cached = self._scaled(torch.from_numpy(inputs[rows]).to(device).float())
        elif device != "cpu":
            self._cached = torch.from_numpy(inputs[rows]).to(device)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row: (D,) or (H, W, 3)."""
        return tuple(self._inputs.shape[1:])

    def batch(self, positions: Tensor, *, augment: bool = False) -> Tensor:
        """The float32 rows at ``positions``; ``augment`` draws from torch's global generator."""
        if self._cached is not None and self._cached.is_floating_point():
            return self._cached.index_select(0, positions.to(self.device))
        if self._cached is not None:
            pixels = self._cached.index_select(0, positions.to(self.device))
        else:
            pixels = torch.from_numpy(self._inputs[self._rows[positions.numpy()]])
        pictures = self._scaled(pixels.float())
        if not self.channels_first:
            return pictures
        pictures = pictures.permute(0, 3, 1, 2)
        return augmented(pictures) if augment else pictures

    def _scaled(self, values: Tensor) -> Tensor:
        return values.sub_(self.mean).mul_(self.scale)


def augmented(pictures: Tensor) -> Tensor:
    """Each picture of (n, 3, H, W) flipped with probability 1/2, and rotated, zoomed and shifted at random."""
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
