"""Canvas: a picture in unit coordinates, (0, 0) at the top left, drawn twice as large as it will be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[float, float, float]
Point = tuple[float, float]

OVERSAMPLING = 2


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour that lies ``share`` of the way from ``first`` to ``second``."""
    return (
        first[0] + (second[0] - first[0]) * share,
        first[1] + (second[1] - first[1]) * share,
        first[2] + (second[2] - first[2]) * share,
    )


def lit(colour: Colour, light: Colour) -> Colour:
    """A surface of ``colour`` (0..255) under ``light`` (1 is white light of full strength)."""
    return (colour[0] * light[0], colour[1] * light[1], colour[2] * light[2])


class Canvas:
    """Draws shapes without jagged edges; colours are 0..255 a channel and are clipped."""

    def __init__(self, background: NDArray[np.float32]) -> None:
        """``background`` is (S, S, 3) with values in 0..255, S being ``OVERSAMPLING`` times the final size."""
        self.image = Image.fromarray(np.clip(background, 0, 255).astype(np.uint8))
        self._side = background.shape[0]
        self._draw = ImageDraw.Draw(self.image)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon."""
        self._draw.polygon([(x * self._side, y * self._side) for x, y in points], fill=_bytes(colour))

    def ellipse(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill an ellipse with its centre at (x, y) and the given half axes."""
        self._draw.ellipse(self._box(x, y, width, height), fill=_bytes(colour))

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """Draw a stroke of the given width with round corners."""
        self._draw.line(
            [(x * self._side, y * self._side) for x, y in points],
            fill=_bytes(colour),
            width=max(1, round(width * self._side)),
            joint="curve",
        )

    def soft(self, ellipses: Sequence[tuple[float, float, float, float]], colour: Colour, opacity: float) -> None:
        """Lay soft-edged ellipses (x, y, half width, half height) over the picture, as clouds are."""
        mask = Image.new("L", self.image.size)
        draw = ImageDraw.Draw(mask)
        for ellipse in ellipses:
            draw.ellipse(self._box(*ellipse), fill=round(255 * opacity))
        self.image.paste(_bytes(colour), mask=mask.filter(ImageFilter.BoxBlur(self._side * 0.015)))

    def shade(self, top: float, bottom: float, first: Colour, second: Colour) -> None:
        """Fill the band between two heights with a gradient from ``first`` down to ``second``."""
        start, stop = max(0, round(top * self._side)), min(self._side, round(bottom * self._side))
        if stop <= start:
            return
        down = np.linspace(0, 1, stop - start, dtype=np.float32)[:, None]
        start_colour, end_colour = np.array(first, dtype=np.float32), np.array(second, dtype=np.float32)
        rows = start_colour + (end_colour - start_colour) * down
        band = np.broadcast_to(np.clip(rows, 0, 255).astype(np.uint8)[:, None], (stop - start, self._side, 3))
        self.image.paste(Image.fromarray(np.ascontiguousarray(band)), (0, start))

    def _box(self, x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
        side = self._side
        return ((x - width) * side, (y - height) * side, (x + width) * side, (y + height) * side)


def _bytes(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, round(value))) for value in colour)
    return red, green, blue
