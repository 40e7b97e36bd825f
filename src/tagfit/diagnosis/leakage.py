"""Leakage: checks whether validation is unseen and distributed like train."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.data.pictures.duplicates import duplicate_groups, duplicate_rows
from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Estimate, Plot, Remedy, Verdict, fired, inconclusive, passed
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material, Side
from tagfit.diagnosis.resampling import corrected_z, wilson
from tagfit.diagnosis.rounding import decimals

BOTH = "needs train and validation"
SHOWN = 6
LISTED = 100
# If few rows of train are distinct, equal rows across splits prove nothing.
FEWEST_DISTINCT = 0.5
FEWEST_DECIMALS = 5
THUMB = 8
MOST_ROWS = 1500
TREES = 200
SEED = 0


@check(
    "near-duplicates-across-splits",
    "issue",
    "Train and validation share pictures",
    family="split",
    how="Pictures: near-duplicates, regardless of size, compression and brightness, also mirrored, turned by 90 "
    "degrees or cropped by up to 15 % an edge. Feature rows: equal values. Without inputs: equal ids, or else rows "
    "with equal tags whose scores agree in every digit.",
    why="The model is rewarded on validation for what it memorised in training, so the validation figures are too "
    "good.",
    what_to_do="Split again and keep copies in the same split. tagfit does this by default.",
)
def near_duplicates(material: Material) -> Verdict:
    """Rows of validation are also in train."""
    train, validation = material.train, material.validation
    if train is None or validation is None:
        return inconclusive(BOTH)
    found = _copies(train, validation)
    if isinstance(found, str):
        return inconclusive(found)
    pairs, how = found
    touched = len({other for _, other in pairs})
    evidence = {
        "validation_rows": touched,
        "share": touched / len(validation),
        "found_by": how,
        "pairs": [[str(train.scores.ids[one]), str(validation.scores.ids[other])] for one, other in pairs[:LISTED]],
    }
    if not pairs:
        return passed(f"no row of validation is in train (compared {how})", evidence)
    share = touched / len(validation)
    says = f"{touched} of {len(validation)} rows of validation ({share:.1%}) are also in train (compared {how})."
    plot = Plot("pairs", {"pairs": pairs[:SHOWN]}) if train.holds_pictures and validation.holds_pictures else None
    return fired(says, evidence, Remedy("split again and keep copies in the same split"), plot)


def _copies(train: Side, validation: Side) -> tuple[list[tuple[int, int]], str] | str:
    """Pairs of (train row, validation row) and how they were found, or the reason why that is impossible."""
    if train.inputs is not None and validation.inputs is not None:
        if train.inputs.shape[1:] != validation.inputs.shape[1:]:
            return "the inputs of train and validation have different shapes"
        inputs = np.concatenate([train.inputs, validation.inputs])
        if inputs.ndim == 4:
            return _across(duplicate_groups(inputs), len(train)), "by picture similarity"
        groups = duplicate_rows(inputs)
        repeated = sum(len(group.rows) - 1 for group in groups)
        if repeated > (1 - FEWEST_DISTINCT) * len(inputs):
            return "most feature rows occur more than once, so equal rows prove nothing"
        return _across(groups, len(train)), "by feature values"
    if train.named and validation.named:
        shared = sorted(set(train.scores.ids.tolist()) & set(validation.scores.ids.tolist()))
        if shared:
            at = [{name: row for row, name in enumerate(side.scores.ids.tolist())} for side in (train, validation)]
            return [(at[0][name], at[1][name]) for name in shared], "by id"
    return _by_scores(train, validation)


def _across(groups: Any, cut: int) -> list[tuple[int, int]]:
    """The pairs of each group with one member on each side of row ``cut``."""
    return [
        (one, other - cut)
        for group in groups
        for one in group.rows
        if one < cut
        for other in group.rows
        if other >= cut
    ]


def _by_scores(train: Side, validation: Side) -> tuple[list[tuple[int, int]], str] | str:
    """Equal pictures get equal scores from one model; rounded or saturated scores can be equal by chance."""
    raw = [np.asarray(side.raw, dtype=np.float32) for side in (train, validation)]
    count = decimals(np.concatenate(raw))
    if raw[0].shape[1] < 2 or (count is not None and count < FEWEST_DECIMALS) or np.float16 in (train.raw.dtype,):
        return "needs inputs, ids, or unrounded scores of several labels"
    rows = [np.concatenate([values, side.truth], axis=1) for values, side in zip(raw, (train, validation), strict=True)]
    distinct = len(np.unique(raw[0], axis=0))
    if distinct < FEWEST_DISTINCT * len(train):
        return "needs inputs or ids: most rows of scores occur more than once"
    usable = np.ptp(np.concatenate(raw), axis=0) > 0
    saturated = [((values <= 1e-6) | (values >= 1 - 1e-6))[:, usable].all(axis=1) for values in raw]
    seen: dict[bytes, int] = {}
    for row in np.flatnonzero(~saturated[0])[::-1]:
        seen[rows[0][row].tobytes()] = int(row)
    pairs = [(seen[key], int(row)) for row in np.flatnonzero(~saturated[1]) if (key := rows[1][row].tobytes()) in seen]
    return pairs, "by scores and tags"


@check(
    "group-across-splits",
    "issue",
    "A group is in both train and validation",
    family="split",
    how="The group names of both splits are compared. Rows without a group are ignored.",
    why="Pictures of one group (a burst, a patient, a film) resemble each other, so validation is not unseen.",
    what_to_do="Split again by groups. tagfit keeps groups together whenever the source names them.",
)
def group_across(material: Material) -> Verdict:
    """Groups are in both splits."""
    if material.train is None or material.validation is None:
        return inconclusive(BOTH)
    groups = [side.scores.groups for side in (material.train, material.validation)]
    if groups[0] is None or groups[1] is None:
        return inconclusive("no groups are given")
    shared = sorted((set(groups[0].tolist()) & set(groups[1].tolist())) - {""})
    rows = int(np.isin(groups[1], shared).sum())
    evidence = {"groups": shared[:LISTED], "count": len(shared), "validation_rows": rows}
    if not shared:
        return passed("no group is in both splits", evidence)
    says = f"{len(shared)} groups are in both splits, with {rows} rows of validation: {', '.join(shared[:SHOWN])}."
    return fired(says, evidence, Remedy("split again by groups"))


@check(
    "label-shares-differ",
    "issue",
    "Label frequencies differ between the splits",
    family="split",
    how="The difference between a label's share of positives in train and in validation, with an interval that is "
    "simultaneous over all labels (Newcombe, 1998, method 10, Bonferroni-corrected). The check fires if the whole "
    "interval is beyond the limit.",
    why="Thresholds, calibration and averages chosen on one split do not carry over to the other, or to production.",
    what_to_do="Use a stratified split. If the splits are given, state which one resembles production.",
)
def label_shares_differ(material: Material) -> Verdict:
    """Shares of positives differ by more than the limit, beyond chance."""
    if material.train is None or material.validation is None:
        return inconclusive(BOTH)
    sides = (material.train, material.validation)
    z = corrected_z(len(material.labels))
    found: dict[str, Estimate] = {}
    for at, label in enumerate(material.labels):
        counts = [(int(side.positives[at]), int(side.positives[at] + side.negatives[at])) for side in sides]
        if all(total for _, total in counts):
            found[label] = _difference(counts[0], counts[1], z)
    if not found:
        return inconclusive("no label is known in both splits")
    most = limit("label-shares-differ", "difference")
    differing = {label: one for label, one in found.items() if one.low > most or one.high < -most}
    widest = max(found.values(), key=lambda one: abs(one.value))
    evidence = {"labels": differing, "largest": widest}
    if not differing:
        return passed(f"the shares of each label differ by at most {abs(widest.value):.3f}", evidence)
    told = ", ".join(f"{label} {one.value:+.3f}" for label, one in list(differing.items())[:SHOWN])
    return fired(f"Share in train minus share in validation: {told}.", evidence, Remedy("use a stratified split"))


def _difference(one: tuple[int, int], other: tuple[int, int], z: float) -> Estimate:
    first, second = wilson(*one, z), wilson(*other, z)
    value = first.value - second.value
    down = np.hypot(first.value - first.low, second.high - second.value)
    up = np.hypot(first.high - first.value, second.value - second.low)
    return Estimate(value, float(value - down), float(value + up))


@check(
    "splits-told-apart",
    "issue",
    "A classifier can tell train from validation",
    family="split",
    how="A random forest predicts the split from the inputs (feature rows, or pictures reduced to 8 x 8 pixels) and "
    "is judged by its out-of-bag votes. The check fires if the interval of its AUC (DeLong's variance) is above the "
    "limit; 0.5 is chance.",
    why="The splits come from different cameras, places or times, and the gap between them is not only overfitting.",
    what_to_do="Split all rows at random (or stratified), or accept that validation measures transfer to another "
    "domain.",
)
def splits_told_apart(material: Material) -> Verdict:
    """A classifier separates train from validation."""
    train, validation = material.train, material.validation
    if train is None or validation is None:
        return inconclusive(BOTH)
    if train.inputs is None or validation.inputs is None:
        return inconclusive("needs the inputs (feature rows or pictures)")
    if train.inputs.shape[1:] != validation.inputs.shape[1:]:
        return inconclusive("the inputs of train and validation have different shapes")
    rows = min(len(train), len(validation), MOST_ROWS)
    auc = _separation(*(_features(side.inputs, rows, SEED + at) for at, side in enumerate((train, validation))))
    told = f"a random forest tells the splits apart with an AUC of {auc}"
    if not auc.low > limit("splits-told-apart", "auc"):
        return passed(told, {"auc": auc})
    return fired(f"{told[0].upper()}{told[1:]}; 0.5 is chance.", {"auc": auc}, Remedy("split all rows at random"))


def _features(inputs: NDArray[Any] | None, rows: int, seed: int) -> NDArray[np.float32]:
    """A sample of rows as features; pictures as the means of THUMB x THUMB areas."""
    assert inputs is not None
    chosen = np.sort(np.random.default_rng(seed).permutation(len(inputs))[:rows])
    values = np.nan_to_num(np.asarray(inputs[chosen], dtype=np.float32))
    if values.ndim == 2:
        return values
    height, width = (max(1, size // THUMB) for size in values.shape[1:3])
    values = values[:, : height * (values.shape[1] // height), : width * (values.shape[2] // width)]
    n, h, w, colours = values.shape
    blocks = values.reshape(n, h // height, height, w // width, width, colours).mean(axis=(2, 4))
    return np.asarray(blocks.reshape(n, -1))


def _separation(train: NDArray[np.float32], validation: NDArray[np.float32]) -> Estimate:
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(TREES, min_samples_leaf=3, oob_score=True, random_state=SEED, n_jobs=1)
    of = np.repeat([0, 1], [len(train), len(validation)])
    votes = forest.fit(np.concatenate([train, validation]), of).oob_decision_function_[:, 1]
    low, high = votes[of == 0], votes[of == 1]
    beaten, beats = _place(high, low), 1 - _place(low, high)
    auc = float(beaten.mean())
    error = float(np.sqrt(beaten.var(ddof=1) / len(high) + beats.var(ddof=1) / len(low)))
    return Estimate(auc, auc - 1.959964 * error, auc + 1.959964 * error)


def _place(values: NDArray[np.float64], among: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each value the share of ``among`` below it, counting ties half."""
    ordered = np.sort(among)
    below, up_to = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return np.asarray((below + up_to) / 2 / len(ordered))


CHECKS = (near_duplicates, group_across, label_shares_differ, splits_told_apart)
