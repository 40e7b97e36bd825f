"""Fit: checks from the scores of both splits whether the model overfits or underfits."""

from __future__ import annotations

import numpy as np

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Plot, Remedy, Verdict, fired, inconclusive, passed
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material, Side
from tagfit.diagnosis.resampling import estimate, gap, replicates, unit_sums, value, wilson
from tagfit.recipe import Recipe

GAP_METRICS = ("label_accuracy", "mAP")
# The smallest distance from a goal that a validation split is expected to resolve.
LEAST_DIFFERENCE = 0.02
FEWEST_ROWS = 20
# Up to here a backbone's frozen features beat nets from scratch on photographs (measured with 1,000 to 2,500).
FEW_PICTURES = 10_000
Z = 1.959964


@check(
    "overfitting",
    "issue",
    "The model overfits",
    family="fit",
    how="Label accuracy and mAP are measured the same way on train and validation (same weights, inference mode, "
    "threshold 0.5). Both splits are bootstrapped independently, by pictures or by groups. The check fires if the "
    "whole 95 % interval of a difference is above the margin.",
    why="What the model memorised, wrong tags included, does not carry over to new pictures. The figures on train are "
    "not what users will see.",
    what_to_do="Regularise: dropout, weight decay, a smaller net, early stopping with the best weights restored, and "
    "augmentation for pictures. More data helps most. `tagfit cure` searches these changes.",
)
def overfitting(material: Material) -> Verdict:
    """Train minus validation is above the margin."""
    if material.train is None or material.validation is None:
        return inconclusive("needs scores of train and of validation")
    if min(len(material.train), len(material.validation)) < FEWEST_ROWS:
        return inconclusive(f"a split has fewer than {FEWEST_ROWS} rows, too few to bootstrap")
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
    changes["dropout"] = (0.4,)
    if recipe.architecture == "conv":
        words, changes["augment"] = f"{words}, augmentation", True
    else:
        words, changes["norm"] = f"{words}, batch norm and fewer units", "batch"
    return Remedy(words + _or_a_backbone(material), changes)


def _or_a_backbone(material: Material) -> str:
    """What to say of pretrained backbones, where a net learns from scratch on few pictures."""
    side, recipe = material.train, material.recipe
    if side is None or recipe is None or recipe.architecture == "pretrained":
        return ""
    if not side.holds_pictures or len(side) > FEW_PICTURES:
        return ""
    return (
        f"; with {len(side):,} pictures, photographs are better served by a pretrained backbone (--recipe pretrained)"
    )


@check(
    "underfitting",
    "issue",
    "The model underfits",
    family="fit",
    how="Macro AUC on train, bootstrapped. The check fires if the whole interval is below the limit; 0.5 is chance. "
    "AUC depends on neither thresholds nor calibration, so a bad threshold is not mistaken for poor learning.",
    why="A model that cannot rank the pictures it was trained on will not rank others. The cause is capacity, "
    "learning rate, training time, or pictures that do not show what the tags say.",
    what_to_do="Use a larger net, less regularisation, a higher learning rate or more epochs. If nothing helps, check "
    "whether a person could assign these tags from these pictures.",
)
def underfitting(material: Material) -> Verdict:
    """Macro AUC on train is near chance."""
    if material.train is None:
        return inconclusive("needs scores of train")
    side = material.train
    found = estimate(value(side, "macro_auc"), replicates(side, ("macro_auc",))["macro_auc"])
    if np.isnan(found.value):
        return inconclusive("no label has positives and negatives on train")
    told = f"macro AUC on train is {found}"
    if not found.high < limit("underfitting", "macro_auc"):
        return passed(told, {"macro_auc": found})
    changes = {"widths": (256, 128), "dropout": (0.0,), "weight_decay": 0.0, "learning_rate": 3e-3}
    if material.recipe is not None and material.recipe.architecture == "conv":
        changes["widths"] = (64, 128, 256)
    words = f"a larger net, less regularisation, a higher learning rate{_or_a_backbone(material)}"
    return fired(f"{told}; 0.5 is chance.", {"macro_auc": found}, Remedy(words, changes))


@check(
    "validation-too-small",
    "issue",
    "The validation split is too small",
    family="fit",
    how="Half the width of the 95 % interval of label accuracy on validation (by rows or by groups; Student's t), "
    "compared with the difference in the table, or with the distance between the goal's metric and the goal. The "
    "required size grows with the square of the ratio.",
    why="If the interval is wider than the difference you look for, chance decides which of two models is better, and "
    "early stopping stops at random.",
    what_to_do="Give validation more pictures (`--validation-share`), or compare models by cross-validation.",
)
def validation_too_small(material: Material) -> Verdict:
    """The interval on validation is wider than the difference that matters."""
    side = material.validation
    if side is None:
        return inconclusive("needs scores of validation")
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
        return inconclusive(f"{metric} has no interval on validation")
    needed = int(np.ceil(len(side) * (half_of_many / difference) ** 2))
    evidence = {"metric": metric, "rows": len(side), "half_width": half, "difference": difference, "needed": needed}
    told = f"{metric} on {len(side)} rows is known to within +-{half:.3f}"
    if half <= difference:
        return passed(told, evidence)
    words = f"give validation about {needed} rows, or use cross-validation"
    return fired(f"{told}, but the difference that matters is {difference:.3f}.", evidence, Remedy(words))


def _half_widths(side: Side) -> tuple[float, float]:
    """Half the 95 % interval of label accuracy (a ratio of sums over units, linearised) by Student's t, and by the
    normal distribution, from which required sizes are computed."""
    from scipy.special import stdtrit

    right = ((side.predicted == side.truth) & side.known).sum(axis=1, dtype=np.float64)
    sums = unit_sums(side, np.column_stack([right, side.known.sum(axis=1, dtype=np.float64)]))
    units, total = len(sums), sums[:, 1].sum()
    if units < 2 or total == 0:
        return 0.5, 0.5
    rest = sums[:, 0] - sums[:, 0].sum() / total * sums[:, 1]
    spread = float(np.sqrt((rest**2).sum() * units / (units - 1)) / total)
    # A few rows may vary little by chance: the interval is never narrower than that of as many independent entries.
    share = wilson(sums[:, 0].sum(), total)
    least = (share.high - share.low) / 2
    return float(max(stdtrit(units - 1, 0.975) * spread, least)), float(max(Z * spread, least))


CHECKS = (overfitting, validation_too_small, underfitting)
