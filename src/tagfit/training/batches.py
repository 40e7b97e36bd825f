"""Batches: rows of a split on the device, standardised and optionally augmented."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

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
DRAWS = 5  # numbers for a picture: flip, turn, zoom and two shifts

# Pictures for a dense net are standardised once and kept as floats if they take no more than this.
LARGEST_CACHED = 256 * 2**20  # bytes


class Batches:
    """Batches of some rows of ``inputs``.

    Args:
        inputs: (N, H, W, C) uint8 pixels or float16 maps, perhaps memory-mapped, or (N, D) float32 features.
        rows: indices into ``inputs``; batches are selected by position in ``rows``.
        preprocessing: mean and standard deviation, fitted on train.
        device: of the batches.
        channels_first: whether pictures are returned as (n, C, H, W), for a conv net, or as (n, H, W, C).
        views: the inputs of augmented pictures, computed before; without any, pictures are augmented when they are due.
    """

    def __init__(
        self,
        inputs: NDArray[Any],
        rows: NDArray[np.int64],
        preprocessing: Preprocessing,
        device: str,
        *,
        channels_first: bool,
        views: tuple[NDArray[Any], ...] = (),
    ) -> None:
        self.device = device
        self.channels_first = channels_first
        self.mean, self.scale = (each.to(device) for each in shift_and_scale(preprocessing, inputs.shape[1:]))
        self._inputs, self._rows, self._views = inputs, rows, views
        # Features are small and standardised once; on a GPU pixels and maps are copied there once, as they are stored.
        self._scaled_once: Tensor | None = None
        self._copied: Tensor | None = None
        floats = len(rows) * int(np.prod(inputs.shape[1:])) * 4
        if inputs.ndim == 2 or (device == "cpu" and not channels_first and floats <= LARGEST_CACHED):
            self._scaled_once = self._scaled(torch.from_numpy(inputs[rows]).to(device).float())
        elif device != "cpu":
            self._copied = torch.from_numpy(inputs[rows]).to(device)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row: (D,) or (H, W, 3)."""
        return tuple(self._inputs.shape[1:])

    def batch(self, positions: Tensor, *, augment: bool = False, share: slice = slice(None)) -> Tensor:
        """The float32 rows at ``positions``, or a share of them.

        ``augment`` draws from torch's global generator, for all positions, so that a row is the same in any share.
        """
        if augment and self._views:
            return self._arranged(self._scaled(self._of_views(positions, share).float()))
        positions, among = positions[share], len(positions)
        if self._scaled_once is not None:
            return self._scaled_once.index_select(0, positions.to(self.device))
        if self._copied is not None:
            pixels = self._copied.index_select(0, positions.to(self.device))
        else:
            pixels = torch.from_numpy(self._inputs[self._rows[positions.numpy()]])
        pictures = self._arranged(self._scaled(pixels.float()))
        return augmented(pictures, among=among, share=share) if augment and self.channels_first else pictures

    def _of_views(self, positions: Tensor, share: slice) -> Tensor:
        """The rows at ``positions``, each as it is or in one of its views, all equally often."""
        drawn = torch.randint(len(self._views) + 1, (len(positions),)).numpy()[share]
        rows = self._rows[positions[share].numpy()]
        found = np.empty((len(rows), *self.shape), dtype=self._inputs.dtype)
        for number, values in enumerate((self._inputs, *self._views)):
            chosen = drawn == number
            found[chosen] = values[rows[chosen]]
        return torch.from_numpy(found).to(self.device)

    def _arranged(self, pictures: Tensor) -> Tensor:
        return pictures.permute(0, 3, 1, 2) if self.channels_first else pictures

    def _scaled(self, values: Tensor) -> Tensor:
        return in_lines(values).sub_(self.mean).mul_(self.scale).view(values.shape)


def shift_and_scale(preprocessing: Preprocessing, shape: Sequence[int]) -> tuple[Tensor, Tensor]:
    """What is subtracted from rows of this shape and what they are then multiplied by, as :func:`in_lines` takes them.

    Those of three channels are repeated for a whole line of pixels: an inner axis of three is too short to vectorise.
    """
    mean = torch.tensor(preprocessing.mean, dtype=torch.float32)
    scale = 1 / torch.tensor(preprocessing.std, dtype=torch.float32)
    repeats = shape[1] if len(shape) == 3 and len(mean) > 1 else 1
    return mean.repeat(repeats), scale.repeat(repeats)


def in_lines(values: Tensor) -> Tensor:
    """Pictures (n, H, W, C) as lines of pixels (n, H, W * C), and rows (n, D) as they are."""
    return values.flatten(2) if values.ndim == 4 else values


def augmented(
    pictures: Tensor,
    draw: Callable[[int], Tensor] = torch.rand,
    *,
    among: int | None = None,
    share: slice = slice(None),
) -> Tensor:
    """Each picture of (n, 3, H, W) flipped with probability 1/2, and rotated, zoomed and shifted at random.

    ``draw`` is called DRAWS times, for n numbers from 0 to 1. The pictures are the ``share`` of a batch of ``among``
    ones, for all of which is drawn.
    """
    n = len(pictures) if among is None else among

    def uniform(largest: float) -> Tensor:
        return (draw(n) * 2 - 1) * largest

    flip = (draw(n) < 0.5).float() * 2 - 1
    turn, zoom = uniform(LARGEST_TURN), torch.exp(uniform(LARGEST_ZOOM))
    # Shifts are in the grid's units, where a picture's side is 2 long.
    right, down = uniform(2 * LARGEST_SHIFT), uniform(2 * LARGEST_SHIFT)
    cos, sin = torch.cos(turn) * zoom, torch.sin(turn) * zoom
    moves_to = torch.stack(
        [torch.stack([flip * cos, -sin, right], dim=1), torch.stack([flip * sin, cos, down], dim=1)], dim=1
    )
    grid = functional.affine_grid(moves_to[share].to(pictures.device), list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
