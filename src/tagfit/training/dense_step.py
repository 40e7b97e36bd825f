"""Forward and backward pass of a small dense net, written out: the gradients of autograd in less time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

from tagfit.recipe import Recipe

LossAndSlope = Callable[[Tensor], tuple[Tensor, Tensor]]


class DenseStep:
    """Gradients of a dense net of Linear, ReLU and optional BatchNorm1d and Dropout layers, with a Linear head.

    In front there may be a layer that standardises and learns nothing, as of a head on a frozen backbone.

    A step of such a net is about forty operations of a few microseconds each, so the overhead of autograd and modules
    is most of its time. The formulas are those of the layers; batch norm uses torch's own functions. Weights,
    gradients and statistics are looked up once, so later changes to them have to be made in place.
    """

    def __init__(self, net: nn.Sequential) -> None:
        self.blocks: list[_Block] = []
        self.first = net[0]
        for layer in net:
            if isinstance(layer, nn.Linear):
                self.blocks.append(_Block(_Linear(*_trained(layer))))
            elif isinstance(layer, nn.BatchNorm1d):
                self.blocks[-1].norm = _Norm(*_trained(layer), layer)
            elif isinstance(layer, nn.Dropout):
                self.blocks[-1].kept_share = 1 - layer.p
        self.head = self.blocks.pop().linear
        dropping = [block for block in self.blocks if block.kept_share < 1]
        self.mask_widths = [len(block.linear.bias) for block in dropping]
        shares = torch.tensor([block.kept_share for block in dropping])
        self.kept_shares = shares.repeat_interleave(torch.tensor(self.mask_widths, dtype=torch.int64))

    @staticmethod
    def suits(net: nn.Module, recipe: Recipe) -> TypeGuard[nn.Sequential]:
        """Whether ``net``, built from the recipe, is such a net and on the CPU."""
        here = all(weight.device.type == "cpu" for weight in net.parameters())
        return (recipe.architecture == "dense" or recipe.frozen) and recipe.activation == "relu" and here

    def masks(self, n: int) -> list[Tensor]:
        """The dropout masks for ``n`` rows, (n, width) for each layer with dropout.

        One uniform draw for all layers takes a third of the time of torch's Bernoulli draws.
        """
        masks = torch.rand(n, len(self.kept_shares)).lt_(self.kept_shares).div_(self.kept_shares)
        return list(torch.split(masks, self.mask_widths, dim=1))

    def gradients(self, rows: Tensor, loss_and_slope: LossAndSlope) -> Tensor:
        """Write the gradient of the loss into every weight's ``grad`` and return the loss.

        Args:
            rows: (n, ...) float32 inputs, n at least 2 with batch norm.
            loss_and_slope: takes logits (n, L), returns the scalar loss and its gradient with respect to them, (n, L).
        """
        masks = self.masks(len(rows))
        values, passed = self.first(rows), []
        for block in self.blocks:
            active = block.linear.forward(values).relu_()
            out, statistics = (active, None) if block.norm is None else block.norm.forward(active)
            mask = masks.pop(0) if block.kept_share < 1 else None
            passed.append((values, active, statistics, mask))
            values = out if mask is None else out * mask
        loss, slope = loss_and_slope(self.head.forward(values))
        self.head.write_gradients(slope, values)
        above = self.head
        for block in reversed(self.blocks):
            values, active, statistics, mask = passed.pop()
            slope = slope.mm(above.weight)
            if mask is not None:
                slope *= mask
            if block.norm is not None:
                slope = block.norm.backward(slope, active, statistics)
            slope = torch.ops.aten.threshold_backward(slope, active, 0)
            block.linear.write_gradients(slope, values)
            above = block.linear
        return loss


@dataclass
class _Linear:
    weight: Tensor
    bias: Tensor
    weight_gradient: Tensor
    bias_gradient: Tensor

    def forward(self, values: Tensor) -> Tensor:
        return torch.addmm(self.bias, values, self.weight.t())

    def write_gradients(self, slope: Tensor, values: Tensor) -> None:
        """From the gradient of the outputs and the inputs."""
        torch.mm(slope.t(), values, out=self.weight_gradient)
        torch.sum(slope, 0, out=self.bias_gradient)


@dataclass
class _Norm:
    weight: Tensor
    bias: Tensor
    weight_gradient: Tensor
    bias_gradient: Tensor
    layer: nn.BatchNorm1d

    def __post_init__(self) -> None:
        assert self.layer.momentum is not None
        self.momentum: float = self.layer.momentum
        self.epsilon = self.layer.eps
        self.running = (self.layer.running_mean, self.layer.running_var)

    def forward(self, values: Tensor) -> tuple[Tensor, Any]:
        """The normalised values and the statistics of this batch."""
        out, *statistics = torch.native_batch_norm(
            values, self.weight, self.bias, *self.running, True, self.momentum, self.epsilon
        )
        return out, statistics

    def backward(self, slope: Tensor, values: Tensor, statistics: Any) -> Tensor:
        """The gradient of the inputs; writes the gradients of the weights."""
        slope, weight_gradient, bias_gradient = torch.ops.aten.native_batch_norm_backward(
            slope, values, self.weight, *self.running, *statistics, True, self.epsilon, [True, True, True]
        )
        self.weight_gradient.copy_(weight_gradient)
        self.bias_gradient.copy_(bias_gradient)
        return slope


@dataclass
class _Block:
    linear: _Linear
    norm: _Norm | None = None
    kept_share: float = 1.0


def _trained(layer: nn.Linear | nn.BatchNorm1d) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Weight, bias and their gradients, without autograd."""
    assert layer.weight.grad is not None
    assert layer.bias.grad is not None
    return layer.weight.detach(), layer.bias.detach(), layer.weight.grad, layer.bias.grad
