"""Explanation: which regions of a picture speak for its labels, as maps, records and lines for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.display import Shown, cut, frame, number, table
from tagfit.errors import printable

DIGITS = 6
# A region reaches as far as the map is above this share of its peak.
OF_PEAK = 0.5

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class LabelMap:
    """The map of one label. Places are shares of the picture's width and height, from the left and from the top.

    Attributes:
        label: its name.
        score: in [0, 1].
        cut: the threshold of the label.
        predicted: whether the score is above it.
        values: (h, w) float32, how strongly each place speaks for the label, 1 at the strongest.
        peak: (x, y) of the strongest place; None where no place speaks for the label.
        region: (h, w) bool, the strongest region: around the peak, as far as the map is above half of it.
        share: of all that speaks for the label, what lies in that region, in [0, 1]; NaN without a peak.
    """

    label: str
    score: float
    cut: float
    predicted: bool
    values: NDArray[np.float32]
    peak: tuple[float, float] | None
    region: NDArray[np.bool_]
    share: float

    @classmethod
    def of(cls, label: str, score: float, cut: float, predicted: bool, values: NDArray[np.float32]) -> LabelMap:
        """The map with its peak and its strongest region.

        Args:
            label, score, cut, predicted, values: as the attributes.
        """
        top = int(values.argmax())
        row, column = divmod(top, values.shape[1])
        highest = float(values.flat[top])
        if not highest > 0:
            return cls(label, score, cut, predicted, values, None, np.zeros(values.shape, dtype=bool), float("nan"))
        region = _connected(values >= OF_PEAK * highest, row, column)
        share = float(values[region].sum() / values[values > 0].sum())
        peak = ((column + 0.5) / values.shape[1], (row + 0.5) / values.shape[0])
        return cls(label, score, cut, predicted, values, peak, region, share)

    @property
    def box(self) -> Box | None:
        """(left, top, right, bottom) of the strongest region; None without a peak."""
        if self.peak is None:
            return None
        rows, columns = np.flatnonzero(self.region.any(axis=1)), np.flatnonzero(self.region.any(axis=0))
        high, wide = self.region.shape
        return (
            float(columns[0] / wide),
            float(rows[0] / high),
            float((columns[-1] + 1) / wide),
            float((rows[-1] + 1) / high),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the map itself in rows, from the top."""
        return {**self._figures(), "map": [[round(float(value), DIGITS) for value in row] for row in self.values]}

    def _figures(self) -> dict[str, Any]:
        box = self.box
        return {
            "label": self.label,
            "score": round(self.score, DIGITS),
            "cut": self.cut,
            "predicted": self.predicted,
            "peak": None if self.peak is None else [round(value, DIGITS) for value in self.peak],
            "region": None if box is None else [round(value, DIGITS) for value in box],
            "share": round(self.share, DIGITS),
        }


@dataclass(frozen=True, eq=False, repr=False)
class Explanation(Shown):
    """What of one picture speaks for labels.

    Attributes:
        picture: its path.
        labels: one map per label that was asked for.
        pixels: (H, W, 3) uint8, the picture as the model sees it, in more detail.
        notes: what else should be known.
    """

    picture: str
    labels: tuple[LabelMap, ...]
    pixels: NDArray[np.uint8]
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """A table, and how the maps were made."""
        rows = [
            [
                cut(one.label),
                "yes" if one.predicted else "",
                number(one.score),
                number(one.cut),
                *places(one),
            ]
            for one in self.labels
        ]
        columns = ["label", "predicted", "score", "cut", "peak", "strongest region", "share of the map"]
        return [
            f"{printable(self.picture)}: {METHOD}",
            *table(columns, rows, left=2).split("\n"),
            PLACES,
            *(f"note: {note}" for note in self.notes),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "picture": self.picture,
            "method": "grad-cam",
            "labels": [one.to_dict() for one in self.labels],
            "notes": list(self.notes),
        }

    def to_frame(self) -> Any:
        """One row per label as a DataFrame of pandas or else polars, without the maps.

        Raises:
            InputError: neither is installed.
        """
        return frame([one._figures() for one in self.labels])


METHOD = "Grad-CAM of the last blocks, refined by an earlier one"
PLACES = "peak and region: from the left, and from the top, in percent of the picture"


def places(one: LabelMap) -> tuple[str, str, str]:
    """Peak, region and share of a label as texts."""
    if one.peak is None or one.box is None:
        return "-", "nothing speaks for it", "-"
    left, top, right, bottom = (round(100 * value) for value in one.box)
    across, down = (round(100 * value) for value in one.peak)
    return f"{across}, {down}", f"{left}-{right}, {top}-{bottom}", f"{one.share:.0%}"


def _connected(mask: NDArray[np.bool_], row: int, column: int) -> NDArray[np.bool_]:
    """The part of a mask that is connected to one of its places."""
    from scipy.ndimage import label as numbered

    parts, _ = numbered(mask)
    return np.asarray(parts == parts[row, column])
