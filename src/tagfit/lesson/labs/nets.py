"""Nets: trainings on the course's Problem, each kept while the process lives, and their figures."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagfit.data.problem import Problem
from tagfit.evaluation.choose import choose_thresholds
from tagfit.evaluation.evaluate import evaluate
from tagfit.evaluation.evaluation import Evaluation
from tagfit.history import Epoch, History
from tagfit.lesson.content import message
from tagfit.lesson.labs.painted import problem as lesson_problem
from tagfit.lesson.steps import OnEpoch
from tagfit.recipe import NAMED, Recipe
from tagfit.scores import Scores
from tagfit.training.torch_import import torch_for

PLAIN = NAMED["plain-dense"]
CURED = NAMED["regularised-dense"]
# The seed of the learner's trainings. Its plain net misses the goal, and its cured one meets it, as with others.
SEED = 0
# A training that takes longer is stopped: a step answers within ten seconds.
MOST_SECONDS = 8.0
SPLITS = ("train", "validation")
# Nets as small as these gain nothing from a second thread, and lose much where another process wants the core.
THREADS = 1


@dataclass(frozen=True, eq=False)
class Trained:
    """One trained net.

    Attributes:
        recipe, seed: what it was trained with.
        history: one record per epoch.
        kept_epoch: the epoch whose weights were kept.
        scores: by split, of the kept weights.
        stopped: whether it was stopped because of MOST_SECONDS.
    """

    recipe: Recipe
    seed: int
    history: History
    kept_epoch: int
    scores: dict[str, Scores]
    stopped: bool = False

    @functools.cached_property
    def evaluations(self) -> dict[str, Evaluation]:
        """Of each split, without intervals."""
        return {name: evaluate(scores, intervals=None) for name, scores in self.scores.items()}

    def value(self, split: str, metric: str = "label_accuracy") -> float:
        """One metric of one split."""
        return self.evaluations[split][metric]


def train(
    recipe: Recipe,
    *,
    seed: int = SEED,
    problem: Problem | None = None,
    splits: tuple[str, ...] = SPLITS,
    seconds: float | None = MOST_SECONDS,
    on_epoch: OnEpoch | None = None,
) -> Trained:
    """Train a recipe, by default on the course's Problem.

    Args:
        recipe, seed: of the training.
        problem: another Problem.
        splits: to score.
        seconds: after which it is stopped; None for no limit.
        on_epoch: called after each epoch.

    Raises:
        MissingExtraError: without torch.
    """
    with torch_for(message("needs_torch")):
        from tagfit.training import memory
    problem = lesson_problem() if problem is None else problem
    begun, stopped = time.monotonic(), False

    def watched(epoch: Epoch) -> bool:
        nonlocal stopped
        if on_epoch is not None:
            on_epoch(epoch, recipe.epochs)
        stopped = seconds is not None and time.monotonic() - begun > seconds and epoch.epoch < recipe.epochs
        return stopped

    fitted = memory.fit(problem, recipe, seed=seed, threads=THREADS, on_epoch=watched, scored=splits)
    scores = {}
    for name in splits:
        part = problem.part(name)
        scores[name] = Scores.of(
            part.truth, fitted.scores[name], known=part.known, labels=problem.labels, ids=part.ids, split=name
        )
    return Trained(recipe, seed, fitted.history, fitted.kept_epoch, scores, stopped)


_KEPT: dict[str, Trained] = {}


def plain(on_epoch: OnEpoch | None = None) -> Trained:
    """The net to cure, trained to the end however long that takes; ``on_epoch`` sees it where it trains."""
    if "plain" not in _KEPT:
        _KEPT["plain"] = train(PLAIN, splits=(*SPLITS, "test"), seconds=None, on_epoch=on_epoch)
    return _KEPT["plain"]


@functools.cache
def cured() -> Trained:
    """The net of the solution, with scores of test as well, for steps that compare cuts."""
    return train(CURED, splits=(*SPLITS, "test"), seconds=None)


def losses(history: History, split: str) -> tuple[float, ...]:
    """The loss of a split after each epoch; NaN where it was not measured."""
    values = (epoch.train_loss if split == "train" else epoch.validation_loss for epoch in history)
    return tuple(float("nan") if value is None else value for value in values)


def accuracies(history: History, split: str) -> tuple[float, ...]:
    """The label accuracy of a split after each epoch; NaN where it was not measured."""
    values = (epoch.train_label_accuracy if split == "train" else epoch.validation_label_accuracy for epoch in history)
    return tuple(float("nan") if value is None else value for value in values)


@functools.cache
def cuts_on_train() -> NDArray[np.float64]:
    """The cuts with the best F1 on the train rows of the net to cure, (L,)."""
    return choose_thresholds(plain().scores["train"], "best-f1", resamples=0).values
