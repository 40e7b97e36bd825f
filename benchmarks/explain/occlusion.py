"""Occlusion: how far the logits of labels fall where a picture is covered, compared with the maps that are shown.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tagfit.tagger.tagger import Tagger

# A cover is this share of the side of a picture, and moves by half of its own.
COVER = 1 / 6
ROWS_AT_ONCE = 64
CLIP = 1e-6


def occlusion(
    model: Tagger,
    pixels: NDArray[np.uint8],
    columns: Sequence[int],
) -> NDArray[np.float32]:
    """Maps (labels, h, w): the mean fall of the label's logit over all covers of a place.

    A cover has the mean colour of the picture.

    Args:
        model: on pictures.
        pixels: (size, size, 3) as the model takes them.
        columns: of the labels.
    """
    side = pixels.shape[0]
    cover = max(2, round(side * COVER))
    starts = range(-(cover // 2), side - cover // 2, max(1, cover // 2))
    spans = [(max(0, start), min(side, start + cover)) for start in starts]
    windows = [(*rows, *across) for rows in spans for across in spans]
    colour = pixels.mean(axis=(0, 1)).round().astype(np.uint8)
    plain = _logits(model, pixels[None], columns)[0]
    total, count = np.zeros((len(columns), side, side)), np.zeros((side, side))
    for first in range(0, len(windows), ROWS_AT_ONCE):
        some = windows[first : first + ROWS_AT_ONCE]
        covered = np.repeat(pixels[None], len(some), axis=0)
        for picture, (top, bottom, left, right) in zip(covered, some, strict=True):
            picture[top:bottom, left:right] = colour
        for fallen, (top, bottom, left, right) in zip(plain - _logits(model, covered, columns), some, strict=True):
            total[:, top:bottom, left:right] += fallen[:, None, None]
            count[top:bottom, left:right] += 1
    return (total / count).astype(np.float32)


def _logits(model: Tagger, rows: NDArray[np.uint8], columns: Sequence[int]) -> NDArray[np.float64]:
    scores = np.clip(model.probabilities(rows)[:, list(columns)].astype(np.float64), CLIP, 1 - CLIP)
    return np.asarray(np.log(scores / (1 - scores)))
