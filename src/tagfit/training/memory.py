"""Training in memory: trains a Recipe on a Problem into NumPy weights and a History, without a run folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagfit.arguments import checked
from tagfit.data.problem import Preprocessing, Problem
from tagfit.history import Epoch, History
from tagfit.recipe import Recipe
from tagfit.training.loop import Training
from tagfit.training.machine import choose
from tagfit.training.own_net import NetFactory
from tagfit.training.score import probabilities
from tagfit.training.scorer import Scorer, Weights


@dataclass(frozen=True, eq=False)
class Fitted:
    """The result of a training.

    Attributes:
        weights: the net's named weights: of the best epoch if the recipe restores it, else of the last.
        history: one record per epoch.
        kept_epoch: the epoch that the weights are of.
        scores: float32 probabilities (n, L) of the requested splits.
    """

    weights: dict[str, NDArray[Any]]
    history: History
    kept_epoch: int
    scores: dict[str, NDArray[np.float32]] = field(default_factory=dict)


@checked()
def fit(
    problem: Problem,
    recipe: Recipe,
    *,
    seed: int = 0,
    device: str | None = None,
    threads: int | None = None,
    net: NetFactory | None = None,
    on_epoch: Callable[[Epoch], bool | None] | None = None,
    scored: Sequence[str] = (),
) -> Fitted:
    """Train ``recipe`` on the train split of ``problem``, watched on its validation split if it has one.

    The weights are those that ``tagfit.training.fit.fit`` writes for the same problem, recipe, seed and machine.

    Args:
        problem, recipe, seed, device, threads, net: as there.
        on_epoch: called after each epoch; it ends the training by returning True.
        scored: splits to score.

    Raises:
        InputError: a recipe that does not suit the data, a device that this machine lacks, a training that diverged.
    """
    machine = choose(recipe, device, threads)
    with machine.in_use():
        training = Training(problem, recipe, seed, machine, net)
        history: list[Epoch] = []
        while not training.over:
            history.append(training.run_epoch())
            if on_epoch is not None and on_epoch(history[-1]):
                break
        final = training.final_weights()
        weights = {name: tensor.cpu().contiguous().numpy().copy() for name, tensor in final.items()}
        trained = training.scored_net
        trained.load_state_dict(final)
        scores = {name: probabilities(trained, training.batches_of(name)) for name in scored}
    return Fitted(weights, tuple(history), training.kept_epoch, scores)


@checked()
def score(
    recipe: Recipe,
    weights: Weights,
    preprocessing: Preprocessing,
    inputs: NDArray[Any],
    labels: int,
    *,
    rows: NDArray[np.int64] | None = None,
    digests: NDArray[np.str_] | None = None,
    cache_dir: Path | None = None,
    device: str | None = None,
    threads: int | None = None,
    net: NetFactory | None = None,
) -> NDArray[np.float32]:
    """Probabilities of shape (n, ``labels``) of the net with these weights.

    Args:
        recipe, weights, preprocessing: of the training.
        inputs: (N, H, W, 3) uint8 pixels or (N, D) float32 features, not yet shifted and scaled.
        labels: how many the net has.
        rows: (n,) which of the inputs; None for all.
        digests: (N,) of the contents, under which the features of a backbone are kept; None keeps nothing.
        cache_dir: where they are kept, as in ``features``.
        device, threads, net: as for ``tagfit.training.fit.fit``.

    Raises:
        InputError: weights of another net, a device that this machine lacks.
    """
    scorer = Scorer(recipe, weights, preprocessing, labels, device=device, threads=threads, net=net)
    return scorer(inputs, rows, digests=digests, cache_dir=cache_dir)
