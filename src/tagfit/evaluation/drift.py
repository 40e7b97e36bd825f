"""Drift: whether today's features and scores are distributed as those of validation, at a stated false-alarm rate."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.display import Shown, cut, frame, number, table
from tagfit.errors import InputError
from tagfit.evaluation.two_samples import Rows, compare_samples, permutations_for, unlikeness

FEWEST = 20  # pictures on either side: below, only the grossest shift could show
RATE = 0.01
UNLIKE_SHOWN = 10


@dataclass(frozen=True)
class LabelDrift:
    """One label.

    Attributes:
        label: its name.
        distance: the largest difference of the two distributions of scores, from 0 to 1 (Kolmogorov and Smirnov).
        p: the probability of such a distance without a shift, adjusted for all labels (Holm), and doubled where
            features are compared too.
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


@dataclass(frozen=True)
class FeatureDrift:
    """The features of the net.

    Attributes:
        distance: of the two distributions, from 0 to about 1 (maximum mean discrepancy).
        p: the probability of such a distance without a shift, doubled, because scores are compared too.
        before, now: how many pictures, as far as they took part.
        shifted: whether ``p`` is below the false-alarm rate.
    """

    distance: float
    p: float
    before: int
    now: int
    shifted: bool


@dataclass(frozen=True)
class UnlikePicture:
    """A picture of today, and how far its features are from those of validation.

    Attributes:
        picture: its name.
        distance: to the most similar pictures of validation, where 1 is the median of these themselves.
        share: of the pictures of validation, how many are as far from the others.
    """

    picture: str
    distance: float
    share: float


@dataclass(frozen=True, eq=False, repr=False)
class Drift(Shown):
    """Today's pictures against those of validation.

    Attributes:
        labels: one record each, the largest distance first.
        before, now: how many pictures.
        rate: the probability that features or any label are called shifted where nothing is.
        features: of the net; None where there are none to compare with.
        unlike: the pictures least like those of validation, the farthest first; empty without features.
        notes: what else should be known.
    """

    labels: tuple[LabelDrift, ...]
    before: int
    now: int
    rate: float
    features: FeatureDrift | None = None
    unlike: tuple[UnlikePicture, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def shifted(self) -> tuple[LabelDrift, ...]:
        """The labels whose scores have shifted."""
        return tuple(one for one in self.labels if one.shifted)

    @property
    def any_shifted(self) -> bool:
        """Whether the features or the scores of a label have shifted."""
        return bool(self.shifted) or (self.features is not None and self.features.shifted)

    def lines(self) -> list[str]:
        """What is shown."""
        count = len(self.shifted)
        which = ["the features"] if self.features is not None and self.features.shifted else []
        which += [f"the scores of {count} of {len(self.labels)} labels"] if count else []
        said = f"{' and '.join(which)} have shifted" if which else "no shift is shown"
        rows = [
            [
                cut(one.label), "yes" if one.shifted else "", number(one.distance), number(one.p),
                number(one.mean_before), number(one.mean_now),
                f"{one.predicted_before:.1%}", f"{one.predicted_now:.1%}",
            ]
            for one in self.labels
        ]  # fmt: skip
        columns = ["label", "shifted", "distance", "p", "mean before", "mean now", "tagged before", "tagged now"]
        rate = f"where nothing has shifted, a shift is reported in at most {self.rate:.1%} of such comparisons"
        return [
            f"{self.now} pictures against {self.before} of validation: {said}",
            *self._lines_of_features(),
            table(columns, rows, left=2),
            rate,
            *(f"note: {note}" for note in self.notes),
        ]

    def _lines_of_features(self) -> list[str]:
        if self.features is None:
            return []
        of = self.features
        shown = [[cut(one.picture), number(one.distance), f"{one.share:.1%}"] for one in self.unlike]
        return [
            f"features: {'shifted' if of.shifted else 'no shift'}, distance {number(of.distance)}, p {number(of.p)}",
            "least like validation, where a distance of 1 is usual:",
            table(["picture", "distance", "as far in validation"], shown, left=1),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "before": self.before,
            "now": self.now,
            "false_alarm_rate": self.rate,
            "shifted": [one.label for one in self.shifted],
            "features": None if self.features is None else asdict(self.features),
            "unlike": [asdict(one) for one in self.unlike],
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
    features: tuple[Rows, Rows] | None = None,
) -> Drift:
    """Compare the scores of each label by the two-sample test of Kolmogorov and Smirnov, adjusted after Holm.

    Features are compared by ``two_samples.compare_samples``. Each of the two gets half of the rate. The pictures have
    to be independent: bursts of one scene look like a shift, and they are one.

    Args:
        before: (N, L) scores of validation.
        now: (M, L) scores of today.
        labels: L names.
        predicted: (N, L) and (M, L), whether a label is predicted.
        rate: the probability that anything is called shifted where nothing is, above 0 and below 1.
        features: (N', D) and (M, D) of pictures of validation and of today; None compares scores alone.

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
    of_features = None if features is None else compare_features(*features, rate)
    parts = 1 if of_features is None else 2
    adjusted = np.minimum(1.0, parts * holm(np.array([test.pvalue for test in tests])))
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
    return Drift(tuple(found), len(before), len(now), rate, of_features)


def compare_features(before: Rows, now: Rows, rate: float = RATE) -> FeatureDrift:
    """Compare features at half of a rate, which leaves the other half to scores.

    Args:
        before, now: (N, D) and (M, D).
        rate: of both together.

    Raises:
        InputError: a rate that would take too many permutations, or features of two nets.
    """
    if before.shape[1] != now.shape[1]:
        raise InputError(f"{before.shape[1]} features of validation and {now.shape[1]} of today", instead="of one net")
    permutations = permutations_for(rate / 2)
    if permutations is None:
        raise InputError(f"rate = {rate:g} is too small to compare features", instead="0.001 or more")
    found = compare_samples(before, now, permutations)
    p = min(1.0, 2 * found.p)
    return FeatureDrift(found.distance, p, len(before), found.rows, p < rate)


def unlike_pictures(before: Rows, now: Rows, names: NDArray[np.str_]) -> tuple[UnlikePicture, ...]:
    """The pictures of today whose features are farthest from those of validation, the farthest first.

    Args:
        before, now: (N, D) and (M, D) features.
        names: (M,) of the pictures.
    """
    distances, usual = unlikeness(before, now)
    first = np.argsort(-distances, kind="stable")[:UNLIKE_SHOWN]
    return tuple(
        UnlikePicture(str(names[row]), float(distances[row]), float((usual >= distances[row]).mean())) for row in first
    )


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """P values of several tests, adjusted so that the smallest ones can be compared with one rate for all."""
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p)))).clip(max=1.0)
    found = np.empty_like(raised)
    found[order] = raised
    return found
