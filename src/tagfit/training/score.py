"""Scoring: probabilities of a net in inference mode, always in float32."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tagfit.evaluation.scaling import Scaling
from tagfit.training.batches import Batches

# Small enough for the activations of a conv net to stay in the cache of a CPU.
SCORING_BATCH = 128


def logits(net: nn.Module, rows: Batches, share: slice = slice(None)) -> torch.Tensor:
    """float32 logits (N, L) on the CPU, of ``share`` of the rows; the net returns to the mode that it was in."""
    training = net.training
    net.eval()
    size = SCORING_BATCH if rows.channels_first else SCORING_BATCH * 16
    try:
        with torch.inference_mode():
            batches = [
                net(rows.batch(positions)).float().cpu()
                for positions in torch.split(torch.arange(len(rows))[share], size)
            ]
    finally:
        net.train(training)
    return torch.cat(batches)


def probabilities(
    net: nn.Module, rows: Batches, scaling: Scaling | None = None, share: slice = slice(None)
) -> NDArray[np.float32]:
    """float32 probabilities of shape (N, L) of ``share`` of the rows, of the logits as they are or scaled."""
    found = logits(net, rows, share)
    if scaling is not None:
        found = found * torch.tensor(scaling.slopes) + torch.tensor(scaling.offsets)
    return torch.sigmoid(found).numpy()
