"""Outputs: checks whether the raw numbers look like multi-label scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Remedy, Verdict, fired, inconclusive, passed
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material, Side
from tagfit.diagnosis.rounding import ARITHMETIC, half_steps

NO_SCORES = "needs scores"
ONE_TAG = "every row of the truth has exactly one tag"
NAMED = 8


@check(
    "logits-as-scores",
    "issue",
    "The scores are not probabilities",
    family="outputs",
    how="Raw values below 0 or above 1, beyond rounding error.",
    why="A threshold of 0.5 on logits is a threshold of 0.62 on probabilities, and the loss and calibration of logits "
    "are meaningless.",
    what_to_do="Put a sigmoid after the last layer, or pass `1 / (1 + exp(-logits))`. Divide percentages by 100.",
)
def logits_as_scores(material: Material) -> Verdict:
    """Values are outside [0, 1]."""
    if not material.sides:
        return inconclusive(NO_SCORES)
    wrong = [side for side in material.sides if side.outside]
    if not wrong:
        return passed("all scores are in [0, 1]")
    low, high = min(float(side.raw.min()) for side in wrong), max(float(side.raw.max()) for side in wrong)
    share = float(np.mean([((side.raw < 0) | (side.raw > 1)).mean() for side in wrong]))
    evidence = {"lowest": low, "highest": high, "share_outside": share, "splits": [side.name for side in wrong]}
    percent = low >= 0 and 2 < high <= 100
    words = "divide by 100" if percent else "apply a sigmoid to each column: 1 / (1 + exp(-logits))"
    says = f"Values range from {low:.3g} to {high:.3g}; {share:.0%} are outside [0, 1]."
    return fired(says, evidence, Remedy(words))


@check(
    "softmax-head",
    "issue",
    "The output layer is a softmax instead of one sigmoid per label",
    family="outputs",
    how="Every row sums to one within the precision of its values: two decimals, float16 and float32 are recognised "
    "from the values. The sums must also vary no more than rounding explains.",
    why="With a softmax, one score can only rise if another falls: two tags of one picture can never both score above "
    "0.5.",
    what_to_do="Use one sigmoid per label with binary cross-entropy. tagfit recipes always do.",
)
def softmax_head(material: Material) -> Verdict:
    """Rows sum to one."""
    side = material.judged
    if side is None:
        return inconclusive(NO_SCORES)
    if len(side.labels) == 1:
        return inconclusive("there is only one label")
    if side.has_one_label_a_row:
        return inconclusive(f"{ONE_TAG}, so a softmax would be right")
    sums = side.raw.astype(np.float64).sum(axis=1)
    steps = half_steps(side.raw)
    off = np.abs(sums - 1)
    allowed = steps.sum(axis=1) + ARITHMETIC
    by_chance = np.sqrt((steps**2).sum(axis=1) / 3) + ARITHMETIC
    spread = float(np.sqrt(np.mean((off / by_chance) ** 2)))
    evidence = {"mean_sum": float(sums.mean()), "largest_deviation": float(off.max()), "spread": spread}
    if (off > allowed).any() or spread > limit("softmax-head", "spread") or off.max() == allowed.max() == 0:
        return passed(f"the row sums of the scores range from {sums.min():.2f} to {sums.max():.2f}", evidence)
    several = float((side.truth.sum(axis=1) > 1).mean())
    says = (
        f"All {len(side)} rows sum to 1 (within {off.max():.1g}), although {several:.0%} of the pictures have several "
        "tags."
    )
    return fired(says, evidence, Remedy("use one sigmoid per label with binary cross-entropy"))


@check(
    "constant-outputs",
    "issue",
    "A label gets the same score on every picture",
    family="outputs",
    how="The range of a label's scores on validation (highest minus lowest), where its true value varies.",
    why="The label was not learned: dead units, a saturated sigmoid, or an output layer that gets no input.",
    what_to_do="Lower the learning rate or add batch norm against dead units; check that pictures are scaled before "
    "they reach the net.",
)
def constant_outputs(material: Material) -> Verdict:
    """A label's scores do not vary."""
    side = material.judged
    if side is None:
        return inconclusive(NO_SCORES)
    varies = (side.positives > 0) & (side.negatives > 0)
    if not varies.any():
        return inconclusive("no label varies in the truth")
    ranges = np.ptp(side.probabilities, axis=0)
    flat = varies & (ranges <= limit("constant-outputs", "range"))
    evidence = {"labels": _named(side, flat), "smallest_range": float(ranges[varies].min())}
    if not flat.any():
        return passed(f"the scores of every label range over at least {ranges[varies].min():.2f}", evidence)
    says = f"{_told(side, flat)}: the scores differ by at most {ranges[flat].max():.2g} over {len(side)} pictures."
    remedy = Remedy("a lower learning rate and batch norm", {"learning_rate": 3e-4, "norm": "batch"})
    return fired(says, evidence, remedy)


@check(
    "one-label-per-picture",
    "issue",
    "Exactly one label is predicted for every picture",
    family="outputs",
    how="The share of pictures with exactly one score above 0.5, compared with the share that has exactly one tag.",
    why="The outputs went through an argmax or a one-hot encoding: second tags are lost, and pictures without tags "
    "get one.",
    what_to_do="Keep the scores of all labels and apply a threshold to each.",
)
def one_label_per_picture(material: Material) -> Verdict:
    """Every row has exactly one prediction, whatever its tags."""
    side = material.judged
    if side is None:
        return inconclusive(NO_SCORES)
    if len(side.labels) == 1:
        return inconclusive("there is only one label")
    if side.has_one_label_a_row:
        return inconclusive(ONE_TAG)
    predicted = float(((side.probabilities > 0.5).sum(axis=1) == 1).mean())
    true = float((side.truth.sum(axis=1) == 1).mean())
    evidence = {"predicted_one": predicted, "true_one": true}
    told = f"{predicted:.0%} of the pictures have exactly one predicted label, {true:.0%} have exactly one tag"
    code = "one-label-per-picture"
    if predicted < limit(code, "predicted") or true > limit(code, "true"):
        return passed(told, evidence)
    return fired(f"{told}.", evidence, Remedy("apply a threshold to every label instead of an argmax"))


@check(
    "label-never-predicted",
    "issue",
    "A label is never predicted",
    family="outputs",
    how="No score above 0.5 on validation, although the label has enough positives there.",
    why="Its recall is zero, and averages over pictures or entries hide that.",
    what_to_do="Choose thresholds by F1 on validation, use balanced positive weights, or add pictures with that label.",
)
def label_never_predicted(material: Material) -> Verdict:
    """A label has positives but is never predicted."""
    side = material.judged
    if side is None:
        return inconclusive(NO_SCORES)
    enough = side.positives >= limit("label-never-predicted", "positives")
    if not enough.any():
        return inconclusive(f"no label has enough positives on {side.name}")
    silent = enough & ~side.predicted.any(axis=0)
    if not silent.any():
        return passed("every label with enough positives is predicted at least once", {"labels": []})
    highest = side.probabilities[:, silent].max()
    evidence = {"labels": _named(side, silent), "positives": side.positives[silent].tolist(), "highest": highest}
    says = f"{_told(side, silent)}: no score above 0.5 on {len(side)} pictures (the highest is {highest:.2f})."
    return fired(says, evidence, Remedy("thresholds by F1, or balanced weights", {"positive_weights": "balanced"}))


@check(
    "label-always-predicted",
    "issue",
    "A label is predicted for every picture",
    family="outputs",
    how="Every known score is above 0.5 on validation, although the label has enough negatives there.",
    why="The prediction carries no information, and its recall of 1 inflates averages.",
    what_to_do="Raise its threshold, drop positive weights, and check whether its scores vary at all.",
)
def label_always_predicted(material: Material) -> Verdict:
    """A label has negatives but is always predicted."""
    side = material.judged
    if side is None:
        return inconclusive(NO_SCORES)
    enough = side.negatives >= limit("label-always-predicted", "negatives")
    if not enough.any():
        return inconclusive(f"no label has enough negatives on {side.name}")
    loud = enough & (side.predicted | ~side.known).all(axis=0)
    if not loud.any():
        return passed("no label is predicted for every picture", {"labels": []})
    lowest = side.probabilities[:, loud].min()
    evidence = {"labels": _named(side, loud), "negatives": side.negatives[loud].tolist(), "lowest": lowest}
    says = f"{_told(side, loud)}: every score is above 0.5 on {len(side)} pictures (the lowest is {lowest:.2f})."
    return fired(says, evidence, Remedy("thresholds by F1, and no positive weights", {"positive_weights": "none"}))


def _named(side: Side, mask: NDArray[np.bool_]) -> list[str]:
    return [side.labels[int(at)] for at in np.flatnonzero(mask)]


def _told(side: Side, mask: NDArray[np.bool_]) -> str:
    names = _named(side, mask)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


BROKEN = (logits_as_scores, softmax_head, constant_outputs, one_label_per_picture)
CHECKS = (label_never_predicted, label_always_predicted)
