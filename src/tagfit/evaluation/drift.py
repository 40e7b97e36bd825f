"""Drift: whether today's scores of each label are distributed as those of validation, at a stated false-alarm rate."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.display import Shown, cut, frame, number, table
from tagfit.errors import InputError

FEWEST = 20  # pictures on either side: below, only the grossest shift could show
RATE = 0.01


@dataclass(frozen=True)
class LabelDrift:
    """One label.

    Attributes:
        label: its name.
        distance: the largest difference of the two distributions of scores, from 0 to 1 (Kolmogorov and Smirnov).
        p: the probability of such a distance without a shift, adjusted for all labels (Holm).
        mean_before, mean_now: of the scores.
        predicted_before, predicted_now: shares of pictures above the threshold.
        shifted: whether ``p`` is below the false-alarm rate.
    """

    label: str
    distance: float
    p: float
    mean_before: float
    mean_now: float
    predicted_before: float
    predicted_now: float
    shifted: bool


@dataclass(frozen=True, eq=False, repr=False)
class Drift(Shown):
    """Today's scores against those of validation.

    Attributes:
        labels: one record each, the largest distance first.
        before, now: how many pictures.
        rate: the probability that any label is called shifted where none is.
        notes: what else should be known.
    """

    labels: tuple[LabelDrift, ...]
    before: int
    now: int
    rate: float
    notes: tuple[str, ...] = ()

    @property
    def shifted(self) -> tuple[LabelDrift, ...]:
        """The labels whose scores have shifted."""
        return tuple(one for one in self.labels if one.shifted)

    def lines(self) -> list[str]:
        """What is shown."""
        count = len(self.shifted)
        said = f"the scores of {count} of {len(self.labels)} labels have shifted" if count else "no shift is shown"
        rows = [
            [
                cut(one.label), "yes" if one.shifted else "", number(one.distance), number(one.p),
                number(one.mean_before), number(one.mean_now),
                f"{one.predicted_before:.1%}", f"{one.predicted_now:.1%}",
            ]
            for one in self.labels
        ]  # fmt: skip
        columns = ["label", "shifted", "distance", "p", "mean before", "mean now", "tagged before", "tagged now"]
        rate = f"where nothing has shifted, any label is reported in at most {self.rate:.1%} of such comparisons"
        return [
            f"{self.now} pictures against {self.before} of validation: {said}",
            table(columns, rows, left=2),
            rate,
            *(f"note: {note}" for note in self.notes),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "before": self.before,
            "now": self.now,
            "false_alarm_rate": self.rate,
            "shifted": [one.label for one in self.shifted],
            "labels": [asdict(one) for one in self.labels],
            "notes": list(self.notes),
        }

    def to_frame(self) -> Any:
        """One row per label as a DataFrame of pandas or else polars.

        Raises:
            InputError: neither is installed.
        """
        return frame([asdict(one) for one in self.labels])


def compare_distributions(
    before: NDArray[np.floating[Any]],
    now: NDArray[np.floating[Any]],
    labels: tuple[str, ...],
    predicted: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    rate: float = RATE,
) -> Drift:
    """Compare the scores of each label by the two-sample test of Kolmogorov and Smirnov, adjusted after Holm.

    The pictures have to be independent: bursts of one scene look like a shift, and they are one.

    Args:
        before: (N, L) scores of validation.
        now: (M, L) scores of today.
        labels: L names.
        predicted: (N, L) and (M, L), whether a label is predicted.
        rate: the probability that any label is called shifted where none is, above 0 and below 1.

    Raises:
        InputError: fewer than FEWEST pictures on a side, or a rate out of range.

    Reference: Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    from scipy.stats import ks_2samp

    if not 0 < rate < 1:
        raise InputError(f"rate = {rate!r}", instead="a number above 0 and below 1, such as 0.01")
    for name, scores in (("validation", before), ("now", now)):
        if len(scores) < FEWEST:
            raise InputError(f"{len(scores)} pictures ({name})", instead=f"at least {FEWEST} to compare distributions")
    tests = [ks_2samp(before[:, column], now[:, column]) for column in range(len(labels))]
    adjusted = holm(np.array([test.pvalue for test in tests]))
    found = [
        LabelDrift(
            label,
            float(tests[column].statistic),
            float(adjusted[column]),
            float(before[:, column].mean()),
            float(now[:, column].mean()),
            float(predicted[0][:, column].mean()),
            float(predicted[1][:, column].mean()),
            bool(adjusted[column] < rate),
        )
        for column, label in enumerate(labels)
    ]
    found.sort(key=lambda one: -one.distance)
    return Drift(tuple(found), len(before), len(now), rate)


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """P values of several tests, adjusted so that the smallest ones can be compared with one rate for all."""
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p)))).clip(max=1.0)
    found = np.empty_like(raised)
    found[order] = raised
    return found
