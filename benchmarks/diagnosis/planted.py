"""Planted faults: healthy problems of several sizes, and each fault at three strengths put into one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Rows of train, rows of validation, labels.
SIZES = ((400, 150, 3), (1000, 300, 6), (2500, 600, 10), (5000, 1200, 20))
FEATURES, FACTORS, EPOCHS = 12, 8, 40
# Labels of a healthy problem neither imply nor exclude each other: no two point (nearly) the same or the other way.
MOST_ALIKE = 0.85
STRENGTHS = ("weak", "middle", "strong")


@dataclass
class Part:
    """One split: inputs, logits of the true probabilities, truth and what the model says."""

    inputs: Array
    logits: Array
    truth: Array
    scores: Array
    groups: Array

    def __len__(self) -> int:
        return len(self.truth)

    def given(self) -> dict[str, Array]:
        return {"truth": self.truth, "scores": self.scores, "groups": self.groups, "inputs": self.inputs}

    def take(self, rows: Array) -> None:
        for name in ("inputs", "logits", "truth", "scores", "groups"):
            setattr(self, name, getattr(self, name)[rows])


@dataclass
class Case:
    """What is handed to ``diagnose``."""

    train: Part
    validation: Part
    history: dict[str, list[float]] = field(default_factory=dict)
    goal: str | None = None
    metrics: tuple[str, ...] = ("label_accuracy", "macro_f1")

    def arguments(self) -> dict[str, Any]:
        return {
            "train": self.train.given(),
            "validation": self.validation.given(),
            "history": self.history,
            "goal": self.goal,
            "metrics": self.metrics,
        }


def sigmoid(values: Array) -> Array:
    return 1 / (1 + np.exp(-values))


def log_loss(part: Part) -> float:
    given = np.clip(np.where(part.truth == 1, part.scores, 1 - part.scores), 1e-7, 1)
    return float(-np.log(given).mean())


def accuracy(part: Part) -> float:
    return float(((part.scores > 0.5) == part.truth).mean())


def healthy(rng: np.random.Generator, size: tuple[int, int, int]) -> Case:
    """A model that has learnt what there is: nearly calibrated, a little better on train; clean tags."""
    n_train, n_validation, width = size
    while True:
        loads = rng.normal(size=(FACTORS, width))
        loads /= np.linalg.norm(loads, axis=0)
        if np.abs(np.triu(loads.T @ loads, 1)).max() < MOST_ALIKE:
            break
    loads *= rng.uniform(3, 8, width)  # how hard each label is
    prevalence = rng.uniform(0.1, 0.55, width)
    mixing = rng.normal(size=(FACTORS, FEATURES))
    bias = np.quantile(-rng.normal(size=(4000, FACTORS)) @ loads, prevalence, axis=0).diagonal()
    temperature = rng.uniform(0.85, 1.2)
    parts = []
    for rows, edge in ((n_train, rng.uniform(0, 0.8)), (n_validation, 0.0)):
        factors = rng.normal(size=(rows, FACTORS))
        logits = factors @ loads + bias
        truth = (rng.random(logits.shape) < sigmoid(logits)).astype(np.uint8)
        said = logits + rng.normal(scale=0.3, size=logits.shape) + edge * (2.0 * truth - 1)
        inputs = (factors @ mixing + rng.normal(size=(rows, FEATURES))).astype(np.float32)
        groups = np.array([f"{len(parts)}-{row // 2}" for row in range(rows)])
        parts.append(Part(inputs, logits, truth, sigmoid(said / temperature).astype(np.float32), groups))
    case = Case(*parts)
    case.history = healthy_history(case, rng)
    share = case.validation.truth.mean(axis=0)
    trivial = float(np.maximum(share, 1 - share).mean())
    case.goal = f"validation.label_accuracy>={(trivial + accuracy(case.validation)) / 2:.4f}"
    return case


def healthy_history(case: Case, rng: np.random.Generator) -> dict[str, list[float]]:
    """Both curves fall and settle at the losses of the scores; half of the histories have a running loss only."""
    at = np.arange(EPOCHS)
    jitter = rng.uniform(0.003, 0.04)
    fall = np.exp(-at / rng.uniform(3, 6))
    curves = {}
    for name, part in (("train", case.train), ("validation", case.validation)):
        end = log_loss(part)
        curve = end + (0.69 - end) * (fall - fall[-1])
        curves[name] = curve * (1 + jitter * rng.normal(size=EPOCHS))
        curves[name][-1] = end
    history = {"val_loss": curves["validation"].tolist(), "val_binary_accuracy": [0.5] * EPOCHS}
    name = "loss" if rng.random() < 0.5 else "train_loss"
    history[name] = (curves["train"] * (1 + 0.03 * rng.random())).tolist()
    return history


Generator = Callable[[np.random.Generator, tuple[int, int, int]], Case]
Planter = Callable[[Case, int, np.random.Generator], None]
PLANTERS: dict[str, Planter] = {}


def plants(code: str) -> Callable[[Planter], Planter]:
    def register(planter: Planter) -> Planter:
        PLANTERS[code] = planter
        return planter

    return register


def planted(
    code: str, strength: int, rng: np.random.Generator, size: tuple[int, int, int], generator: Generator = healthy
) -> Case:
    """A healthy case with one fault in it."""
    case = generator(rng, size)
    PLANTERS[code](case, strength, rng)
    return case


@plants("overfitting")
def overfitting(case: Case, strength: int, rng: np.random.Generator) -> None:
    """Train is learnt by heart and validation suffers, by a gap of 0.08, 0.12, 0.2."""
    gap = (0.08, 0.12, 0.2)[strength]
    train, validation = case.train, case.validation
    kept = 0.02
    wrong = (train.scores > 0.5) != train.truth
    mend = wrong & (rng.random(wrong.shape) > kept / max(wrong.mean(), kept))
    train.scores = np.where(mend, 1 - train.scores, train.scores)
    error = 1 - accuracy(validation)
    goal = gap + 1 - accuracy(train)
    share = max(0.0, (goal - error) / (1 - 2 * error))
    turned = rng.random(validation.scores.shape) < share
    validation.scores = np.where(turned, 1 - validation.scores, validation.scores)


@plants("memorising")
def memorising(case: Case, strength: int, rng: np.random.Generator) -> None:
    """From a third on the validation loss rises by 15, 30, 60 %, to that of the scores, while the train loss falls."""
    rise = (0.15, 0.3, 0.6)[strength]
    at = np.arange(EPOCHS)
    turn = np.clip((at - EPOCHS // 3) / (EPOCHS - EPOCHS // 3), 0, None)
    case.history["val_loss"] = (np.array(case.history["val_loss"]) * (1 + rise * turn) / (1 + rise)).tolist()
    name = "loss" if "loss" in case.history else "train_loss"
    case.history[name] = (np.array(case.history[name]) * (1 - 0.7 * turn)).tolist()


@plants("underfitting")
def underfitting(case: Case, strength: int, rng: np.random.Generator) -> None:
    """Scores that hardly follow the truth."""
    signal = (0.45, 0.3, 0.1)[strength]
    for part in (case.train, case.validation):
        standard = (part.logits - part.logits.mean(0)) / part.logits.std(0)
        noise = rng.normal(size=standard.shape)
        share = part.truth.mean(axis=0)
        said = signal * standard + np.sqrt(1 - signal**2) * noise
        part.scores = sigmoid(signal * said + np.log(share / (1 - share))).astype(np.float32)


@plants("stopped-too-early")
def stopped_too_early(case: Case, strength: int, rng: np.random.Generator) -> None:
    """The validation loss falls to the end, by 1.5, 3, 6 % an epoch."""
    rate = (0.015, 0.03, 0.06)[strength]
    epochs = int(rng.integers(8, 30))
    curve = 0.7 * (1 - rate) ** np.arange(epochs) * (1 + 0.005 * rng.normal(size=epochs))
    case.history = {"loss": (curve * 0.98).tolist(), "val_loss": curve.tolist()}


@plants("figure-of-another-epoch")
def figure_of_another_epoch(case: Case, strength: int, rng: np.random.Generator) -> None:
    """The best epoch's loss lies 10, 20, 35 % below that of the last, whose weights the scores are."""
    at = int(rng.integers(EPOCHS // 3, EPOCHS - 5))
    case.history["val_loss"][at] = log_loss(case.validation) * (1 - (0.1, 0.2, 0.35)[strength])


@plants("unstable-curve")
def unstable_curve(case: Case, strength: int, rng: np.random.Generator) -> None:
    jitter = (0.25, 0.4, 0.7)[strength]
    curve = np.array(case.history["val_loss"])
    case.history["val_loss"] = (curve * np.exp(jitter * rng.normal(size=EPOCHS))).tolist()


@plants("validation-too-small")
def validation_too_small(case: Case, strength: int, rng: np.random.Generator) -> None:
    """So few rows that the interval is 1.3, 1.8, 3 times too long."""
    part = case.validation
    rows = ((part.scores > 0.5) == part.truth).mean(axis=1)
    needed = (1.96 * rows.std() / (0.05 * (1.3, 1.8, 3.0)[strength])) ** 2
    part.take(rng.permutation(len(part))[: max(2, int(needed))])
    case.goal = None
    part.groups = np.array([f"v{row}" for row in range(len(part))])


@plants("train-figure-with-dropout")
def train_figure_with_dropout(case: Case, strength: int, rng: np.random.Generator) -> None:
    """Only a running loss, 1.3, 1.6, 2.5 times the loss of the weights."""
    case.history.pop("train_loss", None)
    case.history["loss"] = (np.array([log_loss(case.train)] * EPOCHS) * (1.3, 1.6, 2.5)[strength]).tolist()


@plants("softmax-head")
def softmax_head(case: Case, strength: int, rng: np.random.Generator) -> None:
    """Rows sum to one: written with two decimals, as float16, as float32."""
    for part in (case.train, case.validation):
        powers = np.exp(part.logits - part.logits.max(axis=1, keepdims=True))
        scores = powers / powers.sum(axis=1, keepdims=True)
        part.scores = (np.round(scores, 2), scores.astype(np.float16), scores.astype(np.float32))[strength]


@plants("logits-as-scores")
def logits_as_scores(case: Case, strength: int, rng: np.random.Generator) -> None:
    for part in (case.train, case.validation):
        part.scores = (part.logits * (0.1, 0.5, 1.0)[strength]).astype(np.float32)


@plants("constant-outputs")
def constant_outputs(case: Case, strength: int, rng: np.random.Generator) -> None:
    for part in (case.train, case.validation):
        part.scores[:, 0] = 0.4 + (0.015, 0.002, 0.0)[strength] * rng.random(len(part))


@plants("one-label-per-picture")
def one_label_per_picture(case: Case, strength: int, rng: np.random.Generator) -> None:
    """An argmax, with 0.8 % of the rows without any, or none."""
    for part in (case.train, case.validation):
        hot = np.eye(part.scores.shape[1])[part.scores.argmax(axis=1)]
        spared = rng.random(len(part)) < (0.008, 0.002, 0.0)[strength]
        part.scores = np.where(spared[:, None], 0.4, 0.1 + 0.8 * hot)


@plants("label-never-predicted")
def label_never_predicted(case: Case, strength: int, rng: np.random.Generator) -> None:
    for part in (case.train, case.validation):
        part.scores[:, 0] *= (0.499, 0.3, 0.05)[strength]


@plants("label-always-predicted")
def label_always_predicted(case: Case, strength: int, rng: np.random.Generator) -> None:
    for part in (case.train, case.validation):
        part.scores[:, 0] = 1 - (0.499, 0.3, 0.05)[strength] * (1 - part.scores[:, 0])


@plants("threshold-costs-f1")
def threshold_costs_f1(case: Case, strength: int, rng: np.random.Generator) -> None:
    """All logits too low by 2, 4, 7."""
    for part in (case.train, case.validation):
        part.scores = sigmoid(part.logits - (2, 4, 7)[strength])


@plants("miscalibration")
def miscalibration(case: Case, strength: int, rng: np.random.Generator) -> None:
    """Scores squeezed or sharpened: logits of a harder problem times 2, 4, or 0.3 of them."""
    for part in (case.train, case.validation):
        noisy = part.logits + rng.normal(scale=(2.0, 3.0, 4.0)[strength], size=part.logits.shape)
        part.scores = sigmoid(noisy * (1.5, 2.0, 3.0)[strength])


@plants("label-without-positives")
def label_without_positives(case: Case, strength: int, rng: np.random.Generator) -> None:
    for part in ((case.validation,), (case.train,), (case.train, case.validation))[strength]:
        part.truth[:, 0] = 0


@plants("rare-labels")
def rare_labels(case: Case, strength: int, rng: np.random.Generator) -> None:
    """A label on 5, 4, 3 % of the pictures that is found in 30, 10, 0 % of them."""
    share, found = (0.05, 0.04, 0.03)[strength], (0.3, 0.1, 0.0)[strength]
    for part in (case.train, case.validation):
        on = np.zeros(len(part), dtype=bool)
        on[rng.permutation(len(part))[: max(4, int(share * len(part)))]] = True
        part.truth[:, 0] = on
        part.scores[:, 0] = np.where(on & (rng.random(len(part)) < found), 0.8, 0.1 * rng.random(len(part)))


@plants("suspect-tags")
def suspect_tags(case: Case, strength: int, rng: np.random.Generator) -> None:
    """6, 12, 20 % of all tags turned over; the model is calibrated to them."""
    rate = (0.06, 0.12, 0.2)[strength]
    for part in (case.train, case.validation):
        part.truth = part.truth ^ (rng.random(part.truth.shape) < rate).astype(np.uint8)
        part.scores = (rate + (1 - 2 * rate) * part.scores).astype(np.float32)


@plants("missing-tags")
def missing_tags(case: Case, strength: int, rng: np.random.Generator) -> None:
    """The most frequent label is missing on 25, 40, 60 % of the pictures that have it."""
    rate = (0.25, 0.4, 0.6)[strength]
    label = case.train.truth.sum(axis=0).argmax()
    for part in (case.train, case.validation):
        part.truth[:, label] &= rng.random(len(part)) >= rate
        part.scores[:, label] *= 1 - rate


@plants("copied-labels")
def copied_labels(case: Case, strength: int, rng: np.random.Generator) -> None:
    """One column is another, but for 1, 0.3, 0 % of the rows."""
    for part in (case.train, case.validation):
        off = rng.random(len(part)) < (0.01, 0.003, 0.0)[strength]
        part.truth[:, 1] = np.where(off, 1 - part.truth[:, 0], part.truth[:, 0])
        part.scores[:, 1] = part.scores[:, 0]


@plants("labels-never-together")
def labels_never_together(case: Case, strength: int, rng: np.random.Generator) -> None:
    """Two labels on 20, 30, 40 % of the rows each, never both."""
    share = (0.2, 0.3, 0.4)[strength]
    for part in (case.train, case.validation):
        draw = rng.random(len(part))
        part.truth[:, 0], part.truth[:, 1] = draw < share, draw > 1 - share


@plants("labels-always-together")
def labels_always_together(case: Case, strength: int, rng: np.random.Generator) -> None:
    """One label on 10, 20, 30 % of the rows, all of which have another, that is on twice as many."""
    share = (0.1, 0.2, 0.3)[strength]
    for part in (case.train, case.validation):
        draw = rng.random(len(part))
        part.truth[:, 0], part.truth[:, 1] = draw < share, draw < 2 * share


@plants("near-duplicates-across-splits")
def near_duplicates(case: Case, strength: int, rng: np.random.Generator) -> None:
    """1, 3, 10 % of validation are rows of train."""
    count = max(1, int((0.01, 0.03, 0.1)[strength] * len(case.validation)))
    to, source = (rng.permutation(len(part))[:count] for part in (case.validation, case.train))
    for name in ("inputs", "truth", "scores"):
        getattr(case.validation, name)[to] = getattr(case.train, name)[source]


@plants("group-across-splits")
def group_across(case: Case, strength: int, rng: np.random.Generator) -> None:
    count = max(1, int((0.01, 0.03, 0.1)[strength] * len(case.validation)))
    groups = case.validation.groups.astype(object)
    groups[rng.permutation(len(groups))[:count]] = case.train.groups[rng.permutation(len(case.train))[:count]]
    case.validation.groups = groups.astype(str)


@plants("label-shares-differ")
def label_shares_differ(case: Case, strength: int, rng: np.random.Generator) -> None:
    """A label is on 0.2, 0.3, 0.4 more of validation than of train."""
    part = case.validation
    share = min(0.95, case.train.truth[:, 0].mean() + (0.2, 0.3, 0.4)[strength])
    part.truth[:, 0] = rng.random(len(part)) < share


@plants("splits-told-apart")
def splits_told_apart(case: Case, strength: int, rng: np.random.Generator) -> None:
    """Three features of validation are shifted by 0.6, 1, 2 of their standard deviations."""
    part = case.validation
    part.inputs[:, :3] += (0.6, 1.0, 2.0)[strength] * part.inputs[:, :3].std(axis=0)


@plants("trivial-goal")
def trivial_goal(case: Case, strength: int, rng: np.random.Generator) -> None:
    share = case.validation.truth.mean(axis=0)
    trivial = float(np.maximum(share, 1 - share).mean())
    case.goal = f"validation.label_accuracy>={trivial - (0.005, 0.03, 0.1)[strength]:.4f}"


@plants("argmax-accuracy")
def argmax_accuracy(case: Case, strength: int, rng: np.random.Generator) -> None:
    """Keras' accuracy in the history; in the weak form it is label accuracy's near neighbour."""
    part = case.validation
    figure = float((part.scores.argmax(1) == part.truth.argmax(1)).mean())
    case.history["val_accuracy"] = (figure + (0.005, 0.002, 0.0)[strength] * rng.normal(size=EPOCHS)).tolist()


@plants("exact-match-alone")
def exact_match_alone(case: Case, strength: int, rng: np.random.Generator) -> None:
    case.goal = None
    case.metrics = (("exact_match",), ("exact_match_ratio", "subset_accuracy"), ("subset_accuracy",))[strength]


@plants("macro-over-empty-labels")
def macro_over_empty(case: Case, strength: int, rng: np.random.Generator) -> None:
    count = (1, 2, 3)[strength]
    case.validation.truth[:, :count] = 0


@plants("rows-mismatched")
def rows_mismatched(case: Case, strength: int, rng: np.random.Generator) -> None:
    """The scores of validation are shifted by a batch, reversed, in any order."""
    part = case.validation
    order = (np.roll(np.arange(len(part)), 32), np.arange(len(part))[::-1], rng.permutation(len(part)))[strength]
    part.scores = part.scores[order]


@plants("rows-partly-mismatched")
def rows_partly_mismatched(case: Case, strength: int, rng: np.random.Generator) -> None:
    """A fifth, a third, half of the rows of validation have each other's scores."""
    part = case.validation
    rows = rng.permutation(len(part))[: int(len(part) * (0.2, 1 / 3, 0.5)[strength])]
    part.scores[rows] = part.scores[rng.permutation(rows)]


@plants("labels-permuted")
def labels_permuted(case: Case, strength: int, rng: np.random.Generator) -> None:
    """Two columns of scores swapped, three rotated, all of them rotated."""
    width = case.train.scores.shape[1]
    moved = rng.permutation(width)[: (2, 3, width)[strength]]
    for part in (case.train, case.validation):
        part.scores[:, moved] = part.scores[:, np.roll(moved, 1)]


@plants("scores-inverted")
def scores_inverted(case: Case, strength: int, rng: np.random.Generator) -> None:
    """One label's scores, half of them, all of them turned over."""
    width = case.train.scores.shape[1]
    turned = rng.permutation(width)[: (1, (width + 1) // 2, width)[strength]]
    for part in (case.train, case.validation):
        part.scores[:, turned] = 1 - part.scores[:, turned]


@plants("decisions-as-scores")
def decisions_as_scores(case: Case, strength: int, rng: np.random.Generator) -> None:
    """Scores cut at 0.3, 0.4, 0.5."""
    for part in (case.train, case.validation):
        part.scores = (part.scores > (0.3, 0.4, 0.5)[strength]).astype(np.float32)


@plants("training-diverged")
def training_diverged(case: Case, strength: int, rng: np.random.Generator) -> None:
    """The validation loss is infinite in one epoch; both losses are infinite, or NaN, from an epoch on."""
    at = int(rng.integers(2, EPOCHS))
    name = "loss" if "loss" in case.history else "train_loss"
    if strength == 0:
        case.history["val_loss"][at] = float("inf")
    for curve in (case.history[name], case.history["val_loss"]) if strength else ():
        curve[at:] = [(float("inf"), float("nan"))[strength - 1]] * (EPOCHS - at)
