"""Optimisers, schedules and the running average: each against its published rule."""

from __future__ import annotations

import copy
import itertools
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tagfit.recipe import Recipe
from tagfit.training.optimise import averaged_copy, learning_rate, optimiser, update_average


def small_net() -> nn.Sequential:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    nn.init.ones_(net[0].bias)
    return net


def rates(recipe: Recipe, steps: int) -> list[float]:
    return [learning_rate(recipe, step, steps) for step in range(steps)]


def test_adam_follows_kingma_and_ba_with_the_epsilon_of_keras() -> None:
    net = nn.Linear(3, 1, bias=False)
    start = net.weight.detach().double().numpy().copy()
    adam = optimiser(net, Recipe(learning_rate=0.01))
    m = v = np.zeros_like(start)
    weight = start
    for step in range(1, 6):
        gradient = np.array([[1e-7, -1e-6, 0.5]]) * step  # of the size of epsilon, where it shows
        assert net.weight.grad is not None
        net.weight.grad.copy_(torch.from_numpy(gradient))
        adam.step()
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        weight = weight - 0.01 * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-7)
    np.testing.assert_allclose(net.weight.detach().numpy(), weight, rtol=1e-4)
    assert np.abs(weight - start)[0, 0] < 0.7 * np.abs(weight - start)[0, 2]


@pytest.mark.parametrize(("kind", "expected"), [("adamw", 1 - 0.1 * 0.5), ("sgd", 1 - 0.1 * 0.5)])
def test_decay_without_a_gradient_shrinks_matrices_and_leaves_biases_and_norms(kind: str, expected: float) -> None:
    net = small_net()
    before = copy.deepcopy(net)
    chosen = optimiser(net, Recipe().changed(optimiser=kind, learning_rate=0.1, weight_decay=0.5))
    chosen.step()
    for (name, after), weight in zip(net.named_parameters(), before.parameters(), strict=True):
        factor = expected if name in ("0.weight", "2.weight") else 1.0
        torch.testing.assert_close(after, weight * factor)


def test_adam_couples_decay_to_the_gradient() -> None:
    net = small_net()
    before = copy.deepcopy(net)
    chosen = optimiser(net, Recipe(learning_rate=0.1, weight_decay=0.5))
    chosen.step()
    # The gradient is the decay alone, and Adam's first step has its sign and the size of the rate.
    torch.testing.assert_close(net[0].weight, before[0].weight - 0.1 * before[0].weight.sign(), rtol=1e-3, atol=1e-4)


@given(
    st.sampled_from(["constant", "cosine", "one-cycle"]), st.integers(20, 400), st.sampled_from([0.0, 0.1, 0.25, 0.6])
)
@settings(max_examples=40, deadline=None)
def test_schedules_reach_their_peak_stay_positive_and_do_not_jump(schedule: str, steps: int, warmup: float) -> None:
    recipe = Recipe().changed(schedule=schedule, learning_rate=0.5, warmup=0.0 if schedule == "one-cycle" else warmup)
    found = rates(recipe, steps)
    assert min(found) > 0
    assert max(found) == pytest.approx(0.5, rel=0.02)
    assert max(found) <= 0.5
    steepest = np.pi / 2 / min(0.3, 1 - recipe.warmup, recipe.warmup or 1) * 0.5 / steps
    assert max(abs(b - a) for a, b in itertools.pairwise(found)) <= 1.1 * steepest + 1e-12
    peak = int(np.argmax(found))
    assert found[: peak + 1] == sorted(found[: peak + 1])
    assert found[peak:] == sorted(found[peak:], reverse=True)


def test_a_cosine_begins_at_the_peak_and_ends_beside_zero() -> None:
    found = rates(Recipe(schedule="cosine", learning_rate=0.5), 100)
    assert found[0] == 0.5
    assert found[50] == pytest.approx(0.25)
    assert 0 < found[-1] < 0.5 * 1e-3


def test_a_warmup_rises_in_a_line_to_the_peak() -> None:
    found = rates(Recipe(warmup=0.1, learning_rate=0.5), 100)
    np.testing.assert_allclose(np.diff(found[:11]), found[0])
    assert found[10:] == [0.5] * 90


@pytest.mark.parametrize("steps", [100, 1000])
def test_one_cycle_is_that_of_pytorch_but_for_one_step(steps: int) -> None:
    weight = nn.Parameter(torch.zeros(1))
    sgd = torch.optim.SGD([weight], lr=0.1)
    theirs = torch.optim.lr_scheduler.OneCycleLR(sgd, max_lr=0.5, total_steps=steps, cycle_momentum=False)
    expected = []
    for _ in range(steps):
        expected.append(theirs.get_last_lr()[0])
        sgd.step()
        if len(expected) < steps:
            theirs.step()
    found = rates(Recipe(schedule="one-cycle", learning_rate=0.5), steps)
    largest_step = np.abs(np.diff(expected)).max()
    assert np.abs(np.array(found) - expected).max() <= 1.01 * largest_step
    assert found[0] == expected[0] == pytest.approx(0.5 / 25)


def test_the_average_forgets_its_start_and_then_follows_slowly() -> None:
    net = small_net()
    average = averaged_copy(net)
    assert not any(weight.requires_grad for weight in average.parameters())
    expected = {name: value.clone() for name, value in average.state_dict().items()}
    for step in range(60):
        with torch.no_grad():
            for weight in net.parameters():
                weight.add_(0.01 * torch.randn_like(weight))
        net[1].num_batches_tracked += 1
        update_average(average, net, 0.9, step)
        keep = min(0.9, (1 + step) / (10 + step))
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                expected[name] = keep * expected[name] + (1 - keep) * value
                torch.testing.assert_close(average.state_dict()[name], expected[name])
    assert average.state_dict()["1.num_batches_tracked"] == 60


@pytest.mark.parametrize("recipe", ["Recipe(widths=(4,))", "Recipe(architecture='conv', widths=(8,), norm='batch')"])
def test_training_does_not_wait_for_the_compiler_to_be_imported(recipe: str) -> None:
    code = f"""
import sys, tempfile
import numpy as np
import tagfit
from tagfit.recipe import Recipe
from tagfit.runs.run import open_run

draw = np.random.default_rng(0)
X, Y = draw.integers(0, 255, (12, 8, 8, 3), dtype=np.uint8), draw.integers(0, 2, (12, 2), dtype=np.uint8)
with tempfile.TemporaryDirectory() as folder:
    np.savez(f"{{folder}}/set.npz", X=X, Y=Y, split=np.repeat(["train", "validation"], 6))
    problem = tagfit.split(tagfit.read(f"{{folder}}/set.npz"), test=0)
    for kind in ("adam", "adamw", "sgd"):
        tagfit.fit(problem, {recipe}.changed(optimiser=kind, epochs=1), out=f"{{folder}}/{{kind}}")
print([name for name in ("torch._dynamo", "sympy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
