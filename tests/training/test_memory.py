"""Training in memory gives the weights, the history and the scores of the run folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from tagfit.data.problem import Problem
from tagfit.data.splits.split import split
from tagfit.data.tagged import TaggedSet
from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.training import fit, memory
from tagfit.training.checkpoint import load_tensors

RECIPE = Recipe(widths=(8,), norm="batch", dropout=(0.2,), epochs=6, learning_rate=0.02, restore_best=True, ema=0.9)


@pytest.fixture
def problem() -> Problem:
    X = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
    truth = (X[:, :2] > 0).astype(np.uint8)
    data = TaggedSet(np.arange(80).astype(np.str_), truth, np.ones_like(truth, dtype=bool), ("a", "b"), arrays=X)
    return split(data, validation_share=0.25, test_share=0.0)


def test_it_is_the_training_of_the_run_folder(problem: Problem, tmp_path: Path) -> None:
    run = fit.fit(problem, RECIPE, seed=3, out=tmp_path / "run", device="cpu", threads=1)
    fitted = memory.fit(problem, RECIPE, seed=3, device="cpu", threads=1)
    stored, _ = load_tensors(run.weights)
    assert stored.keys() == fitted.weights.keys()
    for name, value in stored.items():
        assert np.array_equal(value.numpy(), fitted.weights[name]), name

    def without_time(history: tuple[object, ...]) -> list[dict[str, object]]:
        return [{**asdict(epoch), "seconds": 0} for epoch in history]  # type: ignore[call-overload]

    assert without_time(run.history) == without_time(fitted.history)
    assert fitted.kept_epoch == run.info["kept_epoch"]
    inputs = problem.inputs[problem.part("validation").rows]
    scores = memory.score(RECIPE, fitted.weights, problem.preprocessing, inputs, 2, device="cpu", threads=1)
    assert np.array_equal(scores, run.scores("validation").scores)


def test_it_leaves_the_callers_random_numbers_and_threads_alone(problem: Problem) -> None:
    import torch

    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    threads = torch.get_num_threads()
    fitted = memory.fit(problem, RECIPE, device="cpu", threads=2)
    memory.score(RECIPE, fitted.weights, problem.preprocessing, problem.inputs, 2, device="cpu", threads=2)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


def test_the_weights_of_another_net_are_refused(problem: Problem) -> None:
    fitted = memory.fit(problem, RECIPE.changed(epochs=1), device="cpu", threads=1)
    with pytest.raises(InputError, match="the weights of another net"):
        memory.score(
            RECIPE.changed(widths=(9,)), fitted.weights, problem.preprocessing, problem.inputs, 2, device="cpu"
        )
