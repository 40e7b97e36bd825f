"""Resized: pictures at the size of a backbone, in the same way in every engine."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Resized(nn.Module):
    """Values in 0..255 (n, 3, side, side) -> whole numbers in 0..255, (n, 3, size, size), as ``extract.resized``.

    Interpolation is linear, so its weights are what it makes of the unit matrix; as products of matrices it is the same
    in every engine. Width comes first, as in torch: the other order rounds other values.
    """

    def __init__(self, side: int, size: int) -> None:
        super().__init__()
        self.weights: Tensor | None
        unit = torch.eye(side).reshape(1, 1, side, side)
        weights = functional.interpolate(unit, (size, side), mode="bilinear", align_corners=False, antialias=True)
        self.register_buffer("weights", None if side == size else weights[0, 0], persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        if self.weights is None:
            return pictures
        wide = torch.matmul(pictures, self.weights.T)
        return torch.matmul(self.weights, wide).round().clamp(0, 255)
