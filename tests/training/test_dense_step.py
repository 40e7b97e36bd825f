"""The step by hand gives autograd's gradients, running statistics and loss, for every dense net of a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import nn

from tagfit.recipe import Recipe
from tagfit.training import nets
from tagfit.training.dense_step import DenseStep
from tagfit.training.optimise import clear_gradients, optimiser

SHAPES = {
    "a dense net with everything": {"widths": (8, 6), "norm": "batch", "dropout": (0.4, 0.3)},
    "plain": {"widths": (8, 6)},
    "dropout alone": {"widths": (8, 6), "dropout": (0.5,)},
    "batch norm alone": {"widths": (8,), "norm": "batch"},
    "a head alone": {"widths": ()},
    "three layers": {"widths": (9, 8, 7), "norm": "batch", "dropout": (0.2, 0.0, 0.1), "weight_decay": 0.1},
}


def after(step: Any, recipe: Recipe, batches: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Weights, statistics, gradients and losses after some steps from the same start."""
    torch.manual_seed(1)
    net = nets.build(recipe, (5, 2), 3)
    rule = optimiser(net, recipe)
    losses = []
    for rows, truth in batches:
        losses.append(step(net, rule, rows, truth))
        rule.step()
    gradients = {f"{name}.grad": weight.grad.clone() for name, weight in net.named_parameters()}
    state = {name: value.clone() for name, value in net.state_dict().items() if "num_batches" not in name}
    return {**state, **gradients, "losses": torch.stack(losses)}


def by_autograd(net: nn.Sequential, rule: Any, rows: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    clear_gradients(rule)
    masks, values = DenseStep(net).masks(len(rows)), rows
    for layer in net:
        values = values * masks.pop(0) if isinstance(layer, nn.Dropout) else layer(values)
    loss = nn.functional.binary_cross_entropy_with_logits(values, truth)
    loss.backward()
    return loss.detach()


def by_hand(net: nn.Sequential, _: Any, rows: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    def loss_and_slope(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits.requires_grad_()
        loss = nn.functional.binary_cross_entropy_with_logits(logits, truth)
        return loss.detach(), torch.autograd.grad(loss, logits)[0]

    return DenseStep(net).gradients(rows, loss_and_slope)


@pytest.mark.parametrize("fields", SHAPES.values(), ids=SHAPES)
def test_gradients_are_those_of_autograd(fields: dict[str, Any]) -> None:
    recipe = Recipe(**fields)
    generator = torch.Generator().manual_seed(0)
    batches = [
        (torch.randn(n, 5, 2, generator=generator), (torch.rand(n, 3, generator=generator) < 0.4).float())
        for n in (12, 12, 5, 2)
    ]
    expected, found = after(by_autograd, recipe, batches), after(by_hand, recipe, batches)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6, msg=lambda text, at=name: f"{at}: {text}")


def test_gradients_of_a_head_on_a_backbone_are_those_of_autograd() -> None:
    recipe = Recipe(architecture="pretrained", widths=(8,), dropout=(0.5,))
    torch.manual_seed(0)
    net = nets.build(recipe, (16, 16, 3), 3)
    rows, truth = torch.randn(12, net[0].mean.shape[0]) * 3 + 1, (torch.rand(12, 3) < 0.4).float()
    net[0].fit(rows)
    nn.init.normal_(net[-1].weight)  # at 0, where it begins, no gradient reaches the layers before it
    rule = optimiser(net, recipe)
    found = []
    for step in (by_autograd, by_hand):
        torch.manual_seed(1)
        loss = step(net, rule, rows, truth)
        found.append({"loss": loss, **{name: weight.grad.clone() for name, weight in net.named_parameters()}})
    torch.testing.assert_close(found[1], found[0], rtol=1e-4, atol=1e-6)


def test_masks_drop_their_share_of_each_layer_and_keep_the_mean() -> None:
    recipe = Recipe(widths=(300, 20, 200), dropout=(0.4, 0.0, 0.7))
    net = nets.build(recipe, (10,), 3)
    optimiser(net, recipe)
    step = DenseStep(net)
    torch.manual_seed(0)
    first, second = step.masks(400)
    assert (first.shape, second.shape) == ((400, 300), (400, 200))
    for mask, drop in ((first, 0.4), (second, 0.7)):
        assert float((mask == 0).float().mean()) == pytest.approx(drop, abs=0.01)
        torch.testing.assert_close(mask.unique(), torch.tensor([0, 1 / (1 - drop)]))
        assert len(mask.mean(dim=0).unique()) > 20, "each unit is dropped by itself"
        assert len(mask.mean(dim=1).unique()) > 20, "each row has its own mask"
    assert not torch.equal(first, step.masks(400)[0])


def test_other_nets_are_left_to_autograd() -> None:
    def suits(**fields: Any) -> bool:
        recipe = Recipe(**fields)
        net = nets.build(recipe, (16, 16, 3), 3)
        return DenseStep.suits(net, recipe)

    assert suits(widths=(8,))
    assert not suits(widths=(8,), activation="gelu")
    assert not suits(architecture="conv", widths=(8,))
    assert suits(architecture="pretrained", widths=(8,))
    assert suits(widths=(2000,)), "a large one is joined all the same: its gradients are written where they belong"
