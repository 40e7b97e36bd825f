"""Station 4, Worth: figures of models compared with what trivial predictors score on the same rows."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from tagfit.evaluation.evaluate import evaluate
from tagfit.evaluation.evaluation import MetricValue
from tagfit.lesson.blocks import Shown, table
from tagfit.lesson.labs.painted import true_tags
from tagfit.lesson.steps import Context, Lab, Outcome
from tagfit.scores import Scores

NEAR = 0.005
ROWS = 500
# Of the perfect scores in the last step: small enough to change no decision.
JITTER = 0.1


@dataclass(frozen=True)
class Model:
    """A simulated model: logits that rise by ``skill`` where a tag is present, with unit noise.

    Attributes:
        seed: of truth and noise.
        labels, prevalence: of its set.
        skill: 0 for a model that knows only how frequent tags are.
    """

    seed: int
    labels: int
    prevalence: float
    skill: float
    bias: float = 0.0

    def scores(self) -> Scores:
        """Its scores, with the truth of its set."""
        rng = np.random.default_rng(self.seed)
        truth = (rng.random((ROWS, self.labels)) < self.prevalence).astype(np.uint8)
        level = np.log(self.prevalence / (1 - self.prevalence)) + self.bias
        noise = rng.normal(size=truth.shape)
        return Scores.of(truth, expit(level + self.skill * (truth - self.prevalence) + noise))


MODELS: Mapping[str, Model] = {
    "subset_accuracy": Model(1, 4, 0.12, 1.5),
    "label_accuracy": Model(2, 20, 0.03, 0.3),
    "argmax_accuracy": Model(3, 6, 0.35, 1.5),
    "macro_f1": Model(4, 8, 0.3, 1.6, 0.3),
    "mAP": Model(5, 20, 0.04, 2.2),
    "loss": Model(6, 20, 0.05, 1.5),
}


@functools.cache
def measured(metric: str) -> MetricValue:
    """The figure of one model, with the trivial predictors."""
    return evaluate(MODELS[metric].scores(), metrics=(metric,), intervals=None).metrics[metric]


def trivial(found: MetricValue) -> float:
    """The best of the trivial predictors."""
    values = [one for one in (found.nothing, found.prevalence, found.best_constant) if one is not None]
    return max(values) if found.better == "higher" else min(values)


def worth(metric: str) -> float:
    """How much of the way from the best trivial prediction to a perfect one the model has gone; negative below it."""
    found = measured(metric)
    perfect = 1.0 if found.better == "higher" else 0.0
    return (found.value - trivial(found)) / (perfect - trivial(found))


def _show_rank(context: Context) -> Shown:
    names = context.step.names
    columns = [names[name] for name in ("model", "figure", "value", "labels", "prevalence")]
    return Shown([table(columns, [_row(context, metric) for metric in MODELS])])


def _row(context: Context, metric: str) -> list[str]:
    model = MODELS[metric]
    return [*_named(context, metric), f"{measured(metric).value:.3f}", str(model.labels), f"{model.prevalence:.0%}"]


def _named(context: Context, metric: str) -> list[str]:
    return [context.step.names["names"].split()[list(MODELS).index(metric)], metric]


def _judge_rank(context: Context, answer: list[str]) -> Outcome:
    names = context.step.names
    by_worth = sorted(MODELS, key=worth, reverse=True)
    by_size = sorted(MODELS, key=lambda metric: measured(metric).value, reverse=True)
    accuracy = measured("label_accuracy")
    figures: dict[str, Any] = {
        "best": by_worth[0],
        "worst": by_worth[-1],
        "highest": by_size[0],
        "highest_worth": max(0.0, worth(by_size[0])),
        "labels": MODELS["label_accuracy"].labels,
        "prevalence": MODELS["label_accuracy"].prevalence,
        "nothing": accuracy.nothing,
        "value": accuracy.value,
    }
    rows = [
        [
            *_named(context, metric),
            *(f"{value:.3f}" for value in (measured(metric).value, trivial(measured(metric)))),
            f"{worth(metric):.0%}",
        ]
        for metric in by_worth
    ]
    columns = [names[name] for name in ("model", "figure", "value", "trivial", "worth")]
    key = _rank_key(answer, by_worth, by_size)
    right = key == "right"
    shown = [table(columns, rows)]
    return Outcome(key, right, "" if right else key, figures=figures, blocks=shown)


def _rank_key(answer: Sequence[str], by_worth: Sequence[str], by_size: Sequence[str]) -> str:
    """Right is the best first, and the two that are no better than trivial at the end."""
    if answer[0] == by_worth[0] and set(answer[-2:]) == set(by_worth[-2:]):
        return "right"
    if list(answer) == list(by_size) or list(answer[:3]) == list(by_size[:3]):
        return "by_size"
    return "accuracy_first" if answer[0] == "label_accuracy" else "worst_not_seen"


def _show_nothing(_context: Context) -> Shown:
    model = MODELS["label_accuracy"]
    return Shown(figures={"labels": model.labels, "prevalence": model.prevalence})


def _judge_nothing(_context: Context, answer: float) -> Outcome:
    model = MODELS["label_accuracy"]
    found = evaluate(model.scores(), metrics=("label_accuracy", "macro_f1", "mAP"), intervals=None).metrics
    nothing = found["label_accuracy"].nothing
    assert nothing is not None
    figures = {
        "nothing": nothing,
        "nothing_f1": found["macro_f1"].nothing,
        "nothing_map": found["mAP"].nothing,
        "rows": ROWS,
        "given": f"{answer:g}",
    }
    if abs(answer - nothing) <= NEAR:
        return Outcome("right", True, figures=figures)
    mistakes = {0.5: "half", 0.0: "zero", model.prevalence: "prevalence"}
    key = next((mistake for value, mistake in mistakes.items() if abs(answer - value) <= NEAR), "wrong")
    return Outcome(key, False, "" if key == "wrong" else key, done=False, figures=figures)


def _judge_keras(_context: Context, answer: str) -> Outcome:
    truth = true_tags("validation")
    jitter = np.random.default_rng(0).random(truth.shape) * JITTER
    found = evaluate(
        Scores.of(truth, np.abs(truth - jitter)), metrics=("argmax_accuracy", "label_accuracy"), intervals=None
    )
    right = answer == "low"
    figures = {"ordinary": found["argmax_accuracy"], "label_accuracy": found["label_accuracy"]}
    return Outcome(answer, right, "" if right else answer, done=right, figures=figures)


LABS: Mapping[str, Lab] = {
    "rank": Lab(_judge_rank, _show_rank),
    "nothing": Lab(_judge_nothing, _show_nothing),
    "keras": Lab(_judge_keras),
}
