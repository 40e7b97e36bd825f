"""Scaling: calibration as a slope and an offset on the logit of each label, as a tagger carries it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.errors import InputError, listed
from tagfit.evaluation.calibration import Calibration
from tagfit.evaluation.shares import expit, logit
from tagfit.evaluation.thresholds import Thresholds


@dataclass(frozen=True)
class Scaling:
    """Platt scaling of all labels: probability = sigmoid(slope * logit + offset).

    A slope is above 0, so the order of the scores of a label never changes.

    Attributes:
        labels: L names.
        slopes, offsets: L numbers each; 1 and 0 leave a label as it is.
        split: what they were fitted on.
    """

    labels: tuple[str, ...]
    slopes: tuple[float, ...]
    offsets: tuple[float, ...]
    split: str = ""

    @classmethod
    def of(cls, calibration: Calibration) -> Scaling:
        """The scaling of a Calibration that was fitted with ``method="platt"``.

        A label that has no calibrator, or one that would give all pictures the same score, stays as it is.
        """
        pairs = [
            (one.y[0], one.y[1]) if one.method == "platt" and one.y[0] > 0 else (1.0, 0.0)
            for one in calibration.calibrators
        ]
        slopes, offsets = zip(*pairs, strict=True)
        return cls(tuple(one.label for one in calibration.calibrators), slopes, offsets, calibration.split)

    def apply(self, scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Calibrated probabilities of scores of shape (N, L)."""
        return expit(np.array(self.slopes) * logit(scores) + np.array(self.offsets))

    def thresholds(self, thresholds: Thresholds) -> Thresholds:
        """The thresholds that predict for calibrated scores what ``thresholds`` predict for the scores before.

        Raises:
            InputError: thresholds that also count ranks in a picture, which calibration changes.
        """
        if not thresholds.by_label:
            raise InputError(
                f"thresholds by {thresholds.strategy!r} rank the labels of a picture, and calibration changes ranks",
                instead="a threshold per label, or no calibration",
            )
        given = thresholds.in_order(self.labels)
        moved = np.where((given.values > 0) & (given.values < 1), self.apply(given.values[None])[0], given.values)
        keys = ("threshold", "low", "high")
        details = tuple(
            {**record, **{key: self._moved(str(record.get("label")), record[key]) for key in keys if record.get(key)}}
            for record in given.details
        )
        return replace(given, values=moved, details=details)

    def _moved(self, label: str, value: float) -> float:
        at = self.labels.index(label)
        return float(expit(self.slopes[at] * logit(value) + self.offsets[at])) if 0 < value < 1 else value

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, which :meth:`from_dict` reads back exactly."""
        return {
            "method": "platt",
            "split": self.split,
            "labels": {
                label: {"slope": slope, "offset": offset}
                for label, slope, offset in zip(self.labels, self.slopes, self.offsets, strict=True)
            },
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any], labels: Sequence[str]) -> Scaling:
        """What :meth:`to_dict` gave, for these labels in their order.

        Raises:
            InputError: another method, or other labels.
        """
        if values["method"] != "platt":
            raise InputError(f"calibration by {values['method']!r}", instead="platt")
        by_label = values["labels"]
        if set(by_label) != set(labels):
            raise InputError(f"calibration of {listed(list(by_label))}", instead=f"of {listed(list(labels))}")
        slopes = tuple(float(by_label[label]["slope"]) for label in labels)
        offsets = tuple(float(by_label[label]["offset"]) for label in labels)
        return cls(tuple(labels), slopes, offsets, str(values["split"]))
