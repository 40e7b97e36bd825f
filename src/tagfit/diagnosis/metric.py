"""Metric: whether the figure that is looked at can tell a good model from a poor one."""

from __future__ import annotations

import numpy as np

from tagfit.diagnosis.check import check
from tagfit.diagnosis.finding import Remedy, Verdict, cannot_say, fired, passed
from tagfit.diagnosis.limits import limit
from tagfit.diagnosis.material import Material, Side
from tagfit.diagnosis.resampling import value
from tagfit.evaluation.evaluate import evaluate
from tagfit.goal import Bound

# What frameworks call the share of rows whose highest output is the right class.
ARGMAX_NAMES = ("argmax_accuracy", "accuracy", "acc", "categorical_accuracy", "sparse_categorical_accuracy")
EXACT_NAMES = ("subset_accuracy", "exact_match", "exact_match_ratio")
TRIVIAL = {
    "nothing": "predicting nothing",
    "prevalence": "the shares of train",
    "best_constant": "one fixed set of tags",
}
MACRO = ("macro_f1", "macro_precision", "macro_recall", "macro_jaccard", "macro_auc", "mAP")


@check(
    "trivial-goal",
    "issue",
    "A trivial prediction meets the goal",
    family="metric",
    how="Each bound of the goal, on the split it names, is compared with what predicting nothing, each label's share "
    "in train, and the best fixed set of tags would score.",
    why="Where most tags are absent, saying nothing is mostly right: meeting such a goal proves nothing.",
    what_to_do="A goal above the trivial figures, or a metric that they fail, such as macro F1 or mAP.",
)
def trivial_goal(material: Material) -> Verdict:
    """A baseline meets all bounds of the goal."""
    if not material.goal:
        return cannot_say("no goal is given")
    sides = {side.name: side for side in material.sides}
    wishes = [bound for bound in material.goal if bound.split in sides and bound.asks_for_quality]
    if not wishes:
        return cannot_say("the goal asks for nothing on the splits at hand")
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
    return fired(f"{told}.", evidence, Remedy("a goal above these, or macro F1 or mAP"))


def _who(bound: Bound, trivial: dict[str, float | None]) -> str:
    return ", ".join(
        f"{words} ({one:.3f})"
        for name, words in TRIVIAL.items()
        if (one := trivial[name]) is not None and bound.met_by(one)
    )


@check(
    "argmax-accuracy",
    "issue",
    "The accuracy looked at asks for one right class a picture",
    family="metric",
    how="A history or a metric named `accuracy` (`acc`, `categorical_accuracy`) beside a truth with several tags, or "
    "none, on a picture. Where the scores are there, the figure is compared with label accuracy: a binary accuracy "
    "under that name passes.",
    why="On such a truth Keras' `accuracy` asks whether the highest score lies on the first of the tags: a perfect "
    "model fails it.",
    what_to_do="Report label accuracy, subset accuracy, macro F1 or mAP; in Keras `binary_accuracy` and "
    "`AUC(multi_label=True)`.",
)
def argmax_accuracy(material: Material) -> Verdict:
    """Accuracy of the argmax on multi-hot truth."""
    side = material.judged
    if side is None:
        return cannot_say("needs scores")
    others = material.curves.others if material.curves is not None else {}
    names = {name.removeprefix("val_") for name in others} | set(material.metrics)
    used = sorted(names & set(ARGMAX_NAMES))
    if not names:
        return cannot_say("no metric is named, neither by the history nor by `metrics`")
    if not used:
        return passed(f"no accuracy of the argmax among {', '.join(sorted(names))}")
    if side.has_one_label_a_row:
        return passed("every picture has exactly one tag, so that the argmax is right")
    argmax, label = value(side, "argmax_accuracy"), value(side, "label_accuracy")
    evidence: dict[str, object] = {"metrics": used, "argmax_accuracy": argmax, "label_accuracy": label}
    figures = [others[f"val_{name}"] for name in used if f"val_{name}" in others]
    if figures and material.validation is not None:
        to_label, to_argmax = (min(_nearest(curve, figure) for curve in figures) for figure in (label, argmax))
        if to_label <= limit("argmax-accuracy", "match") and to_label < to_argmax:
            return passed("the accuracy in the history is label accuracy under that name", evidence)
    says = (
        f"`{used[0]}` on a truth where {float((side.truth.sum(axis=1) != 1).mean()):.0%} of the pictures have several "
        f"tags or none: it gives {argmax:.3f}, label accuracy is {label:.3f}."
    )
    return fired(says, evidence, Remedy("report label accuracy, macro F1 or mAP instead"))


def _nearest(curve: object, figure: float) -> float:
    return float(np.nanmin(np.abs(np.asarray(curve, dtype=np.float64) - figure)))


@check(
    "exact-match-alone",
    "hint",
    "Exact match is the only figure",
    family="metric",
    how="The named metrics, or those of the goal, are subset accuracy and nothing else, with more than one label.",
    why="One wrong tag of ten counts as ten: it falls with the number of labels and hides which label fails.",
    what_to_do="Label accuracy, macro F1 or mAP beside it.",
)
def exact_match_alone(material: Material) -> Verdict:
    """Only subset accuracy is looked at."""
    names = {*material.metrics, *(bound.metric for bound in material.goal)}
    if not names:
        return cannot_say("no metric is named by `metrics` or a goal")
    if len(material.labels) == 1 or not names <= set(EXACT_NAMES):
        return passed("exact match is not the only figure", {"metrics": sorted(names)})
    evidence: dict[str, object] = {"metrics": sorted(names)}
    side = material.judged
    told = ""
    if side is not None:
        figures = {name: value(side, name) for name in ("subset_accuracy", "label_accuracy", "macro_f1")}
        evidence |= figures
        told = ", ".join(f"{name} is {figure:.3f}" for name, figure in figures.items())
    return fired(
        f"Only {', '.join(sorted(names))} is named; {told or 'there are no scores to judge'}.",
        evidence,
        Remedy("name label accuracy, macro F1 or mAP beside it"),
    )


@check(
    "macro-over-empty-labels",
    "hint",
    "A macro average is taken over labels that have no positives",
    family="metric",
    how="Labels without known positives on validation, where a macro average or mAP is named (or nothing is).",
    why="Such a label has no recall, AP or AUC. Libraries count it as 0 or as 1 and shift the average; tagfit leaves "
    "it out and says so.",
    what_to_do="Leave these labels out, or give validation positives of them.",
)
def macro_over_empty(material: Material) -> Verdict:
    """Empty labels in a macro average."""
    side = material.validation
    if side is None:
        return cannot_say("needs scores of validation")
    names = {*material.metrics, *(bound.metric for bound in material.goal)}
    if names and not names & set(MACRO):
        return passed("no macro average is named", {"metrics": sorted(names)})
    empty = [side.labels[int(at)] for at in np.flatnonzero(side.positives == 0)]
    if not empty:
        return passed("every label has positives on validation", {"labels": empty})
    ours, zero = _macro_recall(side)
    says = (
        f"{len(empty)} of {len(side.labels)} labels have no positives on validation: macro recall is {ours:.3f} "
        f"without them and {zero:.3f} where they count as 0."
    )
    return fired(says, {"labels": empty, "without": ours, "as_zero": zero}, Remedy("leave these labels out"))


def _macro_recall(side: Side) -> tuple[float, float]:
    there = side.positives > 0
    recall = (side.predicted & (side.truth == 1)).sum(axis=0) / np.maximum(side.positives, 1)
    return float(recall[there].mean()) if there.any() else float("nan"), float(np.where(there, recall, 0).mean())


CHECKS = (trivial_goal, argmax_accuracy, exact_match_alone, macro_over_empty)
