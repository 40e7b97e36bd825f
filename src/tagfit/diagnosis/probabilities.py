"""Outputs as probabilities: checks calibration, and whether 0.5 is a good threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Plot, Remedy, Verdict, fired, inconclusive, passed
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material, Side
from tagfit.diagnosis.outputs import NO_SCORES
from tagfit.diagnosis.resampling import estimate, resampled_sums, unit_sums

Floats = NDArray[np.float64]

FOLDS = 5
GRID = np.linspace(0.0, 1.0, 101)[:-1]
BINS = 15
FEWEST_ENTRIES = 100
FEWEST_POSITIVES = 10
SEED = 0


@check(
    "threshold-costs-f1",
    "hint",
    "A threshold of 0.5 costs F1",
    family="outputs",
    how="Macro F1 at 0.5 is compared with macro F1 at the best threshold per label, cross-fitted over five folds of "
    "validation. The difference is bootstrapped by rows; the check fires if the whole interval is above the limit.",
    why="Scores of rare labels seldom exceed 0.5: the model knows more than its predictions show.",
    what_to_do="`tagfit thresholds` chooses one threshold per label on validation, and `tagfit pack` stores them with "
    "the model. No retraining is needed.",
)
def threshold_costs_f1(material: Material) -> Verdict:
    """F1 at 0.5 is lower than at cross-fitted thresholds."""
    side = material.judged
    if side is None:
        return inconclusive(NO_SCORES)
    eligible = np.flatnonzero((side.positives >= FEWEST_POSITIVES) & (side.negatives >= FEWEST_POSITIVES))
    if not len(eligible):
        return inconclusive(
            f"no label has {FEWEST_POSITIVES} positives and {FEWEST_POSITIVES} negatives on {side.name}"
        )
    folds = np.random.default_rng(SEED).permutation(len(side)) % FOLDS
    above = {False: side.predicted[:, eligible], True: _cross_fitted(side, eligible, folds)}
    truth = side.truth[:, eligible] == 1
    # 2 TP and 2 TP + FP + FN of each label, at 0.5 and cross-fitted, as sums over rows.
    parts = [part for cut in above.values() for part in (2.0 * (cut & truth), 1.0 * cut + truth)]
    columns = np.concatenate(parts, axis=1)
    cost = _cost(columns.sum(axis=0)[None])[0]
    found = estimate(cost, _cost(resampled_sums(unit_sums(side, columns), SEED)))
    fixed, best = (float(value[0]) for value in _macro(columns.sum(axis=0)[None]))
    evidence = {"cost": found, "macro_f1_at_half": fixed, "macro_f1_cross_fitted": best}
    told = f"macro F1 is {fixed:.3f} at 0.5 and {best:.3f} at cross-fitted thresholds, a loss of {found}"
    if not found.low > limit("threshold-costs-f1", "cost"):
        return passed(told, evidence)
    plot = _f1_plot(side, eligible)
    return fired(f"{told[0].upper()}{told[1:]}.", evidence, Remedy("choose one threshold per label by F1"), plot)


def _cross_fitted(side: Side, labels: NDArray[np.int64], folds: NDArray[np.int64]) -> NDArray[np.bool_]:
    above = np.zeros((len(side), len(labels)), dtype=bool)
    for column, label in enumerate(labels):
        hits, calls, positives = _by_fold(side, int(label), folds)
        for fold in range(FOLDS):
            others = np.arange(FOLDS) != fold
            f1 = 2 * hits[others].sum(0) / np.maximum(calls[others].sum(0) + positives[others].sum(), 1)
            cut = GRID[np.argmax(f1)]
            rows = folds == fold
            above[rows, column] = (side.probabilities[rows, label] > cut) & side.known[rows, label]
    return above


def _by_fold(side: Side, label: int, folds: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """True positives and predictions of each fold at each threshold of GRID, (FOLDS, G), and positives (FOLDS,)."""
    known = side.known[:, label]
    scores, truth, fold = side.probabilities[known, label], side.truth[known, label] == 1, folds[known]
    place = np.searchsorted(GRID, scores, side="left")  # score > GRID[g] exactly where place > g
    shape = (FOLDS, len(GRID) + 1)

    def above(rows: NDArray[np.bool_]) -> Floats:
        counts = np.zeros(shape)
        np.add.at(counts, (fold[rows], place[rows]), 1.0)
        return np.asarray(counts[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:])

    return (
        above(truth),
        above(np.ones(len(truth), dtype=bool)),
        np.bincount(fold[truth], minlength=FOLDS).astype(np.float64),
    )


def _macro(sums: Floats) -> tuple[Floats, Floats]:
    """Macro F1 at 0.5 and at the cross-fitted thresholds, from sums (B, 4 labels)."""
    hits, sizes, best_hits, best_sizes = np.split(sums, 4, axis=1)
    fixed, best = hits / np.maximum(sizes, 1), best_hits / np.maximum(best_sizes, 1)
    return np.asarray(fixed.mean(axis=1)), np.asarray(best.mean(axis=1))


def _cost(sums: Floats) -> Floats:
    fixed, best = _macro(sums)
    return best - fixed


def _f1_plot(side: Side, labels: NDArray[np.int64]) -> Plot:
    one = np.zeros(len(side), dtype=np.int64)
    curves = {}
    for label in labels:
        hits, calls, positives = _by_fold(side, int(label), one)
        curves[side.labels[label]] = (2 * hits[0] / np.maximum(calls[0] + positives[0], 1)).tolist()
    return Plot("f1", {"thresholds": GRID.tolist(), "labels": curves})


@check(
    "miscalibration",
    "hint",
    "The scores are not calibrated probabilities",
    family="outputs",
    how="All entries are sorted into 15 equal-mass bins by score. The squared difference between mean score and share "
    "of positives, debiased (Kumar, Liang and Ma, 2019), is averaged; its root is bootstrapped by rows. The check "
    "fires if the whole interval is above the limit.",
    why="A score of 0.9 that is right seven times out of ten misleads everyone who sorts, filters or budgets by it.",
    what_to_do="Calibrate each label on validation (`tagfit.evaluation.calibration.calibrate`), use label smoothing, "
    "or train for fewer epochs: overconfidence usually comes with overfitting.",
)
def miscalibration(material: Material) -> Verdict:
    """The calibration error is above the limit."""
    side = material.judged
    if side is None:
        return inconclusive(NO_SCORES)
    if side.known.sum() < FEWEST_ENTRIES:
        return inconclusive(f"fewer than {FEWEST_ENTRIES} known entries")
    edges = np.unique(np.quantile(side.probabilities[side.known], np.linspace(0, 1, BINS + 1)[1:-1]))
    place = np.searchsorted(edges, side.probabilities, side="right")
    bins = len(edges) + 1
    sums = np.zeros((len(side), 3 * bins))
    rows, columns = np.nonzero(side.known)
    at = place[rows, columns]
    np.add.at(sums, (rows, at), 1.0)
    np.add.at(sums, (rows, bins + at), side.truth[rows, columns])
    np.add.at(sums, (rows, 2 * bins + at), side.probabilities[rows, columns])
    units = unit_sums(side, sums)
    whole = units.sum(axis=0)[None]
    error = _squared_error(whole, 1.0)[0]
    squared = estimate(error, _squared_error(resampled_sums(units, SEED), 2.0))
    found = type(squared)(*(float(np.sqrt(max(part, 0.0))) for part in squared))
    counts, positives, scores = np.split(whole[0], 3)
    direction = float((np.abs(scores - counts / 2) - np.abs(positives - counts / 2)).sum() / counts.sum())
    told = f"the calibration error (root mean square) is {found}"
    evidence = {"error": found, "overconfidence": direction}
    if not found.low > limit("miscalibration", "error"):
        return passed(told, evidence)
    there = counts > 0
    data = {
        "score": (scores[there] / counts[there]).tolist(),
        "share": (positives[there] / counts[there]).tolist(),
        "entries": counts[there].tolist(),
    }
    words = "calibrate on validation" + (", or use label smoothing" if direction > 0 else "")
    changes = {"label_smoothing": 0.05} if direction > 0 else {}
    kind = "overconfident" if direction > 0 else "underconfident"
    says = f"The scores are {kind}: {told}."
    return fired(says, evidence, Remedy(words, changes), Plot("reliability", data))


def _squared_error(sums: Floats, noise: float) -> Floats:
    """The mean squared calibration error of (..., 3 bins) sums, minus ``noise`` times its expectation by chance."""
    counts, positives, scores = np.split(sums, 3, axis=1)
    n = np.maximum(counts, 1.0)
    share = positives / n
    error = (share - scores / n) ** 2 - noise * share * (1 - share) / np.maximum(n - 1, 1.0)
    return np.asarray((counts * error).sum(axis=1) / counts.sum(axis=1))


CHECKS = (threshold_costs_f1, miscalibration)
