"""Scoring: probabilities of a net in inference mode, always in float32."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tagfit.training.feed import Feed

# Small enough for the activations of a conv net to stay in a processor's cache.
SCORING_BATCH = 128


def logits(net: nn.Module, feed: Feed) -> torch.Tensor:
    """float32 logits of shape (N, L) on the processor; the net is left in the mode it came in."""
    training = net.training
    net.eval()
    size = SCORING_BATCH if feed.channels_first else SCORING_BATCH * 16
    try:
        with torch.inference_mode():
            batches = [
                net(feed.batch(positions)).float().cpu() for positions in torch.split(torch.arange(len(feed)), size)
            ]
    finally:
        net.train(training)
    return torch.cat(batches)


def probabilities(net: nn.Module, feed: Feed) -> NDArray[np.float32]:
    """float32 probabilities of shape (N, L)."""
    return torch.sigmoid(logits(net, feed)).numpy()
