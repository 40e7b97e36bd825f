"""Nets: the dense one as Keras builds it, the conv one for any picture, and recipes that do not suit the data."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from tagfit.errors import InputError
from tagfit.recipe import Recipe
from tagfit.training import nets

REGULARISED = Recipe(widths=(128, 64), norm="batch", dropout=(0.4, 0.3))
CONV = Recipe(architecture="conv", widths=(4, 6), norm="batch", depth=2)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def test_the_dense_net_has_the_layers_of_keras_in_their_order() -> None:
    block = [nn.Linear, nn.ReLU, nn.BatchNorm1d, nn.Dropout]
    net = nets.build(REGULARISED, (8, 8, 3), 5)
    assert [type(layer) for layer in net.children()] == [nn.Flatten, *block, *block, nn.Linear]
    dropped = [layer.p for layer in net.modules() if isinstance(layer, nn.Dropout)]
    assert dropped == [0.4, 0.3]
    # Keras counts moving averages too: 192*128+128 + 4*128 + 128*64+64 + 4*64 + 64*5+5
    averages = sum(norm.running_mean.numel() * 2 for norm in net.modules() if isinstance(norm, nn.BatchNorm1d))
    assert sum(weight.numel() for weight in net.parameters()) + averages == 34_053


def test_weights_are_glorot_uniform_and_biases_zero() -> None:
    net = nets.build(Recipe(widths=(300, 200)), (400,), 50)
    linears = [layer for layer in net.modules() if isinstance(layer, nn.Linear)]
    assert len(linears) == 3
    for layer in linears:
        limit = math.sqrt(6 / (layer.in_features + layer.out_features))
        assert 0.97 * limit < float(layer.weight.detach().abs().max()) <= limit
        # A uniform distribution's standard deviation is its half-width over the root of 3.
        assert float(layer.weight.detach().std()) == pytest.approx(limit / math.sqrt(3), rel=0.05)
        assert not layer.bias.any()


def test_batch_norm_has_the_numbers_of_keras() -> None:
    net = nets.build(REGULARISED, (10,), 2)
    norm = next(layer for layer in net.modules() if isinstance(layer, nn.BatchNorm1d))
    batch = torch.randn(32, 128) * 3 + 5
    norm.train()
    out = norm(batch)
    # keras.layers.BatchNormalization(): moving = 0.99 * moving + 0.01 * batch, epsilon = 1e-3
    torch.testing.assert_close(norm.running_mean, 0.01 * batch.mean(dim=0))
    expected = (batch - batch.mean(dim=0)) / torch.sqrt(batch.var(dim=0, correction=0) + 1e-3)
    torch.testing.assert_close(out, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("activation", nets.ACTIVATIONS)
def test_every_activation_of_the_recipe_can_be_built(activation: str) -> None:
    assert set(nets.ACTIVATIONS) == {"relu", "gelu", "silu", "tanh"}
    recipe = Recipe().changed(activation=activation)
    net = nets.build(recipe, (7,), 3)
    assert sum(isinstance(layer, type(nets.ACTIVATIONS[activation]())) for layer in net.modules()) == 2
    assert net(torch.randn(4, 7)).shape == (4, 3)


def test_no_widths_are_a_linear_model() -> None:
    net = nets.build(Recipe(widths=()), (7,), 3)
    assert [type(layer) for layer in net.children()] == [nn.Flatten, nn.Linear]


def test_one_dropout_is_for_every_layer() -> None:
    net = nets.build(Recipe(widths=(9, 8, 7), dropout=(0.2,)), (7,), 3)
    assert [layer.p for layer in net.modules() if isinstance(layer, nn.Dropout)] == [0.2] * 3


@pytest.mark.parametrize("size", [4, 5, 7, 9, 16])
def test_the_conv_net_takes_pictures_of_any_size_that_can_be_halved(size: int) -> None:
    net = nets.build(CONV, (size, size, 3), 5)
    assert net(torch.randn(2, 3, size, size)).shape == (2, 5)


def test_the_same_draw_gives_the_same_net() -> None:
    torch.manual_seed(3)
    one = nets.build(CONV, (8, 8, 3), 2).state_dict()
    torch.manual_seed(3)
    other = nets.build(CONV, (8, 8, 3), 2).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("shape", "said"), [((12,), "these are rows of 12 features"), ((3, 3, 3), "at least 4 pixels per side.*have 3")]
)
def test_a_conv_net_refuses_what_it_cannot_take(shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        nets.build(CONV, shape, 2)


def test_a_head_on_a_backbone_begins_with_the_same_probability_for_all() -> None:
    """Nothing random on features that already say much, and no random gradient into a backbone that is tuned."""
    net = nets.head(Recipe(architecture="pretrained", widths=(16,)), 30, 4)
    assert not net(torch.randn(5, 30)).any()
    assert [bool(layer.weight.any()) for layer in net if isinstance(layer, nn.Linear)] == [True, False]
