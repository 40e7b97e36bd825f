"""Metric: checks whether the reported metric can tell a good model from a poor one."""

from __future__ import annotations

import numpy as np

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Remedy, Verdict, fired, inconclusive, passed
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material, Side
from tagfit.diagnosis.resampling import value
from tagfit.evaluation.evaluate import evaluate
from tagfit.goal import Bound

# Names that frameworks use for the share of rows whose highest output is the right class.
ARGMAX_NAMES = ("argmax_accuracy", "accuracy", "acc", "categorical_accuracy", "sparse_categorical_accuracy")
EXACT_NAMES = ("subset_accuracy", "exact_match", "exact_match_ratio")
TRIVIAL = {
    "nothing": "predicting nothing",
    "prevalence": "predicting each label's share in train",
    "best_constant": "the best constant set of tags",
}
MACRO = ("macro_f1", "macro_precision", "macro_recall", "macro_jaccard", "macro_auc", "mAP")


@check(
    "trivial-goal",
    "issue",
    "A trivial prediction meets the goal",
    family="metric",
    how="Each bound of the goal is compared, on the split it names, with the score of predicting nothing, of each "
    "label's share in train, and of the best constant set of tags.",
    why="When most tags are absent, predicting nothing is mostly right. Meeting such a goal proves nothing.",
    what_to_do="Set the goal above the trivial figures, or use a metric that they fail, such as macro F1 or mAP.",
)
def trivial_goal(material: Material) -> Verdict:
    """A baseline meets all bounds of the goal."""
    if not material.goal:
        return inconclusive("no goal is given")
    sides = {side.name: side for side in material.sides}
    wishes = [bound for bound in material.goal if bound.split in sides and bound.asks_for_quality]
    if not wishes:
        return inconclusive("the goal has no bound on quality for the given splits")
    prevalence = None
    if material.train is not None:
        train = material.train
        prevalence = train.positives / np.maximum(train.positives + train.negatives, 1)
    met, evidence = [], {}
    for bound in wishes:
        found = evaluate(
            sides[bound.split].scores, prevalence=prevalence, metrics=[bound.metric], intervals=None
        ).metrics[bound.metric]
        trivial = {"nothing": found.nothing, "prevalence": found.prevalence, "best_constant": found.best_constant}
        evidence[bound.text] = {**trivial, "value": found.value}
        if any(one is not None and bound.met_by(one) for one in trivial.values()):
            met.append(bound.text)
    if len(met) < len(wishes):
        return passed("no trivial prediction meets the goal", evidence)
    told = "; ".join(f"{bound.text} is met by {_who(bound, evidence[bound.text])}" for bound in wishes)
    return fired(f"{told}.", evidence, Remedy("set the goal above these figures, or use macro F1 or mAP"))


def _who(bound: Bound, trivial: dict[str, float | None]) -> str:
    return ", ".join(
        f"{words} ({one:.3f})"
        for name, words in TRIVIAL.items()
        if (one := trivial[name]) is not None and bound.met_by(one)
    )


@check(
    "argmax-accuracy",
    "issue",
    "The reported accuracy is argmax accuracy",
    family="metric",
    how="A history or a metric named `accuracy` (`acc`, `categorical_accuracy`), with a truth that has several tags, "
    "or none, per picture. If scores are available, the figure is compared with label accuracy: a binary accuracy "
    "under that name passes.",
    why="On multi-label data, Keras' `accuracy` checks whether the highest score is on the first of the tags. A "
    "perfect model fails it.",
    what_to_do="Report label accuracy, subset accuracy, macro F1 or mAP; in Keras, `binary_accuracy` and "
    "`AUC(multi_label=True)`.",
)
def argmax_accuracy(material: Material) -> Verdict:
    """Argmax accuracy is used on multi-hot truth."""
    side = material.judged
    if side is None:
        return inconclusive("needs scores")
    others = material.curves.others if material.curves is not None else {}
    names = {name.removeprefix("val_") for name in others} | set(material.metrics)
    used = sorted(names & set(ARGMAX_NAMES))
    if not names:
        return inconclusive("neither the history nor `metrics` names a metric")
    if not used:
        return passed(f"no argmax accuracy among {', '.join(sorted(names))}")
    if side.has_one_label_a_row:
        return passed("every picture has exactly one tag, so argmax accuracy is right")
    argmax, label = value(side, "argmax_accuracy"), value(side, "label_accuracy")
    evidence: dict[str, object] = {"metrics": used, "argmax_accuracy": argmax, "label_accuracy": label}
    figures = [others[f"val_{name}"] for name in used if f"val_{name}" in others]
    if figures and material.validation is not None:
        to_label, to_argmax = (min(_nearest(curve, figure) for curve in figures) for figure in (label, argmax))
        if to_label <= limit("argmax-accuracy", "match") and to_label < to_argmax:
            return passed("the accuracy in the history is label accuracy", evidence)
    says = (
        f"`{used[0]}` is used although {float((side.truth.sum(axis=1) != 1).mean()):.0%} of the pictures have several "
        f"tags or none: it is {argmax:.3f}, label accuracy is {label:.3f}."
    )
    return fired(says, evidence, Remedy("report label accuracy, macro F1 or mAP instead"))


def _nearest(curve: object, figure: float) -> float:
    return float(np.nanmin(np.abs(np.asarray(curve, dtype=np.float64) - figure)))


@check(
    "exact-match-alone",
    "hint",
    "Subset accuracy is the only metric",
    family="metric",
    how="The named metrics, or those of the goal, are subset accuracy and nothing else, with more than one label.",
    why="One wrong tag out of ten counts like ten. Subset accuracy falls with the number of labels and hides which "
    "label fails.",
    what_to_do="Report label accuracy, macro F1 or mAP as well.",
)
def exact_match_alone(material: Material) -> Verdict:
    """Only subset accuracy is reported."""
    names = {*material.metrics, *(bound.metric for bound in material.goal)}
    if not names:
        return inconclusive("neither `metrics` nor a goal names a metric")
    if len(material.labels) == 1 or not names <= set(EXACT_NAMES):
        return passed("subset accuracy is not the only metric", {"metrics": sorted(names)})
    evidence: dict[str, object] = {"metrics": sorted(names)}
    side = material.judged
    told = ""
    if side is not None:
        figures = {name: value(side, name) for name in ("subset_accuracy", "label_accuracy", "macro_f1")}
        evidence |= figures
        told = ", ".join(f"{name} is {figure:.3f}" for name, figure in figures.items())
    return fired(
        f"Only {', '.join(sorted(names))} is named; {told or 'there are no scores to measure'}.",
        evidence,
        Remedy("report label accuracy, macro F1 or mAP as well"),
    )


@check(
    "macro-over-empty-labels",
    "hint",
    "A macro average includes labels without positives",
    family="metric",
    how="Labels without known positives on validation, if a macro average or mAP is named (or no metric is).",
    why="Recall, AP and AUC of such a label are undefined. Libraries count it as 0 or as 1 and shift the average; "
    "tagfit excludes it and reports that.",
    what_to_do="Exclude these labels, or give validation positives of them.",
)
def macro_over_empty(material: Material) -> Verdict:
    """A macro average includes empty labels."""
    side = material.validation
    if side is None:
        return inconclusive("needs scores of validation")
    names = {*material.metrics, *(bound.metric for bound in material.goal)}
    if names and not names & set(MACRO):
        return passed("no macro average is named", {"metrics": sorted(names)})
    empty = [side.labels[int(at)] for at in np.flatnonzero(side.positives == 0)]
    if not empty:
        return passed("every label has positives on validation", {"labels": empty})
    ours, zero = _macro_recall(side)
    says = (
        f"{len(empty)} of {len(side.labels)} labels have no positives on validation: macro recall is {ours:.3f} "
        f"without them and {zero:.3f} if they count as 0."
    )
    return fired(says, {"labels": empty, "without": ours, "as_zero": zero}, Remedy("exclude these labels"))


def _macro_recall(side: Side) -> tuple[float, float]:
    there = side.positives > 0
    recall = (side.predicted & (side.truth == 1)).sum(axis=0) / np.maximum(side.positives, 1)
    return float(recall[there].mean()) if there.any() else float("nan"), float(np.where(there, recall, 0).mean())


CHECKS = (trivial_goal, argmax_accuracy, exact_match_alone, macro_over_empty)
