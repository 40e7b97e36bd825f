"""Station 3, Cut: precision and recall at a cut, ties, and cuts chosen on the rows they are judged on."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from tagfit.evaluation.cases import Cases, exceeding
from tagfit.evaluation.choose import choose_thresholds
from tagfit.evaluation.cut_curves import Ladder
from tagfit.evaluation.evaluate import evaluate
from tagfit.lesson.blocks import Shown, table
from tagfit.lesson.labs import nets
from tagfit.lesson.labs.painted import true_tags
from tagfit.lesson.steps import Context, Lab, Outcome
from tagfit.scores import Scores

LABEL = "trees"
PRECISION, NEAR = 0.9, 0.015
HABIT = 0.5
TIED = (0.91, 0.5, 0.12, 0.74, 0.5, 0.55, 0.3, 0.5)


class At(NamedTuple):
    """What one cut gives for the label."""

    cut: float
    predicted: int
    precision: float
    recall: float


@functools.cache
def judged(split: str) -> Scores:
    """The scores of the regularised net, with the tags that the painter meant, none flipped."""
    return replace(nets.cured().scores[split], truth=true_tags(split))


def at(cut: float) -> At:
    """Precision and recall of the label at a cut on validation; a precision of nothing predicted is 1."""
    scores = judged("validation")
    column = scores.labels.index(LABEL)
    predicted = exceeding(scores.scores, np.full(len(scores.labels), cut))[:, column]
    hits, positives = int(scores.truth[predicted, column].sum()), int(scores.truth[:, column].sum())
    return At(cut, int(predicted.sum()), hits / predicted.sum() if predicted.any() else 1.0, hits / positives)


@functools.cache
def best() -> At:
    """The cut with the highest recall at PRECISION."""
    scores = judged("validation")
    cases = Cases.of(scores, np.full(len(scores.labels), HABIT))
    cuts = Ladder.of(cases, scores.labels.index(LABEL)).cuts
    return max((one for one in map(at, cuts.tolist()) if one.precision >= PRECISION), key=lambda one: one.recall)


def _show_recall(context: Context) -> Shown:
    names = context.step.names
    rows = [[f"{one.cut:.1f}", *_figures(one)] for one in (at(tenth / 10) for tenth in range(1, 10))]
    columns = [names[name] for name in ("cut", "predicted", "precision", "recall")]
    return Shown([table(columns, rows)], {"label": LABEL, **_best()})


def _figures(one: At) -> list[str]:
    return [str(one.predicted), f"{one.precision:.3f}", f"{one.recall:.3f}"]


def _best() -> dict[str, float]:
    return {"best_cut": best().cut, "best_recall": best().recall, "best_precision": best().precision}


def _judge_recall(_context: Context, answer: float) -> Outcome:
    found = at(answer)
    figures = {
        **_best(),
        "cut": found.cut,
        "precision": found.precision,
        "recall": found.recall,
        "half_recall": at(HABIT).recall,
    }
    if found.precision >= PRECISION and found.recall >= best().recall - NEAR:
        return Outcome("right", True, figures=figures)
    key = "too_low" if found.precision < PRECISION else "half" if answer == HABIT else "too_high"
    return Outcome(key, False, key, done=False, figures=figures)


def _show_ties(context: Context) -> Shown:
    names = context.step.names
    rows = [[str(place), f"{score:.2f}"] for place, score in enumerate(TIED, start=1)]
    return Shown([table([names["picture"], names["score"]], rows)])


def _judge_ties(_context: Context, answer: float) -> Outcome:
    above = int(exceeding(np.array(TIED)[:, None], np.array([HABIT])).sum())
    ties = TIED.count(HABIT)
    figures = {"given": f"{answer:g}", "above": above, "ties": ties, "with_ties": above + ties}
    if answer == above:
        return Outcome("right", True, figures=figures)
    key = {above + ties: "counted_ties", len(TIED) - above: "counted_below"}.get(int(answer), "wrong")
    return Outcome(key, False, "" if key == "wrong" else key, done=False, figures=figures)


def _judge_one_or_many(context: Context, answer: str) -> Outcome:
    names = context.step.names
    macro: dict[str, dict[str, float]] = {}
    for strategy in ("best-f1-for-all", "best-f1"):
        cuts = choose_thresholds(judged("validation"), strategy, resamples=0)
        macro[strategy] = {
            split: evaluate(judged(split), thresholds=cuts, intervals=None)["macro_f1"]
            for split in ("validation", "test")
        }
    gains = {split: 100 * (macro["best-f1"][split] - macro["best-f1-for-all"][split]) for split in macro["best-f1"]}
    figures = {f"gain_{split}": gain for split, gain in gains.items()}
    rows = [
        [names[name], *(f"{macro[strategy][split]:.3f}" for split in ("validation", "test"))]
        for name, strategy in (("one", "best-f1-for-all"), ("each", "best-f1"))
    ]
    shown = [table([names["cuts"], names["validation"], names["test"]], rows)]
    if answer == "more_on_validation" and gains["validation"] > gains["test"]:
        return Outcome("right", True, figures=figures, blocks=shown)
    right = None if answer == "more_on_validation" else False
    return Outcome(answer, right, "" if right is None else answer, figures=figures, blocks=shown)


LABS: Mapping[str, Lab] = {
    "highest_recall": Lab(_judge_recall, _show_recall),
    "ties": Lab(_judge_ties, _show_ties),
    "one_or_many": Lab(_judge_one_or_many),
}
