"""A recipe as PyTorch code: the weights of a run load into it, and it trains to the same weights."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import features, pictures

from tagfit.data.problem import Problem
from tagfit.evaluation.point_metrics import point_metrics
from tagfit.recipe import Recipe, assign, find
from tagfit.training.fit import fit
from tagfit.training.loop import Training
from tagfit.training.machine import Machine
from tagfit.training.optimise import learning_rate
from tagfit.translate.as_torch import as_torch
from tagfit.translate.code import Setting

BASE = assign(find("regularised-dense"), ["widths=[8,6]", "epochs=3"])
CONV = assign(find("regularised-conv"), ["widths=[4,6]", "epochs=2", "batch_size=16"])


def script(recipe: Recipe, problem: Problem | None = None) -> dict[str, Any]:
    """The names that the printed code defines."""
    code = as_torch(recipe, "net", None if problem is None else Setting.of(problem.to_dict()))
    names: dict[str, Any] = {"__name__": "pasted"}
    exec(compile(code, "<pasted>", "exec"), names)
    return names


def rows_of(problem: Problem, split: str) -> tuple[np.ndarray, np.ndarray]:
    part = problem.part(split)
    return np.asarray(problem.inputs[part.rows]), np.where(part.known, part.truth.astype(int), -1)


@pytest.mark.parametrize(
    ("recipe", "problem"),
    [
        (BASE, features()),
        (BASE.changed(activation="gelu", norm="none", dropout=[0]), pictures(size=4)),
        (BASE.changed(widths=[], dropout=[0]), features()),
        (CONV, pictures()),
        (CONV.changed(norm="none", dropout=[0], depth=2, activation="silu"), pictures(size=9)),
    ],
)
def test_the_weights_of_a_run_load_and_give_its_probabilities(recipe: Recipe, problem: Problem, tmp_path: Path) -> None:
    run = fit(problem, recipe, out=tmp_path / "run", threads=1)
    pasted = script(recipe, problem)
    net = pasted["build"]()
    net.load_state_dict(safetensors.torch.load_file(run.weights))
    inputs, _ = rows_of(problem, "validation")
    np.testing.assert_allclose(
        pasted["predict"](net, pasted["prepare"](inputs)), run.scores("validation").scores, atol=1e-6
    )


KNOWN = np.random.default_rng(5).random((160, 3)) < 0.8


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, features()),
        ({"optimiser": "adamw", "weight_decay": 0.3, "schedule": "cosine", "warmup": 0.2}, features()),
        ({"weight_decay": 0.05, "gradient_clip": 0.1, "label_smoothing": 0.2}, features(known=KNOWN)),
        ({"optimiser": "sgd", "learning_rate": 0.05, "weight_decay": 0.01, "schedule": "one-cycle"}, features()),
        ({"positive_weights": "balanced", "monitor": "macro_f1", "ema": 0.9}, features(known=KNOWN)),
        ({"loss": "focal", "focal_alpha": 0.25, "monitor": "mAP", "norm": "none"}, features()),
        ({"loss": "focal", "label_smoothing": 0.1, "positive_weights": "balanced"}, features()),
        ({"loss": "asymmetric", "positive_weights": "balanced", "monitor": "label_accuracy"}, features(known=KNOWN)),
        ({"loss": "asymmetric", "asymmetric_clip": 0, "epochs": 12, "patience": 1, "learning_rate": 0.1}, features()),
        # 96 rows are 5 * 19 + 1; torch's own layers train this one, dropout and all.
        ({"restore_best": False, "patience": 0, "activation": "tanh", "batch_size": 19, "dropout": (0.4,)}, features()),
    ],
)
def test_the_same_seed_trains_to_the_same_weights(changes: dict[str, Any], problem: Problem) -> None:
    assert_trains_alike(BASE.changed(**{"dropout": (0.0,), **changes}), problem)


def test_the_masks_of_a_small_dense_net_are_drawn_otherwise_and_that_is_said() -> None:
    assert "masks" in as_torch(BASE, "net")
    assert "masks" not in as_torch(BASE.changed(dropout=(0.0,)), "net")
    assert "masks" not in as_torch(BASE.changed(activation="tanh"), "net")


@pytest.mark.parametrize("changes", [{"augment": True}, {"norm": "none", "ema": 0, "monitor": "mAP"}])
def test_a_conv_net_trains_to_the_same_weights(changes: dict[str, Any]) -> None:
    assert_trains_alike(CONV.changed(**changes), pictures())


def assert_trains_alike(recipe: Recipe, problem: Problem) -> None:
    machine = Machine("cpu", 1, "float32")
    with machine.in_use():
        training = Training(problem, recipe, 3, machine)
        while not training.over:
            training.run_epoch()
        expected = training.final_weights()
        pasted = script(recipe, problem)
        data = []
        for split in ("train", "validation"):
            inputs, truth = rows_of(problem, split)
            data += [pasted["prepare"](inputs), truth]
        watched = recipe.patience or recipe.restore_best
        net = pasted["train"](*data[: 4 if watched else 2], seed=3)
    assert expected.keys() == net.state_dict().keys()
    for name, value in net.state_dict().items():
        if value.is_floating_point():  # batch norm's count of batches is read by nobody
            torch.testing.assert_close(value, expected[name], atol=2e-5, rtol=2e-4)


@settings(deadline=None, max_examples=30)
@given(
    schedule=st.sampled_from(["constant", "cosine", "one-cycle"]),
    warmup=st.sampled_from([0.0, 0.1, 0.5]),
    steps=st.integers(1, 300),
)
def test_the_learning_rate_is_tagfit_s_at_every_step(schedule: str, warmup: float, steps: int) -> None:
    recipe = Recipe(schedule=schedule, warmup=0.0 if schedule == "one-cycle" else warmup)
    pasted = script(recipe)
    if recipe.schedule == "constant" and not recipe.warmup:
        assert "learning_rate" not in pasted
        return
    for step in range(steps):
        assert pasted["learning_rate"](step, steps) == pytest.approx(learning_rate(recipe, step, steps), rel=1e-12)


def test_the_script_runs_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(as_torch(CONV, "net"), encoding="utf-8")
    names = runpy.run_path(str(tmp_path / "net.py"))
    assert names["build"]((3, 8, 8), 5)(torch.zeros(2, 3, 8, 8)).shape == (2, 5)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), monitor=st.sampled_from(["loss", "label_accuracy", "macro_f1", "mAP"]))
def test_the_watched_metric_is_tagfit_s(seed: int, monitor: str) -> None:
    random = np.random.default_rng(seed)
    truth = (random.random((20, 4)) < [0.0, 0.1, 0.4, 0.9]).astype(np.uint8)
    truth[0, 1:] = 1
    known = random.random(truth.shape) < 0.8
    known[0] = True
    scores = random.random(truth.shape).round(1).astype(np.float32)  # with ties
    pasted = script(Recipe(monitor=monitor, patience=1))
    value = pasted["validation_metric"](np.where(known, truth.astype(int), -1), scores)
    expected = point_metrics(
        np.where(known, truth, 0).astype(np.uint8), scores, known=known, weights=None, metrics=(monitor,)
    )[monitor]
    assert value == pytest.approx(expected, abs=1e-6)
