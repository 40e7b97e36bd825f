"""Mismatch: whether scores and truth belong together, row by row and column by column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Remedy, Verdict, fired, inconclusive, passed
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material, Side
from tagfit.diagnosis.resampling import corrected_z, unit_sums, value

Floats = NDArray[np.float64]

NO_SCORES = "needs scores"
SHOWN = 8
TINY = 1e-12
# With fewer units the standard error of a slope is too rough itself.
FEWEST_ROWS = 30
# An alignment is reported from so many standard deviations of a random one on: as many are tried as there are rows,
# twice.
CERTAIN = 8.0


@dataclass(frozen=True, eq=False)
class Agreement:
    """How the scores of one side follow its truth.

    Everything is made from deviations from each label's mean over its known entries. A slope is the covariance of
    scores and truth over the variance of the scores: 1 for calibrated probabilities, however weak the model is, about
    0 where rows do not belong together, negative where scores are inverted (Cox, 1958, calls it the calibration slope).
    """

    side: Side

    @cached_property
    def truth(self) -> Floats:
        """Deviations of the truth, 0 where unknown, (N, L)."""
        return self._deviations(self.side.truth.astype(np.float64))

    @cached_property
    def scores(self) -> Floats:
        """Deviations of the probabilities, 0 where unknown, (N, L)."""
        return self._deviations(self.side.probabilities)

    @cached_property
    def slope(self) -> tuple[float, float]:
        """The slope over all labels, and its standard error over rows or groups."""
        slopes, errors = self._slopes(self.truth * self.scores, (self.scores**2).sum(), pooled=True)
        return float(slopes[0]), float(errors[0])

    @cached_property
    def slopes(self) -> tuple[Floats, Floats]:
        """The slope of each label and its standard error, (L,)."""
        return self._slopes(self.truth * self.scores, (self.scores**2).sum(axis=0), pooled=False)

    @cached_property
    def correlations(self) -> Floats:
        """Correlation of each label's truth (rows) with each label's scores (columns), (L, L)."""
        lengths = [np.sqrt((one**2).sum(axis=0)) + TINY for one in (self.truth, self.scores)]
        return np.asarray((self.truth.T @ self.scores) / np.outer(*lengths))

    @property
    def varies(self) -> bool:
        """Whether there is anything to compare."""
        return bool((self.scores**2).sum() > TINY and (self.truth**2).sum() > TINY)

    def alignment(self) -> str:
        """The order of the rows that the scores turn out to be in, in words; empty where none was found.

        All shifts of the rows, forwards and backwards, are tried at once by the Fourier transform.
        """
        truth = np.fft.rfft(self.truth, axis=0)
        spread = np.sqrt(((self.truth.T @ self.truth) * (self.scores.T @ self.scores)).sum() / len(self.side))
        found = []
        for words, scores in (("", self.scores), ("in reverse order", self.scores[::-1])):
            sums = np.fft.irfft((np.conj(truth) * np.fft.rfft(scores, axis=0)).sum(axis=1), n=len(scores))
            shift = int(sums.argmax())
            found.append((float(sums[shift] / max(spread, TINY)), shift, words))
        certainty, shift, words = max(found)
        if certainty < CERTAIN:
            return ""
        shifted = f"{shift} rows late" if shift <= len(self.side) // 2 else f"{len(self.side) - shift} rows early"
        return ", ".join(part for part in (words, shifted if shift else "") if part)

    def _deviations(self, values: Floats) -> Floats:
        known = self.side.known
        means = np.where(known, values, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        return np.where(known, values - means, 0.0)

    def _slopes(self, products: Floats, total: Floats, *, pooled: bool) -> tuple[Floats, Floats]:
        if pooled:
            products = products.sum(axis=1, keepdims=True)
        sums = unit_sums(self.side, products)
        total = np.maximum(np.atleast_1d(total), TINY)
        return sums.sum(axis=0) / total, sums.std(axis=0) * np.sqrt(len(sums)) / total


@check(
    "rows-mismatched",
    "issue",
    "Scores and truth are not in the same row order",
    family="match",
    how="The slope of the truth on the scores over all labels (1 for calibrated scores, also of a weak model) and its "
    "standard error over rows or groups. It fires if the slope is not distinguishable from 0 and is significantly "
    "below the limit: the scores claim to tell pictures apart but do no better than chance. All shifts of the rows "
    "are then tried to find the order that fits.",
    why="All metrics are at chance, however good the model is. The usual cause is a shuffling data loader, or files in "
    "another order.",
    what_to_do="Predict without shuffling, or collect truth and scores in the same loop; pass `ids` and align by them. "
    "If the order is right, the model has learned nothing that carries over to these pictures.",
)
def rows_mismatched(material: Material) -> Verdict:
    """No relation between scores and truth although the scores vary."""
    if not material.sides:
        return inconclusive(NO_SCORES)
    highest, errors = limit("rows-mismatched", "slope"), limit("rows-mismatched", "errors")
    wrong, slopes, unclear = {}, {}, []
    for side in material.sides:
        found = Agreement(side)
        if not found.varies or len(side) < FEWEST_ROWS:
            unclear.append(side.name)
            continue
        slope, error = found.slope
        slopes[side.name] = slope
        if abs(slope) > errors * error:
            continue
        if slope + errors * error < highest:
            wrong[side.name] = found.alignment()
        else:
            unclear.append(side.name)
    evidence: dict[str, object] = {"slope": slopes, "splits": list(wrong)}
    if not wrong:
        if len(unclear) == len(material.sides):
            return inconclusive("the scores vary too little, or there are too few rows")
        return passed("the scores follow the truth row by row", evidence)
    figures = ", ".join(
        f"macro AUC on {side.name} is {value(side, 'macro_auc'):.3f}" for side in material.sides if side.name in wrong
    )
    says = f"No better than chance ({figures}; 0.5 is chance) although the scores vary."
    order = "; ".join(f"{name}: the scores are {words}" for name, words in wrong.items() if words)
    if order:
        says += f" The rows can be matched: {order}."
        return fired(says, {**evidence, "order": wrong}, Remedy("put the rows of the scores in the order of the truth"))
    remedy = "check that rows are in the order of the truth: predict without shuffling, align by ids"
    return fired(says, evidence, Remedy(remedy))


@check(
    "labels-permuted",
    "issue",
    "The columns of the scores are in another order than the labels",
    family="match",
    how="The correlation of each label's truth with each column of scores. It fires if assigning columns to other "
    "labels (the optimal assignment; Kuhn, 1955) raises the correlation of at least two of them by the share in the "
    "table and by four standard errors.",
    why="Each label is evaluated with the scores of another one. Class indices sorted by name, a merge or a pivot "
    "silently reorder columns.",
    what_to_do="Put the columns of the scores in the order of the labels, or pass frames whose columns have names.",
)
def labels_permuted(material: Material) -> Verdict:
    """Other columns fit the labels better."""
    side = material.judged
    if side is None:
        return inconclusive(NO_SCORES)
    if len(side.labels) == 1:
        return inconclusive("there is only one label")
    found = Agreement(side)
    if not found.varies:
        return inconclusive("scores or truth do not vary")
    pairs = better_columns(found)
    if not pairs:
        return passed("no other order of the columns fits better", {"labels": []})
    names = side.labels
    shown = ", ".join(f"{names[label]!r} has the scores of {names[column]!r}" for label, column in pairs[:SHOWN])
    more = f" and {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else ""
    evidence = {
        "labels": [names[label] for label, _ in pairs],
        "columns": [names[column] for _, column in pairs],
        "correlation": [float(found.correlations[label, label]) for label, _ in pairs],
        "correlation_reordered": [float(found.correlations[label, column]) for label, column in pairs],
    }
    says = f"{len(pairs)} of {len(names)} columns are in the wrong place: {shown}{more}."
    return fired(says, evidence, Remedy("put the columns of the scores in the order of the labels"))


def better_columns(found: Agreement) -> list[tuple[int, int]]:
    """(label, column that holds its scores) for each label whose scores are in another column."""
    from scipy.optimize import linear_sum_assignment

    correlations = found.correlations
    own = correlations.diagonal()
    rows, columns = linear_sum_assignment(correlations, maximize=True)
    if correlations[rows, columns].sum() <= np.abs(own).sum():  # inverting some of the scores explains more
        return []
    known = found.side.known.sum(axis=0)
    least = np.maximum(limit("labels-permuted", "gain"), limit("labels-permuted", "errors") * np.sqrt(2 / (known + 1)))
    moved = (rows != columns) & (correlations[rows, columns] - own[rows] > least[rows])
    if moved.sum() < 2:
        return []
    return [(int(label), int(column)) for label, column in zip(rows[moved], columns[moved], strict=True)]


@check(
    "scores-inverted",
    "issue",
    "High scores mean that a label is absent",
    family="match",
    how="The slope of the truth on the scores of each label, with an interval that is simultaneous over all labels. It "
    "fires if a whole interval is below minus the share in the table.",
    why="The scores rank pictures in reverse: column 0 of a two-class output, a loss with the wrong sign, or a label "
    "stored as its opposite.",
    what_to_do="Pass the probability that the label is present: 1 - score, or column 1 of `predict_proba`.",
)
def scores_inverted(material: Material) -> Verdict:
    """Negative slopes."""
    side = material.judged
    if side is None:
        return inconclusive(NO_SCORES)
    found = Agreement(side)
    if not found.varies:
        return inconclusive("scores or truth do not vary")
    if len(side.labels) > 1 and better_columns(found):
        return inconclusive("the columns are in another order: see labels-permuted")
    slopes, errors = found.slopes
    least = limit("scores-inverted", "slope")
    inverted = slopes + corrected_z(len(slopes)) * errors < -least
    inverted &= (found.scores**2).sum(axis=0) > TINY
    names = [side.labels[int(at)] for at in np.flatnonzero(inverted)]
    evidence = {"labels": names, "slopes": slopes[inverted].tolist(), "macro_auc": value(side, "macro_auc")}
    if not names:
        return passed("no label's scores are inverted", evidence)
    what = "All labels" if len(names) == len(side.labels) else ", ".join(names[:SHOWN])
    what += f" and {len(names) - SHOWN} more" if SHOWN < len(names) < len(side.labels) else ""
    says = f"{what}: the higher the score, the rarer the label (macro AUC {evidence['macro_auc']:.3f})."
    return fired(says, evidence, Remedy("pass 1 - score for these labels, and find out where they are inverted"))


@check(
    "decisions-as-scores",
    "issue",
    "The scores are 0/1 decisions",
    family="match",
    how="Every value is exactly 0 or 1, and both occur.",
    why="Ranking metrics, thresholds and calibration need the probability behind each decision; the loss of a wrong "
    "decision is that of complete certainty.",
    what_to_do="Pass the probabilities: `predict_proba` instead of `predict`, or the sigmoid outputs before a "
    "threshold is applied.",
)
def decisions_as_scores(material: Material) -> Verdict:
    """Only 0 and 1."""
    if not material.sides:
        return inconclusive(NO_SCORES)
    wrong = []
    for side in material.sides:
        ones = side.raw == 1
        if ones.any() and not ones.all() and (ones | (side.raw == 0)).all():
            wrong.append(side.name)
    evidence = {"splits": wrong}
    if not wrong:
        return passed("the scores take values between 0 and 1", evidence)
    says = f"All scores of {' and '.join(wrong)} are exactly 0 or 1."
    return fired(says, evidence, Remedy("pass the probabilities from before the threshold"))


CHECKS = (rows_mismatched, labels_permuted, scores_inverted, decisions_as_scores)
# What compares scores with truth row by row, and so says nothing where they do not belong together.
NEED_MATCH = frozenset(
    {
        *("overfitting", "underfitting", "validation-too-small", "suspect-tags", "missing-tags", "rare-labels"),
        *("threshold-costs-f1", "miscalibration", "figure-of-another-epoch", "train-figure-with-dropout"),
        *("trivial-goal", "argmax-accuracy"),
    }
)
# What needs the probability behind a decision.
NEED_SCORES = frozenset(
    {"suspect-tags", "missing-tags", "threshold-costs-f1", "miscalibration", "figure-of-another-epoch"}
    | {"train-figure-with-dropout"}
)
