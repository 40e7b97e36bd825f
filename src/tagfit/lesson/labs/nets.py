"""Nets: trainings on the course's Problem, kept for later steps and later processes, and their figures."""

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
from tagfit.lesson.labs import kept, painted
from tagfit.lesson.steps import OnEpoch
from tagfit.recipe import NAMED, Recipe
from tagfit.scores import Scores
from tagfit.training.torch_import import torch_for

PLAIN = NAMED["plain-dense"]
CURED = NAMED["regularised-dense"]
# The net to cure: just large enough to memorise the Problem of the experiment, and trained until it has.
START = Recipe(widths=(64,), learning_rate=6e-3, schedule="cosine", epochs=150, batch_size=64)
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


# What this process has trained or read, by name, and the names of what it trained before the learner's eyes.
_KNOWN: dict[str, Trained] = {}
_SEEN: set[str] = set()


def known(
    recipe: Recipe, *, problem: Problem | None = None, on_epoch: OnEpoch | None = None, seed: int = SEED
) -> Trained:
    """A net that several steps need, with scores of all splits, trained to the end however long that takes.

    It is trained once: after that it comes from the memory of this process or from the cache folder. With
    ``on_epoch`` the learner watches, so that it is trained here unless this process has shown it already.
    """
    problem = painted.problem() if problem is None else problem
    name = kept.name_of(problem, recipe, seed, THREADS)
    if on_epoch is not None and name not in _SEEN:
        _KNOWN.pop(name, None)
        _SEEN.add(name)
    elif name not in _KNOWN and (found := kept.load(name)) is not None:
        _KNOWN[name] = _trained(problem, recipe, seed, found)
    if name not in _KNOWN:
        present = tuple(problem.splits)
        _KNOWN[name] = train(recipe, seed=seed, problem=problem, splits=present, seconds=None, on_epoch=on_epoch)
        scores = {split: one.scores for split, one in _KNOWN[name].scores.items()}
        kept.save(name, kept.Kept(_KNOWN[name].history, _KNOWN[name].kept_epoch, scores))
    return _KNOWN[name]


def train(
    recipe: Recipe,
    *,
    seed: int = SEED,
    problem: Problem | None = None,
    splits: tuple[str, ...] = SPLITS,
    seconds: float | None = MOST_SECONDS,
    on_epoch: OnEpoch | None = None,
) -> Trained:
    """Train a recipe, by default on the Problem of most stations.

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
    problem = painted.problem() if problem is None else problem
    begun, stopped = time.monotonic(), False

    def watched(epoch: Epoch) -> bool:
        nonlocal stopped
        if on_epoch is not None:
            on_epoch(epoch, recipe.epochs)
        stopped = seconds is not None and time.monotonic() - begun > seconds and epoch.epoch < recipe.epochs
        return stopped

    fitted = memory.fit(problem, recipe, seed=seed, threads=THREADS, on_epoch=watched, scored=splits)
    found = kept.Kept(fitted.history, fitted.kept_epoch, fitted.scores)
    return _trained(problem, recipe, seed, found, stopped=stopped)


def _trained(problem: Problem, recipe: Recipe, seed: int, found: kept.Kept, *, stopped: bool = False) -> Trained:
    """A training with the truth that its scores belong to."""
    scores = {}
    for name, values in found.scores.items():
        part = problem.part(name)
        scores[name] = Scores.of(part.truth, values, known=part.known, labels=problem.labels, ids=part.ids, split=name)
    return Trained(recipe, seed, found.history, found.kept_epoch, scores, stopped)


def plain(on_epoch: OnEpoch | None = None) -> Trained:
    """A net that memorised; ``on_epoch`` as for ``known``."""
    return known(PLAIN, on_epoch=on_epoch)


def start(on_epoch: OnEpoch | None = None) -> Trained:
    """The net to cure, on the Problem of the experiment; ``on_epoch`` as for ``known``."""
    return known(START, problem=painted.experiment(), on_epoch=on_epoch)


def cured() -> Trained:
    """A net that did not."""
    return known(CURED)


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
