"""Fit: whether the model learnt the pictures by heart, or nothing at all, told from the scores of both splits."""

from __future__ import annotations

import numpy as np

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Plot, Remedy, Verdict, cannot_say, fired, passed
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material, Side
from tagfit.diagnosis.resampling import estimate, gap, replicates, unit_sums, value, wilson
from tagfit.recipe import Recipe

GAP_METRICS = ("label_accuracy", "mAP")
# The least difference from a goal that a validation split is asked to tell.
LEAST_DIFFERENCE = 0.02
FEWEST_ROWS = 20
Z = 1.959964


@check(
    "overfitting",
    "issue",
    "The model knows its training pictures too well",
    family="fit",
    how="Label accuracy and mAP are measured alike on train and validation (same weights, inference mode, threshold "
    "0.5). Both splits are resampled, each by itself, by pictures or by groups. It fires where the whole 95 % interval "
    "of a difference lies above the margin.",
    why="What is learnt by heart, wrong tags included, does not carry over to new pictures: the figure on train "
    "promises what the model cannot keep.",
    what_to_do="Regularise: dropout, weight decay, a smaller net, early stopping with the best weights restored, and "
    "augmentation where the rows are pictures. More pictures help most. The cure searches these changes.",
)
def overfitting(material: Material) -> Verdict:
    """Train minus validation lies above the margin."""
    if material.train is None or material.validation is None:
        return cannot_say("needs scores of train and of validation")
    if min(len(material.train), len(material.validation)) < FEWEST_ROWS:
        return cannot_say(f"fewer than {FEWEST_ROWS} rows on a side: resampling says nothing")
    margin = limit("overfitting", "margin")
    gaps = gap(material.train, material.validation, GAP_METRICS)
    values = {
        split: {name: value(side, name) for name in GAP_METRICS}
        for split, side in (("train", material.train), ("validation", material.validation))
    }
    evidence = {"gap": gaps, **values, "margin": margin}
    worst = max(GAP_METRICS, key=lambda name: np.nan_to_num(gaps[name].low, nan=-1.0))
    told = (
        f"{worst} is {values['train'][worst]:.3f} on train and {values['validation'][worst]:.3f} on validation, "
        f"a gap of {gaps[worst]}"
    )
    if not gaps[worst].low > margin:
        return passed(told, evidence)
    plot = Plot("gap", {"values": values, "gaps": {name: tuple(one) for name, one in gaps.items()}, "margin": margin})
    return fired(f"{told}.", evidence, _against_overfitting(material), plot)


def _against_overfitting(material: Material) -> Remedy:
    changes: dict[str, object] = {"weight_decay": 0.05, "optimiser": "adamw", "patience": 5, "restore_best": True}
    words = "regularise: dropout 0.4, weight decay, early stopping with the best weights"
    recipe = material.recipe or Recipe()
    if recipe.architecture == "conv":
        return Remedy(f"{words}, augmentation", {**changes, "dropout": (0.4,), "augment": True})
    return Remedy(f"{words}, batch norm and fewer units", {**changes, "dropout": (0.4,), "norm": "batch"})


@check(
    "underfitting",
    "issue",
    "The model has hardly learnt its training pictures",
    family="fit",
    how="Macro AUC on train, resampled; it fires where the whole interval lies below the limit. 0.5 is guessing. A "
    "ranking needs neither thresholds nor calibration, so a bad threshold is not mistaken for bad learning.",
    why="A model that cannot rank the pictures it was shown will not rank others. The fault lies in capacity, "
    "learning rate or time, or the pictures do not show what the tags say.",
    what_to_do="A larger net, less regularisation, a higher learning rate or more epochs. If nothing helps, look at "
    "whether a person could give these tags from these pictures.",
)
def underfitting(material: Material) -> Verdict:
    """Macro AUC on train is near guessing."""
    if material.train is None:
        return cannot_say("needs scores of train")
    side = material.train
    found = estimate(value(side, "macro_auc"), replicates(side, ("macro_auc",))["macro_auc"])
    if np.isnan(found.value):
        return cannot_say("no label has positives and negatives on train")
    told = f"macro AUC on train is {found}"
    if not found.high < limit("underfitting", "macro_auc"):
        return passed(told, {"macro_auc": found})
    changes = {"widths": (256, 128), "dropout": (0.0,), "weight_decay": 0.0, "learning_rate": 3e-3}
    if material.recipe is not None and material.recipe.architecture == "conv":
        changes["widths"] = (64, 128, 256)
    words = "a larger net, less regularisation, a higher learning rate"
    return fired(f"{told}; 0.5 is guessing.", {"macro_auc": found}, Remedy(words, changes))


@check(
    "validation-too-small",
    "issue",
    "Validation is too small to tell the difference that matters",
    family="fit",
    how="Half the length of the 95 % interval of label accuracy on validation (rows, or groups, as they are drawn; "
    "Student's t), against the difference in the table, or against how far the goal's metric is from its goal. The "
    "size that would do grows with the square of the ratio.",
    why="Where the interval is longer than the difference one looks for, the better of two models is drawn by lot, "
    "and early stopping stops at random.",
    what_to_do="Give validation more pictures (`--validation-share`), or compare models by cross-validation.",
)
def validation_too_small(material: Material) -> Verdict:
    """The interval on validation is longer than the difference that is looked for."""
    side = material.validation
    if side is None:
        return cannot_say("needs scores of validation")
    goal = next((bound for bound in material.goal if bound.split == "validation"), None)
    metric, difference = "label_accuracy", limit("validation-too-small", "difference")
    half, half_of_many = _half_widths(side)
    if goal is not None:
        metric = goal.metric
        now = value(side, metric)
        difference = min(difference, max(LEAST_DIFFERENCE, abs(now - goal.value)))
        if metric != "label_accuracy":
            found = estimate(now, replicates(side, (metric,))[metric])
            half = half_of_many = (found.high - found.low) / 2
    if np.isnan(half):
        return cannot_say(f"{metric} has no interval on validation")
    needed = int(np.ceil(len(side) * (half_of_many / difference) ** 2))
    evidence = {"metric": metric, "rows": len(side), "half_width": half, "difference": difference, "needed": needed}
    told = f"{metric} on {len(side)} rows is known to +-{half:.3f}"
    if half <= difference:
        return passed(told, evidence)
    words = f"give validation about {needed} rows, or judge by cross-validation"
    return fired(f"{told}; the difference looked for is {difference:.3f}.", evidence, Remedy(words))


def _half_widths(side: Side) -> tuple[float, float]:
    """Half the 95 % interval of label accuracy (a ratio of sums over units, linearised; Student's t), and what it
    would be if as many units were known to vary so (the normal distribution), from which sizes are reckoned."""
    from scipy.special import stdtrit

    right = ((side.predicted == side.truth) & side.known).sum(axis=1, dtype=np.float64)
    sums = unit_sums(side, np.column_stack([right, side.known.sum(axis=1, dtype=np.float64)]))
    units, total = len(sums), sums[:, 1].sum()
    if units < 2 or total == 0:
        return 0.5, 0.5
    rest = sums[:, 0] - sums[:, 0].sum() / total * sums[:, 1]
    spread = float(np.sqrt((rest**2).sum() * units / (units - 1)) / total)
    # A few rows may happen to vary little: the interval is never shorter than that of as many independent entries.
    share = wilson(sums[:, 0].sum(), total)
    least = (share.high - share.low) / 2
    return float(max(stdtrit(units - 1, 0.975) * spread, least)), float(max(Z * spread, least))


CHECKS = (overfitting, validation_too_small, underfitting)
