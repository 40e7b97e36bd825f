"""EfficientNet-Lite in parts: cut in two, its levels, batch norm in one with convolutions, and stochastic depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tagfit.backbones import find
from tagfit.training.backbones import efficientnet_lite, published
from tagfit.training.backbones.tuned import levels_of

SIDE = 32


@pytest.fixture(autouse=True)
def _kept(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGFIT_CACHE_DIR", str(cache_dir))


@pytest.mark.parametrize("name", ["efficientnet-lite0", "efficientnet-lite2"])
def test_two_parts_of_a_backbone_are_the_whole(name: str) -> None:
    backbone = find(name)
    cut = efficientnet_lite.VARIANTS[name].last
    whole_net = published.load(backbone)
    lower, upper = published.load(backbone, stop=cut), published.load(backbone, start=cut)
    pixels = torch.rand(2, 3, SIDE, SIDE) * 255
    with torch.inference_mode():
        np.testing.assert_array_equal(upper(lower(pixels)).numpy(), whole_net(pixels).numpy())
    counts = [sum(weight.numel() for weight in net.parameters()) for net in (lower, upper, whole_net)]
    assert counts[0] + counts[1] == counts[2]


def test_levels_are_the_blocks_from_the_input_to_the_output() -> None:
    net = efficientnet_lite.EfficientNetLite(efficientnet_lite.VARIANTS["efficientnet-lite0"])
    levels = levels_of(net)
    assert len(levels) == 1 + len(net.blocks)
    assert [id(weight) for weight in levels[0]] == [id(weight) for weight in net.stem.parameters()]
    assert {id(weight) for weight in net.head.parameters()} <= {id(weight) for weight in levels[-1]}
    assert sum(map(len, levels)) == len(list(net.parameters()))


@pytest.mark.parametrize("stride", [1, 2])
def test_batch_norm_in_one_with_its_convolution_gives_the_same_and_the_same_gradients(stride: int) -> None:
    torch.manual_seed(0)
    block = efficientnet_lite.Block(8, 8, 3, stride, 6).double()
    for layer in block.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 2)
            nn.init.normal_(layer.bias)
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
    block.eval()
    pictures = torch.randn(2, 8, 7, 7, dtype=torch.float64)
    found = []
    for body in (block.body, nn.Sequential(*block.body)):
        block.zero_grad()
        given = pictures.clone().requires_grad_()
        output = body(given)
        output.square().sum().backward()
        found.append([output.detach(), given.grad, *(weight.grad.clone() for weight in block.parameters())])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-9)


def test_stochastic_depth_drops_the_branch_of_some_pictures_in_training() -> None:
    """Huang et al. 2016: of the others it is scaled by 1 / (1 - p), so that the mean is that of inference."""
    torch.manual_seed(0)
    plain = efficientnet_lite.Block(8, 8, 3, 1, 6).eval()
    block = efficientnet_lite.Block(8, 8, 3, 1, 6, 0.3)
    block.load_state_dict(plain.state_dict())
    pictures = torch.randn(400, 8, 4, 4)
    with torch.inference_mode():
        branch = plain(pictures) - pictures
        np.testing.assert_array_equal(block.eval()(pictures).numpy(), plain(pictures).numpy())
        block.drop_path.train()
        found = (block(pictures) - pictures).numpy()
    skipped = np.abs(found).max(axis=(1, 2, 3)) == 0
    assert 0.22 < skipped.mean() < 0.38
    np.testing.assert_allclose(found[~skipped], branch[~skipped] / 0.7, atol=1e-5)


@pytest.mark.parametrize("start", [0, 9])
def test_later_blocks_are_skipped_more_often(start: int) -> None:
    variant = efficientnet_lite.VARIANTS["efficientnet-lite2"]
    last = len(efficientnet_lite.block_shapes(variant)) - 1
    net = efficientnet_lite.EfficientNetLite(variant, start, drop_path=0.2)
    blocks = {int(number): block for number, block in net.blocks.named_children() if block.shortcut}
    shares = {number: getattr(getattr(block.drop_path, "dropout", None), "p", 0) for number, block in blocks.items()}
    assert shares == pytest.approx({number: 0.2 * number / last for number in shares})
    assert min(shares) >= start
